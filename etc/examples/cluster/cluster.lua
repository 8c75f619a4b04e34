-- Several machines in front of one mail server (doc/several-machines.md). All of them run this policy over the same store, so that
--   * whom one machine has asked to come back may come back to any of them (greylisting),
--   * a network has one limit, however its connections are spread.
-- While the store cannot be reached greylisting lets everybody through, and the limit holds for each machine.
-- Where mail goes is option smtp-smart-host.
local greylist = require 'smtpe.greylist'
local ratelimit = require 'smtpe.ratelimit'

-- Change these to suit:
local OUR_DOMAINS = { ['example.com'] = true }
-- Seconds after which somebody unknown may come back.
local DELAY = 300
-- Recipients of a network in an hour, and how many of them at once.
local LIMIT, BURST = 600, 100

-- The reply to somebody who has to wait; nil for others.
local function wait_of(sender, recipient)
  local _, wait = greylist.check{
    ip = client.address, sender = sender, recipient = recipient, delay = DELAY, on_failure = 'open',
  }
  return wait and '451 4.7.1 greylisted, try again in ' .. wait .. ' seconds'
end

local function is_within_limit()
  local network = net.network(client.address, 24, 64)
  return ratelimit.check{ key = 'net:' .. network, limit = LIMIT, per = 'hour', burst = BURST, on_failure = 'local' }
end

function hook.rcpt(recipient, domain)
  if not OUR_DOMAINS[domain:lower()] then return '550 5.7.1 not our mail' end
  -- A server that asks whether an address exists comes with the null sender and does not come back: that one waits at DATA.
  local wait = client.sender ~= '' and wait_of(client.sender, recipient)
  if wait then return wait end
  if not is_within_limit() then return '451 4.7.1 too much from your network, try again later' end
end

function hook.data()
  if client.sender == '' then return wait_of('', client.recipients[1]) end
end
