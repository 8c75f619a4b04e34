-- clamd and rspamd look at each message, at the same time: viruses are refused, spam is refused or marked.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

local CLAMD = '127.0.0.1:3310'
local RSPAMD = '127.0.0.1:11333'
local REFUSE_AT = 15
local MARK_AT = 6

function hook.dot(path)
  service.clamd(path, CLAMD)
  service.rspamd(path, RSPAMD)
  local found = service.wait(true)
  local virus, spam = found.clamd, found.rspamd
  if virus.is_infected then return '550 5.7.1 this message has a virus: ' .. virus.signature end
  -- Nobody has looked: the client tries again later.
  if virus.error then return '451 4.7.1 the message cannot be checked now' end
  header.delete_all 'X-Spam'
  if not spam.score then return end
  if spam.score >= REFUSE_AT then return '554 5.7.1 this message looks like spam' end
  if spam.score >= MARK_AT then header.add 'X-Spam: yes' end
end
