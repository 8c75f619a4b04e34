-- A status page: version, services, the end of the log.
local function status(session)
  local server = Rumble.serverInfo()
  session:send(("%s %s %s %s %s\r\n"):format(type(server.version), type(server.path), type(server.uptime), type(server.os), type(server.arch)))
  for _, name in ipairs({ "smtp", "nosuch" }) do
    local service = Rumble.serviceInfo(name)
    if service then
      session:send(("%s enabled=%d workers=%s busy=%d idle=%s sessions=%d sent=%s received=%s rejected=%s capabilities=%s\r\n"):format(name, service.enabled,
        type(service.workers), service.busy, type(service.idle), service.sessions, type(service.sent), type(service.received), type(service.rejected), type(service.capabilities)))
    else
      session:send(name, " ", tostring(service), "\r\n")
    end
  end
  session:send(tostring(Rumble.readConfig("servername")), " ", tostring(Rumble.readConfig("smtpport")), " ", tostring(Rumble.readConfig("no such key")), "\r\n")
  local good, log = 0, Rumble.getLog()
  for _, entry in ipairs(log) do
    if entry:match("^%d%d%d%d/%d%d/%d%d %d%d:%d%d:%d%d %[[^%]]+%]:%s+.*\r\n$") then good = good + 1 end
  end
  session:send(tostring(good == #log and #log > 0), " ", tostring(log[1]:sub(1, 19) >= log[#log]:sub(1, 19)), "\r\n")
  for _, module in pairs(Rumble.listModules()) do
    session:send(type(module.title), type(module.description), type(module.author), type(module.file), "\r\n")
  end
  session:send(".\r\n")
end
Rumble.createService(status, 2712, 2)
