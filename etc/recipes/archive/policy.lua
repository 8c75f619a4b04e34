-- A copy of all mail goes to an archive; neither senders nor recipients see that.

local DOMAINS = { ['example.com'] = true }
local ARCHIVE = 'archive@example.com'

-- NEVER: when the archive is full nobody who has written is told.
function hook.mail()
  client.add_recipient(ARCHIVE, 'NOTIFY=NEVER')
end

function hook.rcpt(recipient, domain)
  if client.authenticated or DOMAINS[domain:lower()] or recipient:lower() == 'postmaster' then return end
  return '550 5.7.1 we do not take mail for ' .. recipient
end
