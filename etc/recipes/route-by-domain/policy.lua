-- One server in front of several: each domain has its own next hop; a recipient of another domain gets 452 and comes in the next transaction.

-- `example.com 10.0.0.5:25`: domain and next hop, a line each.
local routes = map.open 'maps/routes.txt'

function hook.rcpt(recipient, domain)
  -- <postmaster> without a domain is always to be taken (RFC 5321 section 4.5.1); its line in the file says where.
  local hop = routes:lookup(recipient:lower() == 'postmaster' and 'postmaster' or domain)
  if not hop then return '550 5.7.1 we do not take mail for ' .. recipient end
  -- a%elsewhere@example.com, elsewhere!a@example.com: some mailers behind us would send that on.
  if recipient:gsub('@[^@]*$', ''):find('[%%!@]') then return '550 5.7.1 we do not relay' end
  smtp.route { hop }
end
