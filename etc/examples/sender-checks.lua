-- Who sent it? A policy in front of a mail server. It
--   * refuses hosts that the domain of the sender does not let send (SPF), and mail that the author's domain wants refused (DMARC),
--   * asks the client to come back when that cannot be looked up,
--   * writes what it found into the message (Authentication-Results), in place of what strangers wrote there in our name,
--   * marks what the author's domain wants set aside,
--   * signs what our own hosts send (DKIM), and lets them write as ours only.
-- Where mail goes is option smtp-smart-host.
--
-- Change these to suit:
local OUR_DOMAIN = 'example.com'
-- Hosts whose mail we send. Not 127.0.0.0/8: a proxy on this machine makes everybody come from there.
local OUR_NETWORKS = { '10.0.0.0/8' }
local SELECTOR = '2026a' -- the key is published as 2026a._domainkey.example.com
local KEY = os.getenv('SENDER_CHECKS_KEY') or '/etc/smtpe/2026a.pem'
-- Mailing lists and forwarders whose word we take: what they sealed (ARC) is not refused because of DMARC.
local FORWARDERS = { ['lists.example.net'] = true }

local function is_ours()
  for _, network in ipairs(OUR_NETWORKS) do
    if net.contains_ip(network, client.address) then return true end
  end
  return client.authenticated
end

-- The newest seal is of somebody whom we trust, and the message is as he sent it.
local function is_forwarded(chain)
  return chain.result == arc.result.PASS and FORWARDERS[chain.sealers[1].domain] == true
end

function hook.mail(sender, domain)
  if is_ours() then return end
  local found = spf.check()
  if found.result == spf.result.FAIL then
    return '550 5.7.23 SPF: ' .. client.address .. ' may not send for ' .. found.domain
  end
end

-- Mail for <postmaster>, without a domain, is always taken (RFC 5321, 4.5.1).
function hook.rcpt(recipient, domain)
  if is_ours() or domain == OUR_DOMAIN or recipient:lower() == 'postmaster' then return end
  return '550 5.7.1 we do not take mail for ' .. recipient
end

-- What our own hosts send.
local function send_out()
  if auth.author() ~= OUR_DOMAIN then return '550 5.7.1 From: has to be an address in ' .. OUR_DOMAIN end
  dkim.sign { domain = OUR_DOMAIN, selector = SELECTOR, key = KEY }
end

function hook.dot(path)
  if is_ours() then return send_out() end
  local sender, signatures, chain = spf.check(), dkim.verify(), arc.verify()
  local verdict = dmarc.check(sender, signatures)
  auth.add { spf = sender, dkim = signatures, dmarc = verdict, arc = chain, iprev = true }

  if verdict.result == dmarc.result.TEMPERROR then
    return '451 4.7.0 the DMARC policy of ' .. verdict.domain .. ' cannot be looked up'
  end
  -- Nobody can say which of several authors people would be shown.
  if verdict.result == dmarc.result.PERMERROR then return '550 5.7.1 From: has to name authors of one domain' end
  if verdict.policy == 'reject' and not is_forwarded(chain) then
    return '550 5.7.26 DMARC: nobody vouches for ' .. verdict.domain
  end
  -- The mark is ours alone: those of the sender's making are taken out.
  while header.find('X-Quarantine', 1) do header.delete('X-Quarantine', 1) end
  if verdict.policy ~= 'none' then header.insert('X-Quarantine: ' .. verdict.policy .. ' by ' .. verdict.domain, 1) end
end
