-- Refuses clients that a DNS block list knows.
local lists = { "bl.example.test" }
local function check(session)
  local a, b, c, d = session.address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  if not a then return true end
  for _, list in ipairs(lists) do
    local answer = network.getHostByName(("%s.%s.%s.%s.%s"):format(d, c, b, a, list))
    if answer then
      session:send("554 5.7.1 ", session.address, " is listed (", answer, ")\r\n")
      return "failure"
    end
  end
end
local hooked = Rumble.setHook(check, "smtp", "accept")
local function exchangers(session)       -- "domain" on a line: its mail exchangers
  local domain = session:receive()
  local found = network.getMX(domain)
  for _, entry in ipairs(found) do session:send(entry.preference .. " " .. entry.host .. "\r\n") end
  session:send(#found .. " found, hooked: " .. tostring(hooked) .. "\r\n")
end
Rumble.createService(exchangers, 2707, 3)
