-- Marks new mail for a user who is waiting: in annotations of his, as a chat server reads them. Own mail is not marked.
function dovecot_lua_notify_begin_txn(user)
  return user
end

local function contains(list, value)
  for _, one in ipairs(list) do
    if one == value then
      return true
    end
  end
  return false
end

function dovecot_lua_notify_event_message_new(user, event)
  local box = user:mailbox(event.mailbox)
  box:sync()
  if user.username ~= event.from_address then
    box:metadata_set('/private/messagenew', '')
  end
  if contains(event.flags, '\\Seen') then
    dovecot.i_info('seen already')
  end
  box:free()
end

function dovecot_lua_notify_end_txn(ctx, success)
end
