-- A copy of all mail goes to an archive; neither senders nor recipients see that.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

local ARCHIVE = 'archive@example.com'

-- NEVER: when the archive is full nobody who has written is told.
function hook.mail()
  client.add_recipient(ARCHIVE, 'NOTIFY=NEVER')
end
