-- The policy of etc/compose.yaml: mail for our own domains, so much in an hour from each network, with what rspamd says of it.

-- Whose mail we take.
local DOMAINS = { ['example.com'] = true, ['example.net'] = true }
-- Recipients from a network (/24, of IPv6 /64). Redis keeps it, for all that ask there.
local LIMIT = '200/h burst 50'
local RSPAMD = 'rspamd:11333'

local ratelimit = require 'smtpe.ratelimit'
local limit = ratelimit.parse(LIMIT)

function hook.rcpt(recipient, domain)
  if not (DOMAINS[domain:lower()] or recipient:lower() == 'postmaster') then
    return '550 5.7.1 we do not take mail for ' .. domain
  end
  local network = net.network(client.address, 24, 64) or client.address
  local allowed, _, seconds = ratelimit.check{
    key = 'network:' .. network, limit = limit.limit, per = limit.per, burst = limit.burst,
  }
  if not allowed then return ('451 4.7.1 too much, try again in %d seconds'):format(math.ceil(seconds)) end
end

function hook.dot(path)
  service.rspamd(path, RSPAMD, { timeout = 20 })
  local verdict = service.wait(1).rspamd
  -- Without a verdict it stays with its sender, who tries again.
  if verdict.error then return '451 4.7.1 try again later' end
  if verdict.action == 'reject' then return '550 5.7.1 ' .. (verdict.messages.smtp_message or 'refused as spam') end
  if verdict.action == 'soft reject' or verdict.action == 'greylist' then return '451 4.7.1 try again later' end
  for _, added in ipairs(verdict.add_headers) do
    local value = added.value:gsub('[\r\n]+[ \t]*', ' ')
    header.add(added.name .. ': ' .. value)
  end
end
