-- DNS lists with scores: no list refuses anybody alone, and one that is down refuses nobody.
--
-- Change these to suit. Ask only lists that you may ask: most want a contract from who asks much, and answer 127.255.255.254 to public resolvers,
-- which counts as no answer.
local OUR_DOMAINS = { ['example.com'] = true, ['example.net'] = true } -- whose mail we take; for others only from who has logged in
local LISTS = {
  { zone = 'zen.example', codes = { ['127.0.0.2-9'] = 5, ['127.0.0.10-11'] = 3 } },
  { zone = 'bl.example', weight = 3 },
  { zone = 'psbl.example', weight = 2 },
  { zone = 'white.example', weight = -4 }, -- whom somebody vouches for
}
local DOMAINS = { { zone = 'dbl.example', codes = { ['127.0.1.2-106'] = 5 } } } -- lists of domains in links
local REFUSE_AT = 5 -- a client is refused
local MARK_AT = 2 -- a header says how much there was
local TIMEOUT = 5 -- seconds for all lists together
local OURS = net.is_ip.LAN | net.is_ip.ULA | net.is_ip.LOCAL -- not looked up

local dnsbl = require 'smtpe.dnsbl'

-- A policy is run afresh for each connection, so this is never shared.
local score, listed = 0, {}

-- `zen.example (127.0.0.4: see https://...)` of each list.
local function names(list)
  local all = {}
  for i, one in ipairs(list) do
    all[i] = one.text == '' and one.zone or ('%s (%s)'):format(one.zone, one.text)
  end
  return table.concat(all, ', ')
end

function hook.accept()
  if net.is_ip_reserved(client.address, OURS) then return end
  local failed
  score, listed, failed = dnsbl.check{ ip = client.address, lists = LISTS, timeout = TIMEOUT }
  if #failed > 0 then syslog.info('no answer from ' .. table.concat(failed, ', ')) end
end

-- Refused here and not before, so that the log says who wanted to write to whom, and the postmaster can be asked for help.
function hook.rcpt(recipient, domain)
  if client.authenticated then return end
  local name = recipient:lower()
  if not OUR_DOMAINS[domain:lower()] and name ~= 'postmaster' then return '550 5.7.1 we do not take mail for ' .. domain end
  if score < REFUSE_AT or name == 'postmaster' or name:find('^postmaster@') then return end
  return '554 5.7.1 ' .. client.address .. ' is on ' .. names(listed)
end

function hook.dot()
  if client.authenticated then return end
  local hosts = {}
  for _, key in ipairs(uri.found) do hosts[#hosts + 1] = uri.found[key].host end
  if #hosts > 0 then
    local found, bad = dnsbl.domain{ name = hosts, lists = DOMAINS, timeout = TIMEOUT, threshold = REFUSE_AT }
    if found >= REFUSE_AT then return '554 5.7.1 a link in this message is on ' .. names(bad) end
  end
  header.delete_all('X-Listed')
  if score >= MARK_AT then header.insert(('X-Listed: score %g: %s'):format(score, names(listed)), 1) end
end
