-- Our own people log in and send: everybody as himself, in the envelope and in From; what leaves us is signed (DKIM).

local DOMAIN = 'example.com'
-- Addresses that somebody may use besides his own.
local ALSO = { ['ann@example.com'] = { ['info@example.com'] = true } }
-- A private key, and where its public half stands in DNS: 2026a._domainkey.example.com. nil: nothing is signed.
local KEY = nil -- '/etc/smtpe/2026a.pem'
local SELECTOR = '2026a'
-- What one person sends in an hour: a stolen password is worth little.
local LIMIT = '200/h burst 50'

local ratelimit = require 'smtpe.ratelimit'

local function user()
  local name = client.auth_user:lower()
  return name:find('@', 1, true) and name or name .. '@' .. DOMAIN
end

local function may_write_as(address)
  address = address:lower()
  return address == user() or (ALSO[user()] or {})[address] == true
end

function hook.mail(sender)
  if not client.authenticated then return '530 5.7.0 log in first' end
  -- <> is for receipts, which programs send for a user.
  if sender ~= '' and not may_write_as(sender) then return '553 5.7.1 ' .. sender .. ' is not yours' end
end

function hook.rcpt()
  local limit = ratelimit.parse(LIMIT)
  limit.key = 'user:' .. user()
  if not ratelimit.check(limit) then return '451 4.7.1 so many recipients in an hour are not usual, try again later' end
end

function hook.dot()
  local _, author = auth.author()
  if not author or not may_write_as(author) then return '550 5.7.1 From: is not yours' end
  if KEY then dkim.sign { domain = DOMAIN, selector = SELECTOR, key = KEY } end
end
