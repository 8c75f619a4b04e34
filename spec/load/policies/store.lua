-- (h) the six hooks of (b), a limit for each network and a greylist, which here takes everybody for new: each recipient is written into the store. Nobody is
-- refused, so that all servers take the same mail.
local greylist = require 'smtpe.greylist'
local ratelimit = require 'smtpe.ratelimit'

local conn = { rcpts = 0 }

function hook.accept(ip, host)
  conn.ip = ip
  conn.host = host
end

function hook.ehlo(name)
  conn.helo = name:lower()
end

function hook.mail(sender, domain)
  conn.sender = sender
  conn.domain = domain
end

function hook.rcpt(recipient, domain)
  conn.rcpts = conn.rcpts + 1
  if domain == 'refused.example' then return '550 5.1.1 no such user' end
  local network = net.network(client.address, 24, 64)
  local allowed = ratelimit.check{ key = 'net:' .. network, limit = 100000000, per = 'hour', on_failure = 'closed' }
  local result = greylist.check{
    ip = client.address, sender = client.sender, recipient = client.id_trans:lower() .. '@example.net', delay = 300, on_failure = 'closed',
  }
  -- A benchmark of a store that answers nothing would be none.
  if not allowed or result ~= greylist.result.wait then return '451 4.3.0 the store says ' .. tostring(result) end
end

function hook.data()
end

function hook.dot(path)
  conn.size = client.message_length
end
