-- A mail filter in front of a mail exchanger. It
--   * refuses clients on two of three DNS lists, and clients without a confirmed reverse name,
--   * refuses senders whose domain cannot receive mail,
--   * has each message scanned for viruses and spam, both at once,
--   * says in headers what it found, and leaves forwarding to the option smtp-smart-host.
-- When somebody else is down: a DNS list that does not answer lists nobody, without spamd mail passes as "unknown"; without other DNS
-- answers or clamd the client is asked to come back.
--
-- Change these to suit:
local LISTS = { 'zen.example', 'bl.example', 'psbl.example' }
local CLAMD = os.getenv('FILTER_CLAMD') or '127.0.0.1:3310'
local SPAMD = os.getenv('FILTER_SPAMD') or '127.0.0.1:783'
local REFUSE_AT = 15 -- spam score from which a message is refused
local TIMEOUT = 30 -- seconds for each scanner
-- Clients of our own networks and of this host are not looked up.
local OURS = net.is_ip.LAN | net.is_ip.ULA | net.is_ip.LOCAL

-- The headers that we add. Those of the sender's making are taken out, so that readers can trust what they find.
local OUR_HEADERS = { ['x-spam-status'] = true, ['x-virus-scanned'] = true, ['x-listed-by'] = true }

-- What we know of this client. A policy is run afresh for each connection, so this is never shared.
local listed = {}

-- Did the server say something we can rely on: these records, or no such name?
local function answered(query)
  return query.rcode == dns.rcode.OK or query.rcode == dns.rcode.NXDOMAIN
end

-- The records of the type that was asked for. There may be none, and on the way to them there may be aliases, which are left out.
local function records(query)
  local found = {}
  for _, record in ipairs(query.answer or {}) do
    if record.type == query.type then found[#found + 1] = record end
  end
  return found
end

-- The lists that have this address. They are asked all at once: this takes as long as the slowest one.
local function lists_with(ip)
  dns.open()
  local reversed = net.reverse_ip(ip, false)
  for _, list in ipairs(LISTS) do dns.query(dns.class.IN, dns.type.A, reversed .. '.' .. list) end
  local found = {}
  for i, query in ipairs(dns.wait(true)) do
    for _, record in ipairs(records(query)) do
      -- Lists answer in 127.0.0.0/8 (RFC 5782). 127.255.x.x means that they do not want our questions, any other address that
      -- the list is gone and somebody else has its domain.
      if net.contains_ip('127.0.0.0/8', record.value) and not net.contains_ip('127.255.0.0/16', record.value) then
        found[#found + 1] = LISTS[i]
        break
      end
    end
  end
  dns.close()
  return found
end

-- Does one of the client's reverse names lead back to its address? nil when DNS did not say.
local function reverse_confirmed(ip)
  dns.open()
  dns.query(dns.class.IN, dns.type.PTR, ip)
  local reverse = dns.wait(true)[1]
  if not answered(reverse) then return nil end
  dns.reset()
  local kind, bits = dns.type.A, '/32'
  if ip:find(':', 1, true) then kind, bits = dns.type.AAAA, '/128' end
  for i, name in ipairs(records(reverse)) do
    if i > 10 then break end -- nobody needs more names
    dns.query(dns.class.IN, kind, name.value)
  end
  local sure = true
  for _, forward in ipairs(dns.wait(true)) do
    if not answered(forward) then sure = false end
    for _, record in ipairs(records(forward)) do
      if net.contains_ip(record.value .. bits, ip) then return true end
    end
  end
  if sure then return false end
  return nil
end

function hook.accept(ip)
  listed = {} -- after XCLIENT this is another client
  if net.is_ip_reserved(ip, OURS) then return end

  listed = lists_with(ip)
  if #listed >= 2 then
    syslog.info('refused: listed in ' .. table.concat(listed, ' '))
    return true, '554 5.7.1 ' .. ip .. ' is listed by ' .. table.concat(listed, ' and ')
  end

  local confirmed = reverse_confirmed(ip)
  if confirmed == nil then return true, '421 4.4.3 cannot look up ' .. ip .. ' now, please try again' end
  if not confirmed then return true, '554 5.7.25 ' .. ip .. ' has no reverse name that leads back to it' end
end

function hook.mail(sender, domain)
  -- The null sender of bounces, and address literals.
  if domain == '' or domain:sub(1, 1) == '[' then return end
  dns.open()
  dns.query(dns.class.IN, dns.type.MX, domain)
  dns.query(dns.class.IN, dns.type.A, domain)
  dns.query(dns.class.IN, dns.type.AAAA, domain)
  local answers = dns.wait(true)
  local mx, a, aaaa = answers[1], answers[2], answers[3]
  local exchangers = records(mx)
  if #exchangers == 1 and exchangers[1].value == '.' then
    return '550 5.7.27 ' .. domain .. ' says that it takes no mail'
  end
  -- Without an MX the domain itself is the exchanger (RFC 5321 section 5.1).
  if #exchangers > 0 or (answered(mx) and #records(a) + #records(aaaa) > 0) then return end
  if not (answered(mx) and answered(a) and answered(aaaa)) then
    return '451 4.4.3 cannot look up ' .. domain .. ' now, please try again'
  end
  return '550 5.1.8 ' .. domain .. ' can receive no mail, so it can send none here'
end

function hook.header(line)
  local name = line:match('^[^:]*') -- also "X-Spam-Status :", which many readers take for the same
  if OUR_HEADERS[name:match('^%S*'):lower()] then header.delete(name, 1) end
end

function hook.dot(path)
  -- Both scanners work at the same time.
  service.clamd(path, CLAMD, TIMEOUT)
  service.spamd(path, SPAMD, 'SYMBOLS', nil, TIMEOUT)
  local result = service.wait(true)

  local clamd = result.clamd
  if clamd == nil or clamd.error then
    syslog.error('clamd: ' .. (clamd and clamd.error or 'no result'))
    return '451 4.7.1 the virus scanner is not available, please try again'
  end
  if clamd.is_infected then
    syslog.info('refused: infected with ' .. clamd.signature)
    return '550 5.7.1 message is infected with ' .. clamd.signature
  end

  local spamd = result.spamd
  local status = 'unknown'
  if spamd == nil or spamd.error then
    syslog.error('spamd: ' .. (spamd and spamd.error or 'no result'))
  elseif spamd.score >= REFUSE_AT then
    return string.format('550 5.7.1 message looks like spam (%.1f)', spamd.score)
  else
    status = string.format('%s, score=%.1f', spamd.is_spam and 'Yes' or 'No', spamd.score)
  end
  header.add('X-Spam-Status: ' .. status)
  header.add('X-Virus-Scanned: clean')
  if #listed > 0 then header.add('X-Listed-By: ' .. table.concat(listed, ' ')) end
end
