-- A policy in the manner of those that were written for the original program: one file, side files beside it, globals, Redis at file
-- level, dofile, access maps, DNS lists in parallel, call-ahead, both scanners, quarantine by os.rename. It is run as it stands
-- (spec/session/engine-policy.spec.ts, spec/real/engine-policy.spec.ts). Not an example: etc/examples has those.

local HERE = debug.getinfo(1, 'S').source:match '^@(.*/)'
dofile(HERE .. 'table_show.lua')

require 'socket'
require 'redis'
require 'json'
local osbf = require 'osbf'

dofile(HERE .. 'kvm.lua')

local file = assert(io.open(HERE .. 'url_shorteners.txt'))
local shorteners = {}
for line in file:lines() do
  shorteners[line] = true
end
file:close()

-- Functions of that name take the place of the library, as in the original.
function debug(...)
  syslog.debug(string.format(...))
end

local conf = {
  redis_port = tonumber(os.getenv 'POLICY_REDIS') or 6379,
  clamd = os.getenv 'POLICY_CLAMD',
  spamd = os.getenv 'POLICY_SPAMD',
  quarantine = HERE .. 'quarantine',
  lists = { 'black.example', 'grey.example', 'white.example' },
  dumb_host_ttl = 3600, known_ttl = 900, stats_ttl = 86400 * 2,
  banner = { 'no spam', 'no relaying' },
}

local redis = Redis.connect('127.0.0.1', conf.redis_port)
local conn = {}
local txn = {}
local domains = {}

local function stat(field)
  local key = 'stat:' .. os.date '!%Y%m%d'
  redis:hincrby(key, field, 1)
  redis:expire(key, conf.stats_ttl)
end

local function reject(fmt, ...)
  stat 'reject'
  return string.format('550 5.7.1 ' .. fmt, ...)
end

