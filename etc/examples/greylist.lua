-- Greylisting. Who is not known yet is asked to come back in five minutes, which mail servers do and most senders of spam do not.
-- Exempt are our own networks, who has logged in, and whoever the list names.
--
-- Set in the option file: smtp-smart-host=mail.example.com, and store=lmdb:/var/lib/smtpe/store, so that nobody has to wait again after a
-- restart; or store=redis://..., so that several machines know the same.
--
-- Change these to suit:
local DOMAINS = { ['example.com'] = true, ['example.net'] = true } -- whose mail we take; for others only from who has logged in
local DELAY = 300 -- seconds to wait
local WINDOW = 24 * 3600 -- seconds in which to come back
local LIST = os.getenv('GREYLIST_LIST') -- a file as below; nil: none
-- In the list: `192.0.2.0/24 OK`, `.example.net OK`, `postmaster@ OK`: these clients and recipients do not wait. `REJECT text` refuses.
local OURS = '127.0.0.0/8 ::1 10.0.0.0/8 192.168.0.0/16'

local access = require 'smtpe.access'
local greylist = require 'smtpe.greylist'

local list = LIST and access.open(LIST)
local word = access.word

-- What the list says about this client or recipient: a word and a reply.
local function listed(value)
  if not list then return word.dunno end
  return list:action(value)
end

-- Somebody who must not wait: nil, else the reply.
local function wait(sender, recipient)
  local result, seconds = greylist.check{
    ip = client.address, sender = sender, recipient = recipient, delay = DELAY, window = WINDOW,
  }
  if result == greylist.result.wait or result == greylist.result.early then
    return ('451 4.7.1 greylisted, try again in %d seconds'):format(seconds)
  end
end

-- Nothing is kept about a client who need not be known.
local function is_exempt()
  return client.authenticated or net.contains_ip(OURS, client.address)
end

function hook.accept()
  if is_exempt() then return end
  -- Only a name that leads back to the address may let somebody in.
  local what, reply = listed(list and list:client(client.address, client.confirmed_host))
  if reply then return what == word.reject, reply end
  client.is_known = what == word.ok
end

function hook.rcpt(recipient, domain)
  -- Also from our own networks: a proxy on this machine makes everybody come from there.
  if not (DOMAINS[domain:lower()] or client.authenticated or recipient:lower() == 'postmaster') then
    return '550 5.7.1 we do not take mail for ' .. domain
  end
  if is_exempt() or client.is_known then return end
  local what, reply = listed(list and list:address(recipient))
  if reply then return reply end
  -- A server that asks whether an address exists comes with the null sender and does not come back: that one waits at DATA.
  if what ~= word.ok and client.sender ~= '' then return wait(client.sender, recipient) end
end

function hook.data()
  if is_exempt() or client.is_known or client.sender ~= '' then return end
  return wait('', client.recipients[1])
end
