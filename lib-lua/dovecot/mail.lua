-- What a mail or push script is called through: run before the script itself, it gives it the table `dovecot` and us a function for each thing
-- that is asked of it. Functions of the script are looked up in its globals as they are, past any metatable.

local _, behind = ...
local make_user = behind.library 'dovecot.mail_user'
local rawget, rawset, type, tonumber, tostring, error = rawget, rawset, type, tonumber, tostring, error
local getmetatable, setmetatable = getmetatable, setmetatable
local beginning = behind.library 'dovecot.beginning'
local globals = _G

-- luacheck: globals dovecot
dovecot = behind.library 'dovecot.base'

-- The constants are loaded when one is asked for.
setmetatable(getmetatable(dovecot), {
  __index = function(functions, name)
    if name ~= 'storage' then
      return nil
    end
    local storage = behind.library 'dovecot.storage'
    rawset(functions, name, storage)
    return storage
  end,
})

local user, context

-- Whose mail it is. `prefix` is in front of the lines of events.
local function set_user(fields, prefix, script)
  user = make_user(fields)
  local new
  function dovecot.event(...)
    if not new then
      local event = behind.library 'dovecot.event'
      new = event.new(event.make(nil, prefix):add_str('script', script))
    end
    return new(...)
  end
end

-- Names of the functions that there are, of those that are called. They stand here as they are: to put them together costs more than the rest.
local function defined()
  local names, n = {}, 0
  local function look(name)
    if type(rawget(globals, name)) == 'function' then
      n = n + 1
      names[n] = name
    end
  end
  look 'mail_user_created'
  look 'mail_user_deinit_pre'
  look 'mail_user_deinit'
  look 'dovecot_lua_notify_begin_txn'
  look 'dovecot_lua_notify_end_txn'
  look 'dovecot_lua_notify_event_mailbox_create'
  look 'dovecot_lua_notify_event_mailbox_delete'
  look 'dovecot_lua_notify_event_mailbox_rename'
  look 'dovecot_lua_notify_event_mailbox_subscribe'
  look 'dovecot_lua_notify_event_mailbox_unsubscribe'
  look 'dovecot_lua_notify_event_message_new'
  look 'dovecot_lua_notify_event_message_append'
  look 'dovecot_lua_notify_event_message_read'
  look 'dovecot_lua_notify_event_message_trash'
  look 'dovecot_lua_notify_event_message_expunge'
  look 'dovecot_lua_notify_event_flags_set'
  look 'dovecot_lua_notify_event_flags_clear'
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
