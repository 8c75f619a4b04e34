-- The policy of isolation.spec.ts: it suspends in every hook and looks afterwards whether everything it sees is still its own. What
-- is not goes to the log as VIOLATION. A session tells its token and what shall happen to it in EHLO: <token>.<what>-<hook>.
local token
local plan, plan_hook = 'none', ''
local trails = {}
local at = {}
local seen = { count = 0 }
visits = 0
local own = require 'isolation_module'

string.owner = function() return token or at.name end
package.loaded.session = { owner = string.owner, trails = trails }
math.visits = function() return visits end

local function same(where, what, got, want)
  if got ~= want then
    syslog.log(syslog.LOG_ALERT, ('VIOLATION in %s of %s: %s is %s, not %s'):format(
      where, tostring(token or at.name), what, tostring(got), tostring(want)))
  end
end

-- Another token than ours in a text.
local function only_mine(where, what, text)
  for port in text:gmatch('tok%d+p(%d+)') do same(where, what, tonumber(port), at.port) end
end

local function ask(trail)
  dns.open()
  dns.query(dns.class.IN, dns.type.TXT, trail .. '.iso.example')
  local answers = dns.wait(true)
  dns.close()
  local record = answers[1] and answers[1].answer and answers[1].answer[1]
  return record and record.value
end

-- The same wait from where it is hardest: plain, protected, in a coroutine of ours, in a protected one in a coroutine.
local ways = {
  function(trail) return ask(trail) end,
  function(trail) return select(2, pcall(ask, trail)) end,
  function(trail) return coroutine.wrap(function() coroutine.yield(ask(trail)) end)() end,
  function(trail)
    local co = coroutine.create(function() return select(2, pcall(ask, trail)) end)
    return select(2, coroutine.resume(co))
  end,
}

