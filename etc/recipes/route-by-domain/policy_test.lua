local t = require 'smtpe.test'

t.file { ['maps/routes.txt'] = 'example.com 10.0.0.5:25\nexample.net 10.0.0.6:25\npostmaster 10.0.0.5:25\n' }
t.next_hop('10.0.0.5:25', {})
t.next_hop('10.0.0.6:25', { rcpt = { ['bad@example.net'] = '550 5.1.1 no such user' } })

t.case('each domain has its server', function(s)
  s:send { to = 'x@example.com' }:expect(250)
  s:send { to = 'y@example.net' }:expect(250)
  assert(t.forwarded(1).host == '10.0.0.5:25')
  assert(t.forwarded(2).host == '10.0.0.6:25')
end)

t.case('a recipient of another server comes later', function(s)
  s:mail 'a@b.example':rcpt 'x@example.com':expect(250)
  s:rcpt 'y@example.net':expect(452)
end)

t.case('that server says who its users are', function(s)
  s:mail 'a@b.example':rcpt 'bad@example.net':expect(550, 'no such user')
end)

t.case('nobody else', function(s)
  s:mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, '5.7.1')
  s:rcpt 'x%elsewhere.example@example.com':expect(550, 'relay')
end)

t.case('the postmaster needs no domain', function(s)
  s:mail 'a@b.example':rcpt 'Postmaster':expect(250)
  s:rcpt 'x@example.com':expect(250)
end)
