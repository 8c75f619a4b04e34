-- (e) six hooks, one of which waits for ten look-ups at once that no cache has.
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
  local name = client.id_trans:lower() .. '.bench.test'
  dns.open()
  for i = 1, 10 do dns.query(dns.class.IN, dns.type.A, i .. '.' .. name) end
  conn.answers = dns.wait(true)
  if #conn.answers ~= 10 then return '451 4.3.0 ' .. #conn.answers .. ' answers' end
end

function hook.data()
end

function hook.dot(path)
  conn.size = client.message_length
end
