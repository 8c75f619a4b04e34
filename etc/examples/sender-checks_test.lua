local t = require 'smtpe.test'
t.dns {
  ['b.example TXT'] = 'v=spf1 ip4:192.0.2.7 -all',
  ['_dmarc.b.example TXT'] = 'v=DMARC1; p=reject',
  ['_dmarc.q.example TXT'] = 'v=DMARC1; p=quarantine',
  default = t.nxdomain,
}

local function send(s, from, author)
  return s:send{ from = from, to = 'x@example.com', text = 'From: ' .. author .. '\nSubject: x\n\nhi' }
end

t.case('who may send for a domain is taken, and the results stand in the message', function(s)
  send(s:from('192.0.2.7', 'mx.b.example'), 'a@b.example', 'a@b.example'):expect(250)
  s:header('Authentication-Results', 'spf=pass'):header('Authentication-Results', 'dmarc=pass'):header_absent('X-Quarantine')
end)

t.case('who may not is refused at MAIL', function(s)
  s:from('198.51.100.9'):mail('a@b.example'):expect(550, 'SPF: 198.51.100.9 may not send')
end)

t.case('an author whose domain wants such mail refused', function(s)
  send(s:from('192.0.2.7'), 'bounce@elsewhere.example', 'a@b.example'):expect(550, 'DMARC')
end)

t.case('or set aside', function(s)
  send(s:from('192.0.2.7'), 'bounce@elsewhere.example', 'a@q.example'):expect(250):header('X-Quarantine', 'quarantine by q.example')
end)

t.case('a domain that cannot be looked up', function(s)
  t.dns { ['_dmarc.slow.example TXT'] = t.timeout }
  send(s:from('192.0.2.7'), 'a@b.example', 'a@slow.example'):expect(451, 'slow.example')
end)

t.case('our own hosts write as ours only, and their mail is signed', function(s)
  send(s:from('10.0.0.1'), 'ann@example.com', 'ann@b.example'):expect(550, 'From: has to be an address')
end)
