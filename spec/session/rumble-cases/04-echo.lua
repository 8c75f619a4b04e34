-- Echo: every line comes back with its length, until the client sends "bye" or closes.
local function echo(session)
  session:send("hello ", session.address, " over ", session.protocol, "\r\n")
  while true do
    local line, length = session:receive()
    if length == 0 or line == "bye" then break end
    session:send(length .. ":" .. line .. "\r\n")
  end
  session:send("bye\r\n")
end
local made = Rumble.createService(echo, 2705, 2)
if made == true then print("echo: ready") end
