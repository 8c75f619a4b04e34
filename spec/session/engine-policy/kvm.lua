-- Side file of the policy: access and route maps, as tables of `tag:key` and `ACTION text`.
local access = {
  ['connect:192.0.2.66'] = 'IREJECT go away',
  ['connect:192.0.2.67'] = 'REJECT not welcome',
  ['connect:192.0.2.10'] = 'OK',
  ['from:spammer@sender.test'] = 'REJECT we know you',
  ['to:trap@ours.test'] = 'TRAP',
  ['to:saved@ours.test'] = 'SAVE',
  ['to:postmaster@ours.test'] = 'OK',
}
local routes = { ['ours.test'] = os.getenv 'POLICY_HOP' }

local function found(tag, key)
  local value = access[tag .. ':' .. key:lower()]
  if value == nil then
    return nil
  end
  local action, text = value:match '^(%u+)%s*(.*)$'
  return { action = action, action_text = text }
end

function accessConnect(ip, host)
  return found('connect', ip) or found('connect', host)
end

function accessMail(ip, host, sender)
  return found('from', sender)
end

function accessRcpt(ip, host, sender, rcpt)
  return found('to', rcpt)
end

function routeIsRelay(ip, host)
  return ip == '192.0.2.10' and { v = 'relay' } or nil
end

function routeGetHosts(key)
  local host = routes[(key:match '@(.*)$' or key):lower()]
  return host and { host } or nil
end
