---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---One of `user:list`.
---@class storage_mailbox
---@field name string its full name
---@field subscribed boolean whether the user has subscribed to it

---What `box:status` gives.
---@class storage_status
---@field messages integer how many
---@field recent integer that nobody has looked at
---@field unseen integer that are not read
---@field uidvalidity integer another number says that uids are others
---@field uidnext integer of the next message
---@field keywords string[] that are used in it

---One of `box:messages`.
---@class storage_message
---@field uid integer what it is called by
---@field seq integer its place
---@field flags string[] `\\Seen`, `\\Flagged` ...
---@field keywords string[] other words
---@field recent boolean nobody has looked at it

---Somebody’s mail.
---@class storage_user
---@field name string of the user, in lower case
local storage_user = {}

---A mailbox; nothing is looked at. `inbox` in any case is INBOX. Does not suspend.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@return storage_box box which need not be there
function storage_user:mailbox(name) end

---Makes a mailbox: `MailboxCreate`. Suspends.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:create(name) end

---Removes a mailbox with all that is in it: `MessageExpunge` for each message, `MailboxDelete`. Not INBOX. Suspends.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:delete(name) end

---Subscribes to a mailbox, which has to be there: `MailboxSubscribe`. Suspends.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:subscribe(name) end

---Takes that back: `MailboxUnsubscribe`. Suspends.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:unsubscribe(name) end

---Renames a mailbox, with those below it: `MailboxRename`. Not INBOX. Suspends.
---@param name string full name of a mailbox, parts with `/` between them, UTF-8
---@param to string its new name
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:rename(name, to) end

---The mailboxes. Suspends.
---@return storage_mailbox[]? mailboxes an array by name, each with `name` and `subscribed`, 10000 at most; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_user:list() end

---A mailbox of a user, which need not be there: it is looked for when something is done.
---@class storage_box
---@field name string its full name, parts with `/` between them
local storage_box = {}

---Puts a copy of a message into the mailbox as new mail: `MessageNew`. The headers of a delivery (`Return-Path`) are not put in front. INBOX is made when it is not there. Suspends.
---@param path string file of a message, such as the argument of `hook.dot`
---@param flags? string[] `\\Seen`, `\\Flagged` ... of it
---@param keywords? string[] other words of it
---@return integer? uid of the message there; 0 when whoever reads mail gives it one; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:deliver(path, flags, keywords) end

---The same, as something that was put there otherwise: `MessageAppend`. Suspends.
---@param path string file of a message, such as the argument of `hook.dot`
---@param flags? string[] `\\Seen`, `\\Flagged` ... of it
---@param keywords? string[] other words of it
---@return integer? uid of the message there; 0 when whoever reads mail gives it one; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:save(path, flags, keywords) end

---What there is in it. Suspends.
---@return storage_status? status `messages`, `recent`, `unseen`, `uidvalidity`, `uidnext`, `keywords`; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:status() end

---The messages in it. Suspends.
---@param most? integer how many, the newest of them, 10000 at most
---@return storage_message[]? messages an array by uid, each with `uid`, `seq`, `flags`, `keywords`, `recent`; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:messages(most) end

---Changes flags and keywords: `FlagsClear`, `FlagsSet`, `MessageRead`, `MessageTrash` for each message that has others then. A uid that is not there is passed over. Suspends.
---@param uid integer|integer[] of the message; or an array of at most 10000
---@param how string `add`, `remove` or `replace`
---@param flags? string[] `\\Seen`, `\\Flagged` ...
---@param keywords? string[] other words
---@return integer? changed how many messages; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:flags(uid, how, flags, keywords) end

---Removes messages for good: `MessageExpunge` for each. A uid that is not there is passed over. Suspends.
---@param uid integer|integer[] of the message; or an array of at most 10000
---@return integer? expunged how many messages; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:expunge(uid) end

---Puts a copy of a message into another mailbox of the user, with its flags and keywords: `MessageAppend`. Suspends.
---@param uid integer of the message
---@param to string full name of the other mailbox, which has to be there
---@return integer? uid of the message there; 0 when whoever reads mail gives it one; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:copy(uid, to) end

---Copies it, then expunges it: `MessageAppend`, `MessageExpunge`. When it cannot be expunged it is in both. Suspends.
---@param uid integer of the message
---@param to string full name of the other mailbox, which has to be there
---@return integer? uid of the message there; 0 when whoever reads mail gives it one; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:move(uid, to) end

---An annotation (RFC 5464). Suspends.
---@param key string begins with `/private/` or `/shared/`
---@return string? value nil when there is none
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:metadata(key) end

---Sets an annotation, or removes it. No event. Suspends.
---@param key string begins with `/private/` or `/shared/`
---@param value? string nil removes it
---@return boolean? done true when it is done; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage_box:set_metadata(key, value) end

---Mail that lies in the maildir of `smtp-smart-host`, for what has no IMAP side here: put a message into a folder, set flags, make folders. What is done is told to push scripts (option `push-script`); what mail readers do to the files is not.
---
---A user is an address, or a local part; with `%u`, `%n` or `%d` in the option each has a directory, which has to be there: none is made because somebody has named it. A name that could lead out of the place is `bad_name`.
---
---What cannot be done gives nil, one word of `storage.cause` and a text; it never raises. Arguments of a wrong type raise. All methods suspend.
---@class storage
storage = {}

---Why something was not done: `storage.cause.missing == "missing"`.
---@enum storage.cause
storage.cause = {
  ---There is no such user, mailbox or message.
  missing = "missing",
  ---There is a mailbox of that name already.
  exists = "exists",
  ---Nothing can be named so.
  bad_name = "bad_name",
  ---That cannot be done to this mailbox (INBOX is not deleted), or a script of the user does not want it (`mail-lua-script`).
  refused = "refused",
  ---Another program has held its lock for too long: it can be tried again.
  locked = "locked",
  ---No room on the disk, in the quota, or too many of something.
  full = "full",
  ---smtpe has not the right to.
  denied = "denied",
  ---The hook was cut off.
  aborted = "aborted",
  ---Another error of the file system; the text names it.
  failed = "failed",
  ---`smtp-smart-host` has no maildir.
  no_maildir = "no_maildir",
}

---Somebody’s mail. Whether he is there is seen when something is done. Does not suspend.
---@param name string an address, or a local part
---@return storage_user? user whose mail it is; nil
---@return storage.cause? cause a word of `storage.cause` when it is not done
---@return string text what is wrong, for people
function storage.user(name) end
