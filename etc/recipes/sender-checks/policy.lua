-- SPF, DKIM and DMARC of what comes in: what its domain wants refused is refused, and the results stand in Authentication-Results.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

-- The list of the relay guard: networks whose mail is ours and not checked.
local networks = map.open('maps/networks.txt', 'networks')

local function is_ours()
  return client.authenticated or networks:lookup(client.address) ~= nil
end

function hook.mail()
  if is_ours() then return end
  local found = spf.check()
  if found.result == spf.result.FAIL then
    return '550 5.7.23 SPF: ' .. client.address .. ' may not send for ' .. found.domain
  end
end

function hook.dot()
  if is_ours() then return end
  local sender, signatures = spf.check(), dkim.verify()
  local verdict = dmarc.check(sender, signatures)
  auth.add { spf = sender, dkim = signatures, dmarc = verdict }
  if verdict.result == dmarc.result.TEMPERROR then
    return '451 4.7.0 the DMARC policy of ' .. verdict.domain .. ' cannot be looked up'
  end
  -- Nobody can say which of several authors people would be shown.
  if verdict.result == dmarc.result.PERMERROR then return '550 5.7.1 From: has to name authors of one domain' end
  if verdict.policy == 'reject' then return '550 5.7.26 DMARC: nobody vouches for ' .. verdict.domain end
end
