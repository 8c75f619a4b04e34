-- Mail for our own domains from anybody, for the rest of the world only from our networks and who has logged in.

-- Our domains, one a line; a change counts within seconds, without a reload.
local domains = map.open 'maps/domains.txt'
-- Networks whose mail goes anywhere. Not 127.0.0.0/8: a proxy on this machine makes everybody come from there.
local networks = map.open('maps/networks.txt', 'networks')

local function is_ours()
  return client.authenticated or networks:lookup(client.address) ~= nil
end

function hook.rcpt(recipient, domain)
  if is_ours() or recipient:lower() == 'postmaster' then return end
  if not domains:lookup(domain) then
    return '550 5.7.1 we do not take mail for ' .. recipient
  end
  -- a%elsewhere@example.com, elsewhere!a@example.com: some mailers behind us would send that on.
  if recipient:gsub('@[^@]*$', ''):find('[%%!@]') then
    return '550 5.7.1 we do not relay'
  end
end
