-- The smallest web server: GET gives the path, POST gives back the body.
local function web(session)
  local request = session:receive()
  local headers = {}
  while true do
    local line, length = session:receive()
    if length == 0 then break end
    local name, value = line:match("^([%w-]+): *(.*)$")
    if name then headers[name:lower()] = value end
  end
  local body = request:match("^GET (%S+)") or ""
  local size = tonumber(headers["content-length"])
  if size then
    local data, count = session:receivebytes(size)
    body = count .. "/" .. #data .. "/" .. data
  end
  session:send("HTTP/1.1 200 OK\r\nConnection: close\r\n", "Content-Length: " .. #body .. "\r\n\r\n")
  session:send(#body, body)
end
Rumble.createService(web, 2706, 5)
