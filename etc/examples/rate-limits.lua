-- Limits per network, per user and per sender. They have no edges: what was used comes back bit by bit.
--
-- Several machines keep one limit together with store=redis://... in the option file; while Redis cannot be reached each keeps it alone.
--
-- Whose mail we take; for others only from who has logged in.
local DOMAINS = { ['example.com'] = true, ['example.net'] = true }
-- Change these to suit; `100/h burst 20`: a hundred in an hour, at most twenty at once.
local CONNECTIONS = '60/min' -- of a network (/24, of IPv6 /64)
local STRANGER = '200/h burst 50' -- recipients from a network without log-in
local USER = '500/h burst 100' -- recipients of a user who has logged in
local SENDER = '300/h' -- recipients of one sender address, whoever sends for it
local DIFFERENT = { limit = 1000, per = 'day' } -- different recipients of a user
local UNLIMITED = '127.0.0.0/8 ::1' -- clients without limits

local ratelimit = require 'smtpe.ratelimit'

-- Read once, so that a mistake is found at the start.
local limits = {}
for name, text in pairs{ connections = CONNECTIONS, stranger = STRANGER, user = USER, sender = SENDER } do
  limits[name] = ratelimit.parse(text)
end

-- A limit for somebody: `user:alice` and so on.
local function limit_of(name, who)
  local limit = limits[name]
  return { key = name .. ':' .. who, limit = limit.limit, per = limit.per, burst = limit.burst }
end

local function later(seconds)
  return ('451 4.7.1 too much, try again in %d seconds'):format(math.min(math.ceil(seconds), 86400))
end

local function is_unlimited()
  return net.contains_ip(UNLIMITED, client.address)
end

-- Who has one IPv6 network has more addresses than anybody could count.
local function network()
  return net.network(client.address, 24, 64) or client.address
end

function hook.accept()
  if is_unlimited() then return end
  local allowed, _, seconds = ratelimit.check(limit_of('connections', network()))
  if not allowed then return '421 4.7.0 too many connections, try again in ' .. math.ceil(seconds) .. ' seconds' end
end

function hook.rcpt(recipient, domain)
  local user = client.authenticated and client.auth_user
  if not (DOMAINS[domain:lower()] or user or recipient:lower() == 'postmaster') then
    return '550 5.7.1 we do not take mail for ' .. domain
  end
  if is_unlimited() then return end
  local all = { user and limit_of('user', user:lower()) or limit_of('stranger', network()) }
  -- Bounces have no sender.
  if client.sender ~= '' then all[2] = limit_of('sender', client.sender:lower()) end
  -- All or none: a recipient that one limit refuses is not counted by the other.
  local allowed, _, seconds = ratelimit.all(all)
  if not allowed then return later(seconds) end
  if user then
    allowed, _, seconds = ratelimit.distinct{
      key = 'different:' .. user:lower(), item = recipient:lower(), limit = DIFFERENT.limit, per = DIFFERENT.per,
    }
    if not allowed then return later(seconds) end
  end
end
