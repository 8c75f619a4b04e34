-- Mailboxes, and the messages in them.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local metadata = behind.library 'dovecot.metadata'
local objects = behind.library 'dovecot.objects'
local count = arguments.count
local select, error, tostring = select, error, tostring

local methods, mails = {}, {}
local MAILBOX = arguments.kind('struct mailbox', methods)
local MAIL = arguments.kind('struct mail', mails)

local READONLY = 1
local STATUS = {
  messages = 1, recent = 2, uidnext = 4, uidvalidity = 8, unseen = 16, first_unseen_seq = 32, keywords = 64, modseq = 128,
  permanent_flags = 512, first_recent_uid = 1024,
}
local ALL_FLAGS = 31

-- What is known of a mailbox: its full name, the flags it was asked for with, whether it was freed.
local function self_of(value)
  local state = objects.state(value, MAILBOX)
  if state.freed then
    error('mailbox is freed', 0)
  end
  return state
end

local function fail(what, problem)
  if problem then
    error(what .. ' failed: ' .. problem, 0)
  end
end

function methods.open(...)
  count(select('#', ...), 1)
  local state = self_of((...))
  fail('mailbox_open(' .. state.vname .. ')', behind.dovecot_mailbox_open(state.vname))
end

function methods.close(...)
  count(select('#', ...), 1)
  self_of((...))
end

function methods.free(...)
  count(select('#', ...), 1)
  objects.state((...), MAILBOX).freed = true
end

function methods.sync(...)
  count(select('#', ...), 1, 2)
  local self, flags = ...
  local state = self_of(self)
  if select('#', ...) == 2 then
    objects.integer(flags, 2)
  end
  fail('mailbox_sync(' .. state.vname .. ')', behind.dovecot_mailbox_sync(state.vname))
end

-- All fields are always there; what was not asked for is 0 or false, but for four that come with anything.
local function shown(known, items, state)
  local function asked(name)
    return items & STATUS[name] ~= 0
  end
  local any, readonly, permanent = items ~= 0, state.flags & READONLY ~= 0, asked 'permanent_flags'
  local function number(name, with_any)
    return (with_any and any or asked(name)) and known[name] or 0
  end
  return {
    mailbox = state.vname,
    messages = number('messages', true),
    recent = number 'recent',
    unseen = number 'unseen',
    uidvalidity = number('uidvalidity', true),
    uidnext = number('uidnext', true),
    first_unseen_seq = number 'first_unseen_seq',
    first_recent_uid = number('first_recent_uid', true),
    highest_modseq = number 'modseq',
    highest_pvt_modseq = 0,
    flags = permanent and ALL_FLAGS or 0,
    permanent_flags = permanent and not readonly and ALL_FLAGS or 0,
    permanent_keywords = permanent and not readonly,
    allow_new_keywords = permanent and not readonly,
    nonpermanent_modseqs = false,
    no_modseq_tracking = asked 'modseq',
    have_guids = true,
    have_save_guids = true,
    have_only_guid128 = false,
    keywords = asked 'keywords' and known.keywords or nil,
  }
end

function methods.status(...)
  local n = select('#', ...)
  if n < 2 then
    error('expecting at least 1 parameter', 0)
  end
  local state = self_of((...))
  local items = 0
  for i = 2, n do
    items = items | objects.integer((select(i, ...)), i)
  end
  local problem, known = behind.dovecot_mailbox_status(state.vname)
  fail('mailbox_get_status(' .. state.vname .. ', ' .. tostring(items) .. ')', problem)
  return shown(known, items, state)
end

metadata(methods, function(self) return self_of(self).vname end, {
  set = 'Cannot set attribute: ', unset = 'Cannot unset attribute: ',
})

local function compared(a, b)
  return self_of(a).vname, self_of(b).vname
end

local box_events = {
  __tostring = function(self) return objects.state(self, MAILBOX).vname end,
  __eq = function(a, b)
    local one, other = objects.known(a, MAILBOX), objects.known(b, MAILBOX)
    return one ~= nil and other ~= nil and one.vname == other.vname
  end,
  __lt = function(a, b)
    local one, other = compared(a, b)
    return one < other
  end,
  __le = function(a, b)
    local one, other = compared(a, b)
    return one <= other
  end,
}

local function both(a, b, what)
  local one, other = objects.state(a, MAIL), objects.state(b, MAIL)
  if one.vname ~= other.vname then
    error('For ' .. what .. ', Mail can only be compared within same mailbox', 0)
  end
  return one.uid, other.uid
end

local mail_events = {
  __tostring = function(self)
    local state = objects.state(self, MAIL)
    return '<' .. state.vname .. ':UID ' .. tostring(state.uid) .. '>'
  end,
  __eq = function(a, b)
    local one, other = objects.known(a, MAIL), objects.known(b, MAIL)
    return one ~= nil and other ~= nil and one.vname == other.vname and one.uid == other.uid
  end,
  __lt = function(a, b)
    local one, other = both(a, b, 'lt')
    return one < other
  end,
  __le = function(a, b)
    local one, other = both(a, b, 'le')
    return one <= other
  end,
}

-- A message by its uid, nil when there is none: ours, as no script of Dovecot can come by one.
function methods.mail(...)
  count(select('#', ...), 2)
  local self, uid = ...
  local state = self_of(self)
  uid = objects.integer(uid, 2)
  local problem, seq = behind.dovecot_mailbox_mail(state.vname, uid)
  fail('mailbox_mail(' .. state.vname .. ', ' .. tostring(uid) .. ')', problem)
  if not seq then
    return nil
  end
  local fields = { seq = seq, uid = uid, expunged = false, mailbox = self }
  return objects.made(MAIL, { vname = state.vname, uid = uid }, fields, mail_events)
end

-- A mailbox by its full name, which need be no good one; nothing is looked at.
return function(name, flags)
  local vname, own = behind.dovecot_mailbox_names(name)
  return objects.made(MAILBOX, { vname = vname, flags = flags }, { vname = vname, name = own }, box_events)
end
