-- A counter that several clients raise at once; the lock keeps reading and writing together.
local count = 0
local function counter(session)
  session:lock()
  local before = count
  session:send("got it\r\n")
  session:receive()
  count = before + 1
  session:unlock()
  session:send("count ", count, "\r\n")
end
Rumble.createService(counter, 2714, 5)
