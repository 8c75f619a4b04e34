---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `arc.seal` takes.
---@class arc_seal
---@field domain string d=: who seals
---@field selector string s=: the key is published at `SELECTOR._domainkey.DOMAIN`
---@field key string as for `dkim.sign`
---@field authserv_id string? our name in ARC-Authentication-Results; nil: option `authserv-id`, else our host name

---What `arc.verify` gives.
---@class arc_chain
---@field result arc.result one of `arc.result`
---@field cause string why it fails: `structure`, `temperror`, or a word of `dkim.cause` about the first signature that is not right; else `ok`
---@field instance integer the highest number of a set; 0 for none
---@field sealers arc_sealer[] from the newest; empty when the sets are in no order
---@field oldest_pass integer? of a chain that passes: the oldest set whose signature over the message is still right, 0 for all; else nil
---@field results fun(domains: string[]): auth_result[]? `chain.results(domains)`: what the first sealer found when the message came to it (as `results` of `auth.parse`), for a chain that passes and whose sealers are all in the array; else nil. Strangers wrote it: it is as true as they are honest

---Who has sealed.
---@class arc_sealer
---@field domain string d= of the seal, lower case
---@field selector string s=
---@field result string `pass` or `fail`: this seal alone

---The chain that forwarders and mailing lists leave in a message (RFC 8617): what each found when the message came to it. A chain that passes is as those who sealed it left it; whether they say the truth is a matter of trust. Nothing that a stranger sent raises an error.
---@class arc
arc = {}

---What is said of a chain.
---@enum arc.result
arc.result = {
  ---the message has none
  NONE = "none",
  ---all seals and the newest signature over the message are right
  PASS = "pass",
  ---they are not
  FAIL = "fail",
}

---Has the message sealed, in `hook.dot` only and once; elsewhere and twice it raises an error, outside a transaction it only looks at the table. The ARC set is made when the message is final, above the signatures of `dkim.sign`, which it signs as well. ARC-Authentication-Results holds what `auth.add` wrote into the message, `none` without; the chain is recorded as `arc.verify` finds it: a policy that writes to the file, or has it replaced, calls `arc.verify` before. Nothing is made when the chain has failed and its newest seal says so, when it has 50 sets, or when a key could not be asked for: a failure that is recorded stays for ever. A set that cannot be made is treated as a signature that cannot (`dkim-sign-failure`). Does not suspend.
---@param what arc_seal Domain, selector and key. An unknown field raises an error.
function arc.seal(what) end

---Verifies the chain of the message as it was received, with the rules of `dkim.verify` about when to ask and what counts. All seals and the newest signature over the message are verified, up to 50 sets. A key that could not be asked for is `fail` with the cause `temperror`: there is no such result in ARC, but it may pass later.
---@return arc_chain chain What was found.
function arc.verify() end
