---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `spf.check` gives.
---@class spf_result
---@field result spf.result one of `spf.result`
---@field domain string the domain that was checked, A-labels, lower case; empty for none
---@field scope string `mfrom`, or `helo` when HELO was checked
---@field mechanism string? the term that decided, as it stands in the record (`ip4:192.0.2.0/24`, `all`); `default` when none did
---@field explanation string? for fail: what the domain says about it, printable ASCII, at most 512 octets. A stranger wrote it
---@field cause string? for temperror and permerror: why, in printable ASCII
---@field lookups integer terms that looked something up
---@field voids integer look-ups that found nothing

---Whether a client may send mail for a domain, as the domain says in DNS (Sender Policy Framework, RFC 7208). It is about the envelope, not about the From header that people see: that is `dmarc`. Whatever a stranger published, nothing raises an error.
---@class spf
spf = {}

---What is said of a client (RFC 7208, 2.6).
---@enum spf.result
spf.result = {
  ---there is no domain to check, or it has no record
  NONE = "none",
  ---the domain says nothing about this client
  NEUTRAL = "neutral",
  ---the client may send for the domain
  PASS = "pass",
  ---it may not
  FAIL = "fail",
  ---it probably may not
  SOFTFAIL = "softfail",
  ---a look-up failed; it may be known later
  TEMPERROR = "temperror",
  ---the record is wrong, or costs too many look-ups
  PERMERROR = "permerror",
}

---Checks the domain. To be asked from `hook.helo` on. It costs at most 10 terms that look up, 2 look-ups that find nothing and 111 queries, within `spf-timeout`: a record that needs more is `permerror`, time that runs out `temperror`. Asked twice in a transaction with the same arguments it looks up once. Raises an error only without an address where no client is.
---@param ip? string Address of the client. Default: `client.address`.
---@param helo? string Its name. Default: the argument of HELO or EHLO.
---@param sender? string Address whose domain is checked. Default: the sender of the transaction. With the null sender, or none yet, HELO is checked.
---@return spf_result result What was found.
function spf.check(ip, helo, sender) end
