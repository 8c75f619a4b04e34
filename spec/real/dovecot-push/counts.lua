-- Tells a server how many messages are unseen; settings and JSON, a client made when the script starts.
local json = require 'cjson'
local url = require 'socket.url'
local client

function script_init()
  client = dovecot.http.client { timeout = 2000, request_timeout_msecs = 5000, max_attempts = 1, debug = True }
  return 0
end

function dovecot_lua_notify_begin_txn(user)
  return { user = user, endpoint = user:plugin_getenv('push_endpoint'), secret = user:plugin_getenv('push_secret'), sent = {} }
end

local function tell(ctx, event)
  local box = ctx.user:mailbox(event.mailbox)
  local status = box:status(dovecot.storage.STATUS_UNSEEN, dovecot.storage.STATUS_MESSAGES)
  box:free()
  local request = client:request { url = ctx.endpoint .. '/' .. url.escape(ctx.user.username), method = 'POST' }
  request:add_header('Content-Type', 'application/json')
  request:add_header('Authorization', 'Bearer ' .. ctx.secret)
  request:set_payload(json.encode {
    event = event.name, from = event.from_address, name = event.from_display_name, subject = event.subject,
    unseen = math.tointeger(status.unseen), messages = math.tointeger(status.messages),
  })
  local response = request:submit()
  if response:status() ~= 200 then
    dovecot.i_error('push: ' .. response:status() .. ' ' .. response:reason())
  end
  ctx.sent[#ctx.sent + 1] = event.uid
end

dovecot_lua_notify_event_message_new = tell
dovecot_lua_notify_event_message_append = tell

function dovecot_lua_notify_end_txn(ctx, success)
  local e = dovecot.event():set_name('push_done')
  e:add_int('count', #ctx.sent):log_info('told ' .. #ctx.sent)
end
