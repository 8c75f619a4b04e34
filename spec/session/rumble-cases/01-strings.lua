-- Answers each line of a client with what the string functions make of it.
local function strings(session)
  while true do
    local line, length = session:receive()
    if length == 0 then return end
    local verb, text = line:match("^(%S+) ?(.*)$")
    if verb == "SHA" then session:send(text:SHA256(), "\r\n")
    elseif verb == "ENC" then session:send("[", (text:encode64():gsub("%s+$", "")), "]\r\n")
    elseif verb == "DEC" then session:send("[", string.decode64(text), "]\r\n")
    elseif verb == "TRIP" then session:send(tostring(text:encode64():decode64() == text), "\r\n")
    else session:send("?\r\n") end
  end
end
if Rumble.createService(strings, 2701, 4) == true then print("strings: ready") end
