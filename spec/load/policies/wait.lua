-- (e) six hooks, one of which waits: a DNS look-up that no cache has.
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
  dns.open()
  dns.query(dns.class.IN, dns.type.A, client.id_trans:lower() .. '.bench.test')
  conn.answers = dns.wait(1)
end

function hook.data()
end

function hook.dot(path)
  conn.size = client.message_length
end
