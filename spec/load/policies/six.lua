-- (b) six hooks that look at what they are given, as a real policy does.
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
