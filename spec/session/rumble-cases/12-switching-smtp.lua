-- Switches the SMTP service.
local actions = { suspend = Rumble.suspendService, resume = Rumble.resumeService, stop = Rumble.stopService, start = Rumble.startService }
local function control(session)
  while true do
    local line, length = session:receive()
    if length == 0 then return end
    local action, name = line:match("^(%a+) (%S+)$")
    if actions[action] then actions[action](name) end
    local info = Rumble.serviceInfo(name)
    session:send(info and tostring(info.enabled) or "none", "\r\n")
  end
end
Rumble.createService(control, 2713, 2)
