-- Sends a letter: "from to subject" on a line.
local function notify(session)
  while true do
    local line, length = session:receive()
    if length == 0 then return end
    local from, to, subject = line:match("^(%S+) (%S+) (.*)$")
    local id = Mailman.sendMail("<" .. from .. ">", "<" .. to .. ">",
      "From: " .. from .. "\r\nTo: " .. to .. "\r\nSubject: " .. subject .. "\r\n\r\nThis is a note.\r\n")
    session:send(type(id) == "string" and "sent" or tostring(id), "\r\n")
  end
end
Rumble.createService(notify, 2711, 2)
