---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---One of `Mailman.listDomains`.
---@class mailman_domain
---@field path string directory of its mail as it was given; empty for the usual one
---@field flags integer 1: no mail of its accounts goes to other servers

---An account.
---@class mailman_account
---@field id integer? of one that is there; never used again
---@field name string a name or a pattern, in lower case
---@field domain string its name
---@field type string `mbox` or `mailbox`, `alias`, `relay`, `module`, `feed`
---@field password string what `string.SHA256` gives, or what scrypt made of it
---@field arguments string addresses of an alias, the host of a relay

---One of `Mailman.listHeaders`; header fields stand beside these.
---@class mailman_letter
---@field id integer for `Mailman.readMail`
---@field file string unique name of its file
---@field size integer octets of its file
---@field sent integer when it was delivered, seconds since 1970
---@field read boolean it has been read

---A part of a letter.
---@class mailman_part
---@field headers table<string, string> header fields: by name in lower case, unfolded, the last of a name
---@field body string? as transmitted; of no multipart
---@field parts mailman_part[]? of a multipart

---What `Mailman.readMail` gives.
---@class mailman_mail: mailman_part
---@field id integer as in `Mailman.listHeaders`
---@field file string likewise
---@field size integer likewise
---@field sent integer likewise
---@field truncated boolean? bodies were cut

---One of `Mailman.getQueue`.
---@class mailman_sending
---@field id string what the log calls it by
---@field file string the same
---@field time integer since when, seconds since 1970
---@field sender string its address
---@field recipient string its address
---@field loops integer Received fields that it has

---Domains, accounts and letters, as scripts for Rumble see them (doc/rumble.md): in a policy behind `require "rumble"`. There have to be accounts (`rumble-database`), and `rumble-allow` has to name what a script may do: `accounts`, `mail` (letters), `send`. What cannot be known, as the database cannot be read, raises.
---@class Mailman
Mailman = {}

---Makes a domain, with the directory of its mail. One that was deleted has its accounts again. Suspends.
---@param domain string Its name, in any case.
---@param path? string Directory of its mail, below `rumble-storage`; its name when it is left out.
---@param flags? integer 1: no mail of its accounts goes to other servers.
---@return boolean done false: it exists already, it is no name, or the directory is another one’s or not below `rumble-storage`
function Mailman.createDomain(domain, path, flags) end

---Deletes a domain. **Its accounts and their mail stay**, unreachable, and are there again when it is made again. Suspends.
---@param domain string Its name, in any case.
---@return boolean done whether it was there
function Mailman.deleteDomain(domain) end

---Renames a domain; accounts and their mail go along. Nothing is done when there is none, or the new name is taken. Suspends.
---@param domain string Its name, in any case.
---@param newname string Its name from then on.
---@param path? string As for `createDomain`; left out it is the usual place.
---@param flags? integer As for `createDomain`; left out they stay.
function Mailman.updateDomain(domain, newname, path, flags) end

---All domains. Suspends.
---@return table<string, mailman_domain> domains by name, each `{ path = string, flags = integer }`
function Mailman.listDomains() end

---The accounts of a domain. Suspends.
---@param domain string Its name, in any case.
---@return mailman_account[] accounts by id, each `{ id, name, domain, type, password, arguments }`; `type` is `mailbox`, `alias`, `module`, `feed` or `relay`; empty for an unknown domain
function Mailman.listAccounts(domain) end

---The account with this id, or that mail for `user@domain` belongs to. Suspends.
---@param uid_or_domain? integer|string The id of an account, or the domain.
---@param user? string Behind a domain.
---@return mailman_account|false account as in `listAccounts`, but `mbox` is what a mailbox is called; false: there is none. A pattern may be the answer, with itself as `name`
function Mailman.readAccount(uid_or_domain, user) end

