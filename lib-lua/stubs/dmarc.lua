---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `dmarc.check` gives.
---@class dmarc_result
---@field result dmarc.result one of `dmarc.result`
---@field policy string `none`, `quarantine` or `reject`: what to apply; `none` when the result is not fail
---@field published string? the same for a message of this author that fails, after sp=, np= and t=y
---@field domain string? the author domain, A-labels, lower case
---@field organisation string? its organisational domain
---@field policy_domain string? where the record stands
---@field spf string? the domain that SPF passed for, when it is aligned
---@field dkim string? the domain of a signature that passed, when it is aligned
---@field record string? the record as published, any octets
---@field testing boolean t=y: the domain is trying out
---@field cause string `no_author`, `several_authors`, `no_record`, `not_aligned`, `dns` or `ok`

---What the domain in From wants to become of a message that nobody vouches for (DMARC, RFC 9989): the organisational domain is found by the walk up the tree of names, not by a list of suffixes. Whatever a stranger sent or published, nothing raises an error.
---@class dmarc
dmarc = {}

---What is said of a message (RFC 8601, 2.7.2).
---@enum dmarc.result
dmarc.result = {
  ---the domain of the author has no policy
  NONE = "none",
  ---SPF or a signature vouches for the author
  PASS = "pass",
  ---nothing does
  FAIL = "fail",
  ---a look-up failed that could have changed it
  TEMPERROR = "temperror",
  ---the message has no author, or authors of several domains
  PERMERROR = "permerror",
}

---Looks for the policy of the author domain, and whether SPF or a signature has passed for a domain that stands for it. To be asked in `hook.dot`, or from `hook.eoh` on without signatures; before the headers are complete it raises an error. Its own look-ups take at most `spf-timeout`. From headers are those that came: edits of the policy do not count. `policy` is what to do with the message; a policy that wants to be safe refuses `permerror` too, as people are shown one of several authors.
---@param spf_result? spf_result What `spf.check` gave. Default: it is asked.
---@param dkim_results? dkim_signature[] What `dkim.verify` gave. Default: it is asked; before the dot there are none.
---@return dmarc_result result What was found.
function dmarc.check(spf_result, dkim_results) end
