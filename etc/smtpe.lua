-- A small policy to start from: mail for our own domains from anybody, mail for the rest of the world from our own networks only.
-- smtpe runs it for each connection in an environment of its own: `conn` belongs to one client.

-- Ours: the domains whose mail we take.
local domains = { ['example.com'] = true, ['example.net'] = true }

-- Networks whose mail goes anywhere, such as '192.0.2.0/24' or '2001:db8:1::/48'. Not 127.0.0.0/8 and ::1/128: a proxy on this machine
-- makes everybody come from there.
local networks = {}

local conn = { helo = '', protocol = 'SMTP' }

local function ours()
  for _, network in ipairs(networks) do
    if net.contains_ip(network, client.address) then return true end
  end
  return false
end

-- Programs on this machine say its name, and are right. They may not send elsewhere for that.
local function on_this_machine()
  return net.contains_ip('127.0.0.0/8, ::1', client.address)
end

-- Nobody but ourselves has our name.
local function hello(name)
  if not (ours() or on_this_machine()) and name:lower() == smtpe.host:lower() then
    return true, '550 5.7.1 ' .. smtpe.host .. ' is the name of this server, not of yours'
  end
  -- What a client says of itself goes into a header: nothing that could end it, look like the rest of it, or make it long.
  conn.helo = name:gsub('[^%w%.%-:%[%]]', '?'):sub(1, 255)
end

function hook.helo(name)
  conn.protocol = 'SMTP'
  return hello(name)
end

function hook.ehlo(name)
  conn.protocol = 'ESMTP'
  return hello(name)
end

function hook.rcpt(recipient, domain)
  if ours() then return end
  local refusal = '550 5.7.1 we do not take mail for ' .. recipient .. ' from ' .. client.address
  if recipient:lower() ~= 'postmaster' and not domains[domain:lower()] then return refusal end
  -- a%elsewhere@example.com, elsewhere!a@example.com, "a@elsewhere"@example.com: some mailers behind us would send that on.
  if recipient:gsub('@[^@]*$', ''):find('[%%!@]') then return refusal end
end

-- A trace header (RFC 5321 section 4.4).
function hook.dot(path)
  local address = client.address:find(':', 1, true) and 'IPv6:' .. client.address or client.address
  header.insert(
    'Received: from ' .. conn.helo .. ' (' .. (client.confirmed_host or 'unknown') .. ' [' .. address .. '])\r\n' ..
    '\tby ' .. smtpe.host .. ' with ' .. conn.protocol .. ' id ' .. client.id_trans .. ';\r\n' ..
    '\t' .. os.date('!%a, %d %b %Y %H:%M:%S +0000'), 1)
end
