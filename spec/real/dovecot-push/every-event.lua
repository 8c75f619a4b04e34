-- Tells a server of every event, a request each that may last a second; written for 2.4.
local json = require 'json'
local settings

function script_init(values)
  settings = values
end

function dovecot_lua_notify_begin_txn(user)
  return { username = user.username, service = user.service }
end

for _, name in ipairs {
  'mailbox_create', 'mailbox_delete', 'mailbox_rename', 'mailbox_subscribe', 'mailbox_unsubscribe', 'message_new', 'message_append',
  'message_read', 'message_trash', 'message_expunge', 'flags_set', 'flags_clear',
} do
  _G['dovecot_lua_notify_event_' .. name] = function(ctx, event)
    local client = dovecot.http.client { request_absolute_timeout = '1s', request_max_attempts = 1, auto_retry = false }
    local request = client:request { url = settings.push_every, method = 'POST' }
    request:add_header('content-type', 'application/json')
    request:set_payload(json.encode {
      user = ctx.username, event = event.name, mailbox = event.mailbox, uid = event.uid and math.tointeger(event.uid), old = event.mailbox_old,
      flags = event.flags and table.concat(event.flags, ' '), flags_old = event.flags_old and table.concat(event.flags_old, ' '),
      keywords = event.keywords and table.concat(event.keywords, ' '),
    })
    local response = request:submit()
    if response:status() >= 9000 then
      dovecot.i_warning('push to ' .. settings.push_every .. ': ' .. response:reason())
    end
  end
end

function dovecot_lua_notify_end_txn(ctx, success)
end
