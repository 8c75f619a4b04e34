-- Takes mail for two domains, and marks what comes from clients without a name in the DNS.
local domains = { ['example.com'] = true, ['example.org'] = true }

function hook.rcpt(recipient, domain)
  local ours = domains[domain] or recipient:lower() == 'postmaster'
  if not ours then return '550 5.7.1 we do not take mail for ' .. recipient end
end

function hook.dot(path)
  if client.host:sub(1, 1) == '[' then header.add('X-No-Name: ' .. client.address) end
end