-- Asked all at once; answers by `CLASS,TYPE,name.`
local function look_up(...)
  dns.open()
  local keys = {}
  for _, query in ipairs { ... } do
    dns.query(dns.class.IN, query[1], query[2])
    keys[#keys + 1] = string.format('IN,%s,%s.', dns.typename(query[1]), query[2])
  end
  local answers = dns.wait(1)
  dns.close()
  return answers, keys
end

local function is_listed(ip)
  local reversed = net.reverse_ip(ip, 0)
  local queries = {}
  for i, list in ipairs(conf.lists) do
    queries[i] = { dns.type.A, reversed .. '.' .. list }
  end
  local answers, keys = look_up(unpack(queries))
  local found = {}
  for i, list in ipairs(conf.lists) do
    local answer = answers[keys[i]]
    if answer.rcode == dns.rcode.OK and answer.answer ~= nil then
      found[list] = answer.answer[1].value
    end
  end
  return found
end

function hook.accept(ip, host)
  conn = {
    ip = ip, host = host, started = socket.gettime(), noop = 0, rejectables = {}, messages = 0, bytes = 0, replies = 0,
    is_local = net.is_ip_reserved(ip, net.is_ip.LAN + net.is_ip.LOCAL) ~= false and net.is_ip_reserved(ip, net.is_ip.LAN + net.is_ip.LOCAL) ~= 0,
  }
  txn = {}
  stat 'connect'
  local access = accessConnect(ip, host)
  conn.access = access and access.action or 'NONE'
  if conn.access == 'IREJECT' then
    stat 'ireject'
    return true, '550 5.7.1 ' .. access.action_text
  elseif conn.access == 'REJECT' then
    table.insert(conn.rejectables, access.action_text)
  elseif conn.access == 'OK' then
    conn.white = true
  end
  if client.is_pipelining then
    table.insert(conn.rejectables, 'talked before the banner')
  end
  if not conn.is_local and not conn.white then
    conn.lists = is_listed(ip)
    conn.white = conn.lists['white.example'] ~= nil
    if conn.lists['black.example'] then
      table.insert(conn.rejectables, 'listed by black.example')
    end
  end
  return string.format('220-%s ESMTP %s\r\n220 %s', smtpe.host, client.id_sess, table.concat(conf.banner, ', '))
end

function hook.reset()
  if txn.save and client.msg_file then
    util.mkpath(conf.quarantine)
    assert(os.rename(client.msg_file, conf.quarantine .. '/' .. client.id_sess .. '.' .. client.id_trans))
    stat 'quarantine'
  end
  txn = { rcpts = {}, headers = {}, tests = {} }
end

function hook.ehlo(name)
  -- Strangers have to say HELO.
  if not conn.is_local and not conn.white and not routeIsRelay(conn.ip, conn.host) then
    return '502 5.5.1 EHLO not for strangers'
  end
  conn.helo = name
end

function hook.helo(name)
  conn.helo = name
  local seen = 'helo:' .. conn.ip
  local before = redis:get(seen)
  redis:set(seen, name)
  redis:expire(seen, conf.known_ttl)
  if before and before ~= name then
    table.insert(conn.rejectables, 'HELO was ' .. before .. ', is ' .. name)
  end
  if not net.has_valid_tld(name) and not conn.is_local then
    table.insert(conn.rejectables, 'HELO ' .. name .. ' has no TLD')
  end
end

function hook.noop()
  conn.noop = conn.noop + 1
  if conn.noop > 2 then
    return true, '421 4.7.0 enough'
  end
end

function hook.unknown(line)
  if line == 'STAT dnslists' then
    for name, value in pairs(conn.lists or {}) do
      client.write(string.format('210-%s %s\r\n', name, value))
    end
    return '210 end'
  end
  stat 'unknown'
end

function hook.mail(sender, domain)
  txn.sender, txn.started = sender, socket.gettime()
  if domain ~= '' and not conn.is_local then
    local answers, keys = look_up({ dns.type.MX, domain }, { dns.type.A, domain })
    local mx, a = answers[keys[1]], answers[keys[2]]
    if mx.rcode == dns.rcode.NXDOMAIN then
      return reject('sender domain %s does not exist', domain)
    elseif mx.answer == nil and a.answer == nil then
      return reject('sender domain %s has no MX (%s)', domain, dns.rcodename(mx.rcode))
    elseif mx.answer and mx.answer[1].value == '.' then
      return reject('sender domain %s takes no mail', domain)
    end
  end
  local access = accessMail(conn.ip, conn.host, sender)
  if access then
    txn.access = access.action
    if access.action == 'REJECT' then
      return reject('%s', access.action_text)
    end
  end
  domains[domain] = true
  redis:sadd('senders', sender)
end

-- A next hop that takes a random recipient takes them all: it is asked once an hour only.
local function call_ahead(hosts, recipient)
  local known = redis:get('rcpt:' .. recipient)
  if known then
    return known == 'yes', '550 5.1.1 known to be unknown'
  end
  local dumb = 'dumb:' .. hosts[1]
  if redis:get(dumb) == nil then
    local user, domain = recipient:match '^(.*)@(.*)$'
    local random = user .. math.random(100000, 999999) .. '@' .. domain
    local ok, count = smtp.sendfile(hosts, '', { random }, nil)
    redis:set(dumb, ok and count == 1 and 1 or 0)
    redis:expire(dumb, conf.dumb_host_ttl)
  end
  if redis:get(dumb) == '1' then
    return true
  end
  local ok, count, results = smtp.sendfile(hosts, '', { recipient }, nil)
  redis:set('rcpt:' .. recipient, ok and 'yes' or 'no')
  redis:expire('rcpt:' .. recipient, conf.known_ttl)
  return ok and count == 1, results[1]
end

function hook.rcpt(recipient, domain)
  local access = accessRcpt(conn.ip, conn.host, txn.sender, recipient)
  if access and access.action == 'TRAP' then
    stat 'trap'
    txn.trap = true
    return '250 2.1.5 ' .. recipient .. ' OK'
  elseif access and access.action == 'SAVE' then
    txn.save = true
  elseif not (access and access.action == 'OK') and #conn.rejectables > 0 then
    return reject('%s', conn.rejectables[1])
  end
  local hosts = routeGetHosts(recipient) or routeGetHosts(domain)
  if hosts == nil and not routeIsRelay(conn.ip, conn.host) then
    return reject('relaying to <%s> denied', recipient)
  end
  txn.hosts = txn.hosts or hosts
  local ok, why = call_ahead(hosts, recipient)
  if not ok then
    return reject('<%s> unknown: %s', recipient, why)
  end
  if txn.sender == '' and #txn.rcpts > 0 then
    return '452 4.5.3 one recipient for the null sender'
  end
  table.insert(txn.rcpts, recipient)
end

function hook.header(line)
  local name, value = line:match '^([^:]*):%s*(.*)$'
  if name then
    name = name:lower()
    txn.headers[name] = (txn.headers[name] or 0) + 1
    txn[name] = value
  end
end

function hook.eoh()
  for _, name in ipairs { 'from', 'date' } do
    if not txn.headers[name] then
      return reject('header %s is missing', name)
    elseif txn.headers[name] > 1 then
      return reject('header %s is there %d times', name, txn.headers[name])
    end
  end
  header.insert(string.format('Received: from %s (%s [%s])\r\n\tby %s with SMTP id %s; %s', conn.helo, conn.host, conn.ip, smtpe.host,
    client.id_trans, os.date '!%a, %d %b %Y %H:%M:%S +0000'), 1)
end

function hook.body(line)
  conn.bytes = conn.bytes + #line
end

function hook.dot(path)
  for i = 1, #mime.parts do
    local kind = mime.parts[i].content_type or ''
    if kind:find 'x%-msdownload' then
      return reject 'no programs'
    end
  end
  for i = 1, #uri.found do
    local record = uri.found[uri.found[i]]
    if record and record.host and shorteners[record.host] then
      table.insert(txn.tests, 'SHORTENER')
    end
  end
  service.clamd(path, conf.clamd, 30)
  service.spamd(path, conf.spamd, 'SYMBOLS', nil, 30)
  local results = service.wait(1)
  if results.clamd and results.clamd.reply and results.clamd.reply:find 'FOUND' then
    txn.save = true
    return reject('virus: %s', results.clamd.reply:match ': (.*) FOUND')
  end
  local report = results.spamd and results.spamd.reply or ''
  if report:find 'Spam: True' then
    table.insert(txn.tests, 'SPAM')
    header.modify('Subject', 1, '[SPAM] ' .. (txn.subject or ''))
    header.insert('X-Spam-Flag: YES', -1)
    header.insert('Precedence: bulk', -1)
  end
  if header.find('date', 1) == nil then
    return reject 'no Date'
  end
end

function hook.forward(path, sender, rcpts)
  if txn.trap then
    return '250 2.0.0 thank you'
  end
  local ok, count, results = smtp.sendfile(txn.hosts, sender, rcpts, path)
  conn.messages = conn.messages + 1
  local key = 'msg:' .. client.id_sess .. client.id_trans
  redis:lpush('log', json.encode {
    id = client.id_trans, sender = sender, rcpts = rcpts, tests = txn.tests, took = socket.gettime() - txn.started >= 0, ok = ok,
  })
  redis:ltrim('log', 0, 99)
  redis:hset(key, 'rcpts', count)
  redis:expire(key, conf.stats_ttl)
  if not ok then
    return string.format('451 4.4.0 %s', results[1] or 'try again')
  end
  return string.format('250 2.0.0 message %s for %d accepted', client.id_trans, count)
end

function hook.reply(line)
  conn.replies = (conn.replies or 0) + 1
end

function hook.quit()
  return string.format('221-2.0.0 %s\r\n221 2.0.0 bye %s', smtpe.host, client.id_sess)
end

function hook.error(number, text)
  syslog.error(string.format('error %s %s', tostring(number), tostring(text)))
end

function hook.close(was_dropped)
  local today = redis:hgetall('stat:' .. os.date '!%Y%m%d')
  redis:del('helo:' .. conn.ip .. ':pending')
  syslog.info('summary ip=' .. conn.ip .. ' dropped=' .. was_dropped .. ' messages=' .. conn.messages .. ' bytes=' .. conn.bytes
    .. ' replies=' .. conn.replies .. ' today=' .. today.connect .. ' keys=' .. #redis:keys 'stat:*' .. ' access=' .. conn.access
    .. ' known=' .. tostring(redis:sismember('senders', 'a@sender.test')) .. ' took=' .. string.format('%d', socket.gettime() - conn.started))
  debug('%s', table.show(conn, 'conn'))
end