---Saves an account: with `id` it gets these values, without it is a new one. `name` may be a pattern: `*`, `?`, `[a-z]`; a domain has 1000 of them at most, one more is an error. `type` is `mbox` (or `mailbox`), `alias` (`arguments`: addresses), `relay` (a host), `mod` (or `module`) or `feed`, which take no mail here. `password` is what `string.SHA256` gives. Mail of an account that gets another name goes along. Suspends.
---@param account mailman_account Strings `name`, `domain`, `type`, `password`, `arguments`; `id` of one that is there already.
---@return boolean done false: no such domain or id, another account has this name, or something of it is no such thing
function Mailman.saveAccount(account) end

---Deletes an account, by exactly its name: never the pattern that an address belongs to. Its Maildir is kept, as `USER.deleted-TIME`. Suspends.
---@param uid_or_domain? integer|string The id of an account, or the domain.
---@param user? string Behind a domain: exactly its name.
---@return boolean done whether it was there
function Mailman.deleteAccount(uid_or_domain, user) end

---Whether there is such an account. Suspends.
---@param domain string Its name, in any case.
---@param user string The part in front of the @, in any case.
---@return boolean exists an account of exactly this name
function Mailman.accountExists(domain, user) end

---Whether mail for `user@domain` belongs to an account. Suspends.
---@param domain string Its name, in any case.
---@param user string The part in front of the @, in any case.
---@return boolean exists an account of this name, or a pattern that matches it
function Mailman.addressExists(domain, user) end

---Whether a password is right, however it is kept (`rumble-password`). It takes as long when there is no such mailbox. Suspends.
---@param domain string Its name, in any case.
---@param user string The part in front of the @, in any case.
---@param password string The password itself.
---@return boolean is_right it is that of the mailbox of exactly this name
function Mailman.checkPassword(domain, user, password) end

---The folders of an account. Those that other programs make have an id from when they are first seen. Suspends.
---@param uid? integer The id of an account.
---@return table<integer, string> folders names in UTF-8 by id, `INBOX` under 0; empty for an unknown account
function Mailman.listFolders(uid) end

---The letters in a folder. A header field named as one of the five is not shown. Suspends.
---@param uid? integer The id of an account.
---@param folder? integer|string Its id, or its full name, parts with `/` between them; INBOX when it is left out.
---@return mailman_letter[]? letters in the order of delivery, each with `id`, `file`, `size` (octets), `sent` (seconds since 1970, of delivery), `read`, and its header fields: by name in lower case, unfolded, the last of a name, 8 KiB of each and 64 KiB in all at most. Empty for an unknown account or folder; nil without `uid`
function Mailman.listHeaders(uid, folder) end

---A letter, which counts as read from then on. Taken apart by the limits of `mime.parts` (`limit-mime-depth` ...); a message in it is not. Suspends.
---@param uid? integer The id of an account.
---@param lid? integer The `id` of a letter, as `listHeaders` has it.
---@return mailman_mail? letter `file`, `size`, `sent` as in `listHeaders`, `headers`, and either `body` or, of a multipart, `parts`: an array of such tables. Bodies are as transmitted: base64 and quoted-printable stay. `truncated = true` when bodies were cut (`rumble-read-max`). nil: there is none, or it is another account’s
function Mailman.readMail(uid, lid) end

---Removes a letter for good, when it is that of this account. Suspends.
---@param uid? integer The id of an account.
---@param lid? integer The `id` of a letter, as `listHeaders` has it.
function Mailman.deleteMail(uid, lid) end

---Sends a letter, and waits until it lies in the Maildirs of the accounts that it is for, or the next hop has taken it. Recipients of other domains need `rumble-relay` and a next hop in `smtp-smart-host`. `rumble-send-rate` letters a minute. A message with 25 Received fields is not sent. Suspends.
---@param from string The sender, in angle brackets or alone; `<>` or an empty text is the null sender.
---@param to string One recipient, likewise; `postmaster` needs no domain.
---@param message string Header fields and body. Line ends become CRLF, nothing is added.
---@return string|false id by what name it lies in the Maildir, or the next hop has it; false: it was not sent
---@return string? cause why not
function Mailman.sendMail(from, to, message) end

---smtpe has no queue: what scripts are sending just now. Suspends.
---@return mailman_sending[] letters each `{ id, file, time, sender, recipient, loops }`: what `sendMail` has under way in this process now
function Mailman.getQueue() end
