-- What a webmail does: lists a mailbox, shows a letter with its parts, deletes one.
local function outline(part, depth, lines)
  local kind = part.headers["content-type"] or "text/plain"
  kind = kind:match("^[^;%s]+")
  if part.parts then
    lines[#lines + 1] = (" "):rep(depth) .. kind .. " (" .. #part.parts .. ")"
    for _, child in ipairs(part.parts) do outline(child, depth + 1, lines) end
  else
    lines[#lines + 1] = (" "):rep(depth) .. kind .. " " .. #part.body
  end
end
local function webmail(session)
  while true do
    local line, length = session:receive()
    if length == 0 then return end
    local verb, a, b = line:match("^(%a+) (%S+) ?(%S*)$")
    if verb == "LIST" then
      local account = Mailman.readAccount(b, a)
      local letters = account and Mailman.listHeaders(account.id) or {}
      for _, letter in ipairs(letters) do
        session:send(("%d|%s|%s|%s\r\n"):format(letter.id, letter.from or "-", letter.subject or "-", tostring(letter.read)))
      end
      session:send(#letters .. " letters\r\n")
    elseif verb == "SHOW" then
      local letter = Mailman.readMail(tonumber(a), tonumber(b))
      if letter then
        local lines = {}
        outline(letter, 0, lines)
        session:send(letter.headers.subject or "-", "\r\n", table.concat(lines, "\r\n"), "\r\n.\r\n")
      else
        session:send("no such letter\r\n.\r\n")
      end
    elseif verb == "DROP" then
      Mailman.deleteMail(tonumber(a), tonumber(b))
      session:send("dropped\r\n")
    elseif verb == "ID" then
      local account = Mailman.readAccount(b, a)
      session:send(account and tostring(account.id) or "-", "\r\n")
    end
  end
end
Rumble.createService(webmail, 2710, 4)
