-- (c) six hooks, and every header and line of the body.
local conn = { rcpts = 0 }

function hook.accept(ip, host)
  conn.ip = ip
  conn.host = host
end

function hook.ehlo(name)
  conn.helo = name:lower()
end

function hook.mail(sender, domain)
  conn.sender = sender
  conn.domain = domain
end

function hook.rcpt(recipient, domain)
  conn.rcpts = conn.rcpts + 1
  if domain == 'refused.example' then return '550 5.1.1 no such user' end
end

function hook.data()
end

function hook.dot(path)
  conn.size = client.message_length
end

local headers, lines, links = 0, 0, 0

function hook.header(line)
  headers = headers + 1
  if line:sub(1, 8) == 'Subject:' then conn.subject = line:sub(9) end
end

function hook.body(line)
  lines = lines + 1
  if line:find('http://', 1, true) then links = links + 1 end
end
