-- What looks like spam goes to a mailbox of its own, where somebody can look at it, instead of to its recipients; who they were stands in a header.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

local RSPAMD = '127.0.0.1:11333'
local REFUSE_AT = 30
local QUARANTINE_AT = 12
local MAILBOX = 'quarantine@example.com'

function hook.dot(path)
  service.rspamd(path, RSPAMD)
  local spam = service.wait(true).rspamd
  if not spam.score then return '451 4.7.1 the message cannot be checked now' end
  if spam.score >= REFUSE_AT then return '554 5.7.1 this message looks like spam' end
  header.delete_all 'X-Quarantine'
  if spam.score < QUARANTINE_AT then return end
  local recipients = { table.unpack(client.recipients) }
  header.add(('X-Quarantine: score=%g; for=%s'):format(spam.score, table.concat(recipients, ' ')))
  for _, address in ipairs(recipients) do client.remove_recipient(address) end
  client.add_recipient(MAILBOX)
  return '250 2.0.0 accepted'
end
