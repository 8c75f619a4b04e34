-- A mail filter in front of a mail exchanger. It
--   * refuses clients without a confirmed reverse name, and clients on two of three DNS lists,
--   * refuses senders whose domain cannot receive mail,
--   * has each message scanned for viruses and spam, both at once,
--   * says in a header what it found, and leaves forwarding to the option smtp-smart-host.
-- Whenever somebody else is down (DNS, clamd, spamd) it lets mail through or asks the client to come back: see each place.
--
-- Change these to suit:
local LISTS = { 'zen.example', 'bl.example', 'psbl.example' }
local CLAMD = os.getenv('FILTER_CLAMD') or '127.0.0.1:3310'
local SPAMD = os.getenv('FILTER_SPAMD') or '127.0.0.1:783'
local REFUSE_AT = 15 -- spam score from which a message is refused
local TIMEOUT = 30 -- seconds for each scanner

-- What we know of this client. A policy is run afresh for each connection, so this is never shared.
local listed = {}

-- The records that answer one question asked before the last dns.wait, or nil when there are none: `answer` may be empty, or have only the
-- aliases on the way to a name without such a record.
local function answer(answers, class_type, name)
  local found = answers[class_type .. ',' .. name .. '.']
  if not found or found.rcode ~= dns.rcode.OK then return nil end
  local records = {}
  for _, record in ipairs(found.answer or {}) do
    if record.type == found.type then records[#records + 1] = record end
  end
  return records[1] and records or nil
end

-- Does one of the client's reverse names resolve back to its address? nil when DNS did not answer.
local function reverse_confirmed(ip)
  dns.open()
  dns.query(dns.class.IN, dns.type.PTR, ip)
  local ptr = dns.wait(true)[1]
  if ptr == nil or (ptr.rcode ~= dns.rcode.OK and ptr.rcode ~= dns.rcode.NXDOMAIN) then return nil end
  dns.reset()
  local kind = ip:find(':', 1, true) and dns.type.AAAA or dns.type.A
  for _, record in ipairs(ptr.answer or {}) do
    if record.type == dns.type.PTR then dns.query(dns.class.IN, kind, record.value) end
  end
  for _, forward in ipairs(dns.wait(true)) do
    for _, record in ipairs(forward.answer or {}) do
      if record.type == kind and net.contains_ip(record.value .. (kind == dns.type.A and '/32' or '/128'), ip) then return true end
    end
  end
  return false
end

function hook.accept(ip)
  if net.is_ip_reserved(ip, net.is_ip.LAN) then return end

  -- The lists are asked all at once: this takes as long as the slowest one.
  dns.open()
  local reversed = net.reverse_ip(ip, false)
  for _, list in ipairs(LISTS) do dns.query(dns.class.IN, dns.type.A, reversed .. '.' .. list) end
  local answers = dns.wait(true)
  for _, list in ipairs(LISTS) do
    if answer(answers, 'IN,A', reversed .. '.' .. list) then listed[#listed + 1] = list end
  end
  dns.close()
  if #listed >= 2 then
    syslog.info('refused: listed in ' .. table.concat(listed, ' '))
    return true, '554 5.7.1 ' .. ip .. ' is listed by ' .. table.concat(listed, ' and ')
  end

  local confirmed = reverse_confirmed(ip)
  if confirmed == nil then return true, '421 4.4.3 cannot look up ' .. ip .. ' now, please try again' end
  if not confirmed then return true, '554 5.7.25 ' .. ip .. ' has no reverse name that leads back to it' end
end

function hook.mail(sender, domain)
  if domain == '' or domain:sub(1, 1) == '[' then return end
  dns.open()
  dns.query(dns.class.IN, dns.type.MX, domain)
  dns.query(dns.class.IN, dns.type.A, domain)
  dns.query(dns.class.IN, dns.type.AAAA, domain)
  local answers = dns.wait(true)
  for _, query in ipairs(answers) do
    if query.rcode ~= dns.rcode.OK and query.rcode ~= dns.rcode.NXDOMAIN then
      return '451 4.4.3 cannot look up ' .. domain .. ' now, please try again'
    end
  end
  local mx = answer(answers, 'IN,MX', domain)
  if mx and #mx == 1 and mx[1].value == '.' then return '550 5.7.27 ' .. domain .. ' says that it takes no mail' end
  if not (mx or answer(answers, 'IN,A', domain) or answer(answers, 'IN,AAAA', domain)) then
    return '550 5.1.8 ' .. domain .. ' can receive no mail, so it can send none here'
  end
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
  if spamd == nil or spamd.error then
    syslog.error('spamd: ' .. (spamd and spamd.error or 'no result'))
    header.add('X-Spam-Status: unknown')
    return
  end
  if spamd.score >= REFUSE_AT then
    return string.format('550 5.7.1 message looks like spam (%.1f)', spamd.score)
  end
  header.add(string.format('X-Spam-Status: %s, score=%.1f', spamd.is_spam and 'Yes' or 'No', spamd.score))
  header.add('X-Virus-Scanned: clean')
  if #listed > 0 then header.add('X-Listed-By: ' .. table.concat(listed, ' ')) end
end
