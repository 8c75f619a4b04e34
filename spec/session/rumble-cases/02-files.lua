-- Says whether a file is there, its size and when it was changed.
local function files(session)
  local name = session:receive()
  if not file.exists(name) then
    session:send("missing ", tostring(file.stat(name)), "\r\n")
    return
  end
  local info = file.stat(name)
  local kinds = {}
  for _, field in ipairs({ "size", "created", "modified", "accessed", "mode" }) do
    kinds[#kinds + 1] = field .. "=" .. type(info[field])
  end
  session:send(("%d %s %s\r\n"):format(info.size, tostring(os.time() - info.modified < 3600), table.concat(kinds, " ")))
end
Rumble.createService(files, 2702, 2)
