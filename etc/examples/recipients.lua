-- Refuses recipients that do not exist, before their mail comes: those of one domain stand in a file, about the others the next hop is asked.
-- Who takes mail for nobody and bounces it later sends bounces to people who never wrote.
--
-- Change these to suit:
local FILE = os.getenv('RECIPIENTS_FILE') or 'recipients' -- beside this script; `bob@example.com OK`, `@example.com` is `example.com OK`
local IN_FILE = { ['example.com'] = true } -- domains whose recipients stand in the file
local NEXT_HOP = os.getenv('RECIPIENTS_HOST') or '10.0.0.5' -- who knows those of the others: a server of ours
local ASKED = { ['example.net'] = true, ['example.org'] = true }

local access = require 'smtpe.access'
local callahead = require 'smtpe.callahead'

local recipients = access.open(FILE)

local UNKNOWN = '550 5.1.1 there is no such user here'

-- A recipient without a domain is ours: Postmaster, as RFC 5321 has it.
local function domain_of(recipient)
  return (recipient:match('@([^@]*)$') or smtpe.host):lower()
end

function hook.rcpt(recipient)
  if recipient:lower() == 'postmaster' then return end
  local domain = domain_of(recipient)
  if IN_FILE[domain] then
    local value = recipients:address(recipient)
    if not value then return UNKNOWN end
    local word, reply = recipients:action(value)
    -- Behind an address nothing or OK, or why its mail is refused: `REJECT moved to ...`.
    if word ~= access.word.ok then return reply or UNKNOWN end
  elseif ASKED[domain] then
    -- When the next hop cannot say it, the mail is taken: it will be asked again when the message is passed on.
    local _, reply = callahead.check{ recipient = recipient, hosts = NEXT_HOP, on_failure = 'open' }
    if reply then return reply end
  else
    return '550 5.7.1 we do not take mail for ' .. domain
  end
end
