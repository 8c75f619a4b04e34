// The policies of the soak run: two that work and differ, one that does not compile, one after the other, each with its number in it.
export function soakPolicy(revision: number): string {
  return `-- Revision ${revision}
local conn = { rcpts = 0, lines = 0, headers = 0 }

local function fault(stage)
  if conn.fault ~= stage then return end
  conn.fault = nil
  local nothing
  return nothing.field
end

-- What a policy may do that takes the process from everybody else, were it let.
local hostile = {
  spin = function() while true do end end,
  coroutines = function()
    local function f(d) if d > 0 then for i = 1, 5 do coroutine.wrap(f)(d - 1) end end end
    f(40)
  end,
  sort = function()
    local t = {}
    for i = 1, 300000 do t[i] = (i * 7919) % 300007 end
    while true do table.sort(t, function(a, b) return a < b end) table.sort(t, function(a, b) return a > b end) end
  end,
  hoard = function() local t = {} for i = 1, 1e8 do t[i] = ('x'):rep(100000) .. i end end,
  compare = function()
    local a, b = ('x'):rep(20000000) .. 'a', ('x'):rep(20000000) .. 'b'
    for i = 1, 1e6 do local c = a < b end
  end,
  load = function() for i = 1, 1e6 do load(('x = 1 '):rep(80000)) end end,
  pattern = function() local s = ('a'):rep(30000) for i = 1, 1e6 do s:find('.-.-.-.-b') end end,
  garbage = function() for i = 1, 1e9 do local t = { i, {}, tostring(i) } end end,
}

function hook.accept(ip, host)
  conn.inside = net.contains_ip('127.0.0.0/8', ip)
end

function hook.ehlo(name)
  conn.helo = name:lower()
  local seen = client.address .. '-' .. tostring(client.is_tls)
  local claimed = name:match('^from%-(.+)$')
  if claimed and claimed ~= seen then return '550 5.7.1 seen as ' .. seen end
end

function hook.mail(sender, domain)
  conn.lines, conn.headers, conn.rcpts = 0, 0, 0
  conn.fault = sender:match('fault%-(%a+)')
  conn.digest = md5.new()
  fault('mail')
  if conn.fault == 'spin' then while true do end end
  local kind = sender:match('hostile%-(%a+)')
  if kind then hostile[kind]() end
end

function hook.rcpt(recipient, domain)
  fault('rcpt')
  conn.rcpts = conn.rcpts + 1
  if domain == 'refused.example' then return '550 5.1.1 no such user' end
  dns.open()
  dns.query(dns.class.IN, dns.type.A, 'n' .. #recipient .. '.soak.test')
  local answers = dns.wait(true)
  conn.address = answers and answers[1] and answers[1].answer[1] and answers[1].answer[1].value
  if not conn.address then return '451 4.4.3 no answer of the name server' end
end

function hook.data()
  fault('data')
end

function hook.header(line)
  fault('header')
  conn.headers = conn.headers + 1
  conn.digest:append(line)
end

function hook.body(line)
  fault('body')
  conn.lines = conn.lines + 1
  if conn.lines <= 20 then conn.digest:append(line) end
end

function hook.dot(path)
  fault('dot')
  -- What is not known now may be known later; what is wrong would be told by the next hop.
  local sender, signatures = spf.check(), dkim.verify()
  local verdict = dmarc.check(sender, signatures)
  local unknown = sender.result == spf.result.TEMPERROR or verdict.result == dmarc.result.TEMPERROR
  for _, signature in ipairs(signatures) do unknown = unknown or signature.result == dkim.result.TEMPERROR end
  if unknown then return '451 4.4.3 no answer of the name server' end
  auth.add { spf = sender, dkim = signatures, dmarc = verdict }
  -- A number that no other message of any worker has, and whether this one has been here before.
  local number, cause = store.incr('number', 1, 86400)
  if not number then return '451 4.3.0 store: ' .. cause end
  local _, token = header.find('X-Soak-Token', 1)
  local is_new, why = store.add('token:' .. token, '1', 120)
  if not is_new and why ~= store.cause.exists then return '451 4.3.0 store: ' .. why end
  header.add('X-Soak-Store: ' .. number .. (is_new and ' new' or ' again'))
  util.date_to_time('Thu, 01 Jan 2026 00:00:00 +0000')
  local _, subject = header.find('Subject', 1)
  header.modify('Subject', 1, '[checked] ' .. subject)
  header.add('X-Soak-Revision: ${revision % 2 === 0 ? 'A' : 'B'}-${revision} ' .. conn.address .. ' ' .. conn.digest:done())
end
`;
}

export const brokenPolicy = 'function hook.mail(sender\n  this is no Lua\n';
