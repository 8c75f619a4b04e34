---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What `dkim.sign` takes.
---@class dkim_sign
---@field domain string d=: who signs
---@field selector string s=: the key is published at `SELECTOR._domainkey.DOMAIN`
---@field key string the path of a PEM file (kept; read again when it changed, looked at once a second), or the PEM text
---@field headers string[]? names of the headers that are signed, all there are of each; `List-*` is every name that begins so, `From` is always in; nil: From, Sender, Reply-To, Subject, Date, Message-ID, To, Cc, MIME-Version, Content-Type, Content-Transfer-Encoding, In-Reply-To, References, List-*
---@field oversign string[]? names that are named once more than they occur, so that none can be added; nil: From, Subject, To, Date
---@field canonicalization string? of headers and body; nil: `relaxed/relaxed`
---@field identity string? i=: an address in the domain, or below it
---@field expire integer? seconds that the signature holds; nil: for ever

---An entry of what `dkim.verify` gives. What the header does not say is nil.
---@class dkim_signature
---@field result dkim.result one of `dkim.result`
---@field cause dkim.cause one of `dkim.cause`
---@field domain string? d=, lower case: who signed
---@field selector string? s=
---@field identity string? i=; `@` and the domain when it is absent
---@field algorithm string? a=, as it stands: `rsa-sha256`
---@field bits integer? of the key; 256 for ed25519
---@field testing boolean t=y of the key: the domain is trying out
---@field unsigned_bytes integer octets of the body behind l=, which anybody may have written; 0 without l=
---@field signed_headers string[] the names in h=, lower case
---@field time integer? t=, seconds since 1970
---@field expires integer? x=
---@field b string the first 8 characters of b=

---The DKIM signatures of the message being received (RFC 6376, 8301, 8463). A signature that passes says that the domain in it has sent the headers that it names and the body, not that the message is good, nor that the domain has to do with From. Whatever a stranger sent, nothing raises an error: what is wrong with a signature is its result.
---@class dkim
dkim = {}

---What is said of a signature (RFC 8601, 2.7.1).
---@enum dkim.result
dkim.result = {
  ---the signature is right
  PASS = "pass",
  ---headers or body are not what was signed
  FAIL = "fail",
  ---right or not, we do not take it: too weak, expired, one too many
  POLICY = "policy",
  ---never given; a word of RFC 8601
  NEUTRAL = "neutral",
  ---the key could not be asked for; it may pass later
  TEMPERROR = "temperror",
  ---the signature or its key cannot be used
  PERMERROR = "permerror",
}

---Why.
---@enum dkim.cause
dkim.cause = {
  ---pass
  OK = "ok",
  ---fail: a header was changed, added or taken away, or somebody else signed
  BAD_SIGNATURE = "bad_signature",
  ---fail: the body is not the one that was signed
  BODY_CHANGED = "body_changed",
  ---permerror: there is no key of this name
  NO_KEY = "no_key",
  ---permerror: the key was revoked
  KEY_REVOKED = "key_revoked",
  ---permerror: what is published is no key
  KEY_SYNTAX = "key_syntax",
  ---permerror: the key is not for this algorithm
  KEY_MISMATCH = "key_mismatch",
  ---permerror: the key is for another service
  KEY_NOT_FOR_MAIL = "key_not_for_mail",
  ---permerror: the key allows no subdomain in i=
  KEY_STRICT = "key_strict",
  ---permerror: the header is no signature
  SYNTAX = "syntax",
  ---permerror: a version that is not 1
  VERSION = "version",
  ---permerror: an unknown algorithm
  ALGORITHM = "algorithm",
  ---permerror: an unknown canonicalisation
  CANONICALISATION = "canonicalisation",
  ---permerror: the key is not in DNS
  QUERY = "query",
  ---permerror: From is not signed
  FROM_NOT_SIGNED = "from_not_signed",
  ---permerror: i= is not in the domain that signed
  IDENTITY = "identity",
  ---permerror: l= is more than the body has
  LENGTH = "length",
  ---policy: x= is past; permerror: x= is not after t=
  EXPIRED = "expired",
  ---policy: an RSA key of fewer bits than `dkim-min-bits`, or of more than 8192
  WEAK_KEY = "weak_key",
  ---policy: rsa-sha1
  WEAK_ALGORITHM = "weak_algorithm",
  ---temperror
  DNS = "dns",
  ---policy: one signature too many, or a header that is too long
  LIMIT = "limit",
}

---Has the message signed, in `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at the table. The signature is made when the message is final: after all edits, before `hook.forward`. It stands at the top, below what `smtp-received` and `auth.add` write when there is a Received of ours; of several calls the first one stands highest. The algorithm is that of the key: rsa-sha256 (1024 bits and more; take 2048) or ed25519-sha256. A key that cannot be used raises an error. When a signature cannot be made after all, option `dkim-sign-failure` says what becomes of the message: 451, unless it says otherwise. There is no l=: it would let anybody add to the message. Does not suspend; RSA signs in the thread pool.
---@param what dkim_sign Domain, selector, key, and what is to be other than usual. An unknown field raises an error.
function dkim.sign(what) end

---Verifies the signatures of the message as it was received, whatever the policy, or a service, has made of it since. (Where no file of the policy has the word `dkim`, `dmarc` or `arc` in it the message is read for that when it is asked for first; once its file was written to that is an error.) To be asked first in `hook.dot`; asked again it gives the same, also in `hook.forward`. Earlier it raises an error; outside a transaction the table is empty. Keys are asked for all at once, within `dkim-timeout`. At most `dkim-max-signatures` are verified, over at most four different pairs of canonicalisation and length.
---@return dkim_signature[] signatures One entry for each DKIM-Signature, from the top.
function dkim.verify() end
