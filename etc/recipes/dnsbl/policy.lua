-- DNS lists with weights: no list refuses anybody alone, and one that is down refuses nobody.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

-- Ask only lists that you may ask: most want a contract from who asks much.
local LISTS = {
  { zone = 'zen.example', codes = { ['127.0.0.2-9'] = 5, ['127.0.0.10-11'] = 3 } },
  { zone = 'bl.example', weight = 3 },
  { zone = 'white.example', weight = -4 }, -- whom somebody vouches for
}
local REFUSE_AT = 5

local dnsbl = require 'smtpe.dnsbl'

-- A policy is run afresh for each connection, so this is never shared.
local score, listed = 0, {}

function hook.accept()
  if net.is_ip_reserved(client.address) and not client.address:find('^192%.0%.2%.') then return end
  score, listed = dnsbl.check { ip = client.address, lists = LISTS, timeout = 5 }
end

-- Refused here and not before, so that the log says who wanted to write to whom, and the postmaster can be asked for help.
function hook.rcpt(recipient)
  if client.authenticated or score < REFUSE_AT or recipient:lower():find '^postmaster' then return end
  local names = {}
  for i, one in ipairs(listed) do names[i] = one.zone end
  return '554 5.7.1 ' .. client.address .. ' is on ' .. table.concat(names, ', ')
end
