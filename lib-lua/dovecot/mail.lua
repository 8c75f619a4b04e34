-- What a mail or push script is called through: run before the script itself, it gives it the table `dovecot` and us a function for each thing
-- that is asked of it. Functions of the script are looked up in its globals as they are, past any metatable.

local _, behind = ...
local event = behind.library 'dovecot.event'
local make_user = behind.library 'dovecot.mail_user'
local rawget, type, tonumber, tostring, ipairs, error = rawget, type, tonumber, tostring, ipairs, error
local beginning = behind.library 'dovecot.beginning'
local globals = _G

-- luacheck: globals dovecot
dovecot = behind.library 'dovecot.base'
dovecot.storage = behind.library 'dovecot.storage'

local user, context

-- Whose mail it is. `prefix` is in front of the lines of events.
local function set_user(fields, variables, prefix, script)
  user = make_user(fields, variables)
  dovecot.event = event.new(event.make(nil, prefix):add_str('script', script))
end

-- Names of the functions that there are, of those that are called.
local called = {
  'mail_user_created', 'mail_user_deinit_pre', 'mail_user_deinit', 'dovecot_lua_notify_begin_txn', 'dovecot_lua_notify_end_txn',
}
for _, name in ipairs {
  'mailbox_create', 'mailbox_delete', 'mailbox_rename', 'mailbox_subscribe', 'mailbox_unsubscribe', 'message_new', 'message_append',
  'message_read', 'message_trash', 'message_expunge', 'flags_set', 'flags_clear',
} do
  called[#called + 1] = 'dovecot_lua_notify_event_' .. name
end

local function defined()
  local names = {}
  for _, name in ipairs(called) do
    if type(rawget(globals, name)) == 'function' then
      names[#names + 1] = name
    end
  end
  return names
end

-- mail_user_created and the like: a number that is negative, and a text, refuse. What is no number may have been meant to refuse.
local function call_with_user(name)
  local code, message = rawget(globals, name)(user)
  if code ~= nil and not tonumber(code) then
    error(name .. '() returned a ' .. type(code) .. ': it has to be a number, which refuses when it is negative, or nothing', 0)
  end
  if code ~= nil and tonumber(code) < 0 then
    return tostring(message == nil and '' or message)
  end
  return nil
end

local function begin_transaction()
  context = nil
  context = rawget(globals, 'dovecot_lua_notify_begin_txn')(user)
end

local function notify(name, about)
  rawget(globals, name)(context, about)
end

local function end_transaction(success)
  local ending = rawget(globals, 'dovecot_lua_notify_end_txn')
  local its = context
  context = nil
  ending(its, success)
end

return { beginning.begin, beginning.finish, defined, set_user, call_with_user, begin_transaction, notify, end_transaction }
