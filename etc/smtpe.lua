-- A small policy to start from: mail for our own domains from anybody, mail for the rest of the world from our own networks only.
-- smtpe runs it for each connection in an environment of its own: `conn` belongs to one client.

local domains = { ['example.com'] = true, ['example.net'] = true }
local networks = { '127.0.0.0/8', '::1/128' }

local conn = { ours = false, received = 0 }

function hook.accept(ip, name)
  for _, network in ipairs(networks) do
    if net.contains_ip(network, ip) then conn.ours = true end
  end
end

-- Nobody but ourselves has our name.
local function hello(name)
  conn.helo = name
  if not conn.ours and name:lower() == smtpe.host:lower() then
    return true, '550 5.7.1 ' .. name .. ' is the name of this server, not of yours'
  end
end
hook.helo = hello
hook.ehlo = hello

function hook.rcpt(recipient, domain)
  local postmaster = recipient:lower() == 'postmaster'
  if not (conn.ours or domains[domain] or postmaster) then
    return '550 5.7.1 we do not take mail for ' .. recipient .. ' from ' .. client.address
  end
end

function hook.header(line)
  if line:lower():find('^received:') then conn.received = conn.received + 1 end
end

-- A trace header as RFC 5321 section 4.4 wants it, and an end to mail that runs in circles.
function hook.dot(path)
  if conn.received > 50 then return '554 5.4.6 this message has gone through ' .. conn.received .. ' servers' end
  local client_name = client.host:find('^%[') and client.host or client.host .. ' [' .. client.address .. ']'
  header.insert(
    'Received: from ' .. conn.helo .. ' (' .. client_name .. ')\r\n' ..
    '\tby ' .. smtpe.host .. ' with ESMTP id ' .. client.id_trans .. ';\r\n' ..
    '\t' .. os.date('!%a, %d %b %Y %H:%M:%S +0000'), 1)
end

function hook.reset()
  conn.received = 0
end