local function pause(where)
  local mine = token or at.name or 'before hook.accept'
  visits = visits + 1
  seen.count = seen.count + 1
  local trail = mine .. '.' .. where .. '.' .. seen.count
  trails[#trails + 1] = trail
  own.note(trail)
  local depth = #trails
  local transaction, file, input, size = client.id_trans, client.msg_file, client.input, client.message_length

  same(where, 'the answer', ways[seen.count % #ways + 1](trail), mine)

  same(where, 'a local', token or at.name, mine)
  same(where, 'a table', trails[depth], trail)
  same(where, 'its length', #trails, depth)
  same(where, 'a field', seen.count, depth)
  same(where, 'a global', visits, depth)
  same(where, 'math.visits', math.visits(), depth)
  same(where, 'string.owner', string.owner(), mine)
  same(where, 'a method of strings', (''):owner(), mine)
  same(where, 'package.loaded', package.loaded.session.owner(), mine)
  same(where, 'require', require('session').trails, trails)
  same(where, 'a module', own.last(), trail)
  same(where, 'the count of a module', own.count(), depth)
  same(where, 'client.id_sess', client.id_sess, at.id)
  same(where, 'client.port', client.port, at.port)
  same(where, 'client.address', client.address, at.address)
  same(where, 'client.id_trans', client.id_trans, transaction)
  same(where, 'client.msg_file', client.msg_file, file)
  same(where, 'client.input', client.input, input)
  same(where, 'client.message_length', client.message_length, size)
  if transaction ~= nil and at.transaction ~= nil then same(where, 'the transaction', transaction, at.transaction) end
end

local function define(name, body)
  hook[name] = function(...)
    if name == 'accept' then at = { id = client.id_sess, port = client.port, address = client.address, name = 'port' .. client.port } end
    if name == 'ehlo' then token, plan, plan_hook = (...):match('^(tok%d+p%d+)%.(%a+)%-([%a_]+)$') end
    pause(name)
    if plan_hook == name then
      if plan == 'error' then error('planned error of ' .. token) end
      if plan == 'object' then error({ owner = token }) end
      if plan == 'drop' then return true, '421 4.7.0 dropped ' .. token end
      if plan == 'cpu' then while true do end end
      if plan == 'hang' then ask('never.' .. token) end
    end
    return body(...)
  end
end

define('accept', function(ip)
  same('accept', 'its argument', ip, client.address)
end)

define('helo', function(argument) same('helo', 'its argument', argument, token) return '250 ' .. token end)
define('ehlo', function() return '250 hello ' .. token end)

define('auth', function(argument)
  same('auth', 'client.auth_claim', client.auth_claim, token)
  same('auth', 'client.auth_password', client.auth_password, 'secret')
  same('auth', 'client.auth_user', client.auth_user, nil)
  at.user = client.auth_claim
  return '235 2.7.0 ' .. token
end)

define('out_seq', function(input) only_mine('out_seq', 'its argument', input) return '503 5.5.1 ' .. (token or at.name) end)
define('unknown', function(input) same('unknown', 'its argument', input, 'WHAT ' .. token) return '502 5.5.1 ' .. token end)
define('noop', function() return '250 2.0.0 noop ' .. token end)
define('help', function() return '214-help\r\n214 ' .. token end)
define('rset', function() return '250 2.0.0 rset ' .. token end)
define('quit', function() return '221 2.0.0 ' .. token end)
define('xclient', function() end)

define('mail', function(sender, domain)
  at.transaction = client.id_trans
  at.text, at.lines, at.headers, at.eoh = {}, {}, {}, nil
  same('mail', 'its sender', sender, token .. '@sender.example')
  same('mail', 'its domain', domain, 'sender.example')
  same('mail', '#mime.parts', #mime.parts, 0)
  same('mail', '#uri.found', #uri.found, 0)
  same('mail', 'client.auth_user', client.auth_user, at.user)
  return '250 2.1.0 ' .. token
end)

define('rcpt', function(recipient)
  only_mine('rcpt', 'its recipient', recipient)
  return '250 2.1.5 ' .. token
end)

define('data', function() at.file = client.msg_file end)
define('content', function(chunk) at.text[#at.text + 1] = chunk end)
define('header', function(line) at.headers[#at.headers + 1] = line only_mine('header', 'its line', line) end)

define('eoh', function()
  same('eoh', 'header.find', select(2, header.find('X-Token', 1)), token)
  same('eoh', 'the number of X-Token', header.find('X-Token', 2), nil)
  header.add('X-Eoh: ' .. token)
  at.eoh = token
end)

define('body', function(line) at.lines[#at.lines + 1] = line only_mine('body', 'its line', line) end)

define('dot', function(path)
  same('dot', 'its path', path, at.file)
  local file = assert(io.open(path, 'rb'))
  local stored = file:read('*a')
  file:close()
  same('dot', 'the stored message', stored, table.concat(at.text))
  only_mine('dot', 'the stored message', stored)
  same('dot', 'X-Eoh', select(2, header.find('X-Eoh', 1)), at.eoh)
  same('dot', 'X-Token', select(2, header.find('x-token', 1)), token)
  same('dot', '#mime.parts', #mime.parts, 3)
  for i, part in ipairs(mime.parts) do
    same('dot', 'a part', part.content_type:match('tok%d+p%d+'), token)
  end
  local digest = md5.new()
  digest:append(token)
  same('dot', 'the digest of the attachment', mime.parts[3].md5_decoded, digest:done())
  same('dot', '#uri.found', #uri.found, 3)
  for _, key in ipairs(uri.found) do
    same('dot', 'a URI', uri.found[key].host:match('^tok%d+p%d+'), token)
  end
  header.add('X-Dot: ' .. token)
end)

define('forward', function(path, sender, recipients)
  same('forward', 'its path', path, at.file)
  same('forward', 'its sender', sender, token .. '@sender.example')
  for _, recipient in ipairs(recipients) do
    same('forward', 'a recipient', recipient:match('^tok%d+p%d+'), token)
  end
end)

define('reset', function() at.transaction = nil end)

local in_reply = false
define('reply', function(line)
  same('reply', 'the hook in a hook', in_reply, false)
  only_mine('reply', 'its line', line)
end)

define('error', function(number) same('error', 'the type of its number', type(number), 'number') end)

define('close', function(code)
  syslog.info('closed ' .. (token or 'nobody') .. ' ' .. code)
end)

function hook.init()
  same('init', 'the answer', ask('init.first'), 'init')
end
