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

function hook.accept(ip, host)
  conn.inside = net.contains_ip('127.0.0.0/8', ip)
end

function hook.ehlo(name)
  conn.helo = name:lower()
end

function hook.mail(sender, domain)
  conn.lines, conn.headers, conn.rcpts = 0, 0, 0
  conn.fault = sender:match('fault%-(%a+)')
  conn.digest = md5.new()
  fault('mail')
  if conn.fault == 'spin' then while true do end end
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
  util.date_to_time('Thu, 01 Jan 2026 00:00:00 +0000')
  local _, subject = header.find('Subject', 1)
  header.modify('Subject', 1, '[checked] ' .. subject)
  header.add('X-Soak-Revision: ${revision % 2 === 0 ? 'A' : 'B'}-${revision} ' .. conn.address .. ' ' .. conn.digest:done())
end
`;
}

export const brokenPolicy = 'function hook.mail(sender\n  this is no Lua\n';
