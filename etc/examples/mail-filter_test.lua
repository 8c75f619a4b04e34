local t = require 'smtpe.test'
t.dns { ['b.example MX'] = '10 mx.b.example', ['b.example A'] = {}, ['b.example AAAA'] = {}, default = t.nxdomain }
t.clamd { EICAR = 'Eicar-Signature' }
t.spamd { GTUBE = { score = 1000, symbols = { 'GTUBE' } }, ['buy now'] = 6.5, default = 0.1 }

local function from_b(s)
  return s:from('192.0.2.7', 'mx.b.example')
end

t.case('good mail is taken and marked', function(s)
  from_b(s):send{ from = 'a@b.example', to = 'x@example.com', text = 'X-Spam-Status: No, of the sender\n\nhi' }:expect(250)
  s:header('X-Spam-Status', 'No, score=0.1'):header('X-Virus-Scanned', 'clean'):header_absent('X-Listed-By')
  assert(not t.forwarded(1).data:find('of the sender', 1, true), 'what the sender says of it stays')
end)

t.case('two lists refuse', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = '127.0.0.2', ['7.2.0.192.bl.example A'] = '127.0.0.3' }
  from_b(s):expect(554, 'is listed by zen.example and bl.example'):closed()
end)

t.case('one list marks', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = '127.0.0.2' }
  from_b(s):send{ from = 'a@b.example', to = 'x@example.com' }:expect(250):header('X-Listed-By', 'zen.example')
end)

t.case('an answer that is none of a list counts as none', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = '127.255.255.254', ['7.2.0.192.bl.example A'] = '198.51.100.1' }
  from_b(s):expect(220)
end)

t.case('who has no name is refused', function(s)
  s:from('192.0.2.7'):expect(554, 'no reverse name'):closed()
end)

t.case('who cannot be looked up comes back', function(s)
  t.dns { ['192.0.2.7 PTR'] = t.timeout }
  s:from('192.0.2.7'):expect(421, '4.4.3'):closed()
end)

t.case('a sender whose domain takes no mail', function(s)
  t.dns { ['null.example MX'] = '0 .', ['null.example A'] = {}, ['null.example AAAA'] = {}, ['slow.example MX'] = t.timeout }
  from_b(s):mail('a@null.example'):expect(550, '5.7.27')
  s:mail('a@nothing.example'):expect(550, '5.1.8')
  s:mail('a@slow.example'):expect(451, '4.4.3')
  s:mail(''):expect(250)
end)

t.case('a virus is refused, by its name', function(s)
  from_b(s):send{ from = 'a@b.example', to = 'x@example.com', text = 'Subject: x\n\nEICAR' }:expect(550, 'Eicar-Signature')
  t.forwarded(0)
end)

t.case('spam is refused or marked, by its score', function(s)
  from_b(s):send{ from = 'a@b.example', to = 'x@example.com', text = 'Subject: x\n\nGTUBE' }:expect(550, '1000.0')
  from_b(t.session()):send{ from = 'a@b.example', to = 'x@example.com', text = 'Subject: buy now\n\n' }:expect(250)
  s:header('X-Spam-Status', 'Yes, score=6.5')
end)

t.case('without clamd nothing is taken, without spamd it is unknown', function(s)
  t.spamd { default = t.timeout }
  from_b(s):send{ from = 'a@b.example', to = 'x@example.com' }:expect(250):header('X-Spam-Status', 'unknown')
  t.clamd { default = t.timeout }
  from_b(t.session()):send{ from = 'a@b.example', to = 'x@example.com' }:expect(451, 'virus scanner')
end)
