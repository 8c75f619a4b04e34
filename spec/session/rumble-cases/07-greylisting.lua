-- Greylisting by client: the first RCPT of an address is told to come back, later ones pass after two seconds.
local seen = {}
local function greylist(session)
  local first = seen[session.address]
  if not first then
    first = os.time()
    seen[session.address] = first
  end
  if os.time() - first < 2 then
    session:send("451 4.7.1 greylisted, come back later\r\n")
    return "ignore"
  end
  return true
end
if Rumble.setHook(greylist, "smtp", "command", "rcpt") then print("greylisting") end
