-- Greylisting: who is not known yet is asked to come back in five minutes, which mail servers do and most senders of spam do not.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

local DELAY = 300 -- seconds to wait
local OURS = '127.0.0.0/8 ::1 10.0.0.0/8 192.168.0.0/16' -- do not wait

local greylist = require 'smtpe.greylist'

local function is_exempt()
  return client.authenticated or net.contains_ip(OURS, client.address)
end

-- The reply to somebody who must wait.
local function wait(sender, recipient)
  local result, seconds = greylist.check {
    ip = client.address, sender = sender, recipient = recipient, delay = DELAY,
  }
  if result == greylist.result.wait or result == greylist.result.early then
    return ('451 4.7.1 greylisted, try again in %d seconds'):format(seconds)
  end
end

function hook.rcpt(recipient)
  -- A server that asks whether an address exists comes with the null sender and does not come back: that one waits at DATA.
  if not is_exempt() and client.sender ~= '' then return wait(client.sender, recipient) end
end

function hook.data()
  if not is_exempt() and client.sender == '' then return wait('', client.recipients[1]) end
end
