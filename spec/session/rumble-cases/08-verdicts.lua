-- What a hook may return: the verdict is the word behind HELO.
local verdicts = {
  ["false.test"] = function() return false end,
  ["failure.test"] = function() return "failure" end,
  ["true.test"] = function() return true end,
  ["okay.test"] = function() return "okay" end,
  ["nothing.test"] = function() end,
  ["number.test"] = function() return 550 end,
  ["table.test"] = function() return {} end,
  ["word.test"] = function() return "whatever" end,
  ["ignore.test"] = function(session) session:send("550 5.7.1 not today\r\n") return "ignore" end,
}
local name = "true.test"
local function control(session)          -- chooses the verdict for the next HELO
  name = session:receive()
  session:send(tostring(verdicts[name] ~= nil), "\r\n")
end
Rumble.createService(control, 2709, 1)
Rumble.setHook(function(session) return verdicts[name](session) end, "smtp", "command", "helo")
