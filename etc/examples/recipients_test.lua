local t = require 'smtpe.test'
t.next_hop('10.0.0.5', { rcpt = { ['nobody@example.net'] = '550 5.1.1 no such user' } })

t.case('who stands in the file is taken, nobody else of that domain', function(s)
  t.file { recipients = 'bob@example.com OK\nold@example.com REJECT moved to new@example.com\n' }
  s:mail('a@b.example')
  s:rcpt('bob@example.com'):expect(250)
  s:rcpt('eve@example.com'):expect(550, 'no such user')
  s:rcpt('old@example.com'):expect(550, 'moved to new@example.com')
end)

t.case('the next hop is asked about the other domains', function(s)
  s:mail('a@b.example')
  s:rcpt('x@example.net'):expect(250)
  s:rcpt('nobody@example.net'):expect(550)
end)

t.case('a next hop that is down refuses nobody', function(s)
  t.next_hop('10.0.0.5', { down = true })
  s:mail('a@b.example'):rcpt('x@example.org'):expect(250)
end)

t.case('no other domain, and always the postmaster', function(s)
  s:mail('a@b.example')
  s:rcpt('x@elsewhere.example'):expect(550, 'we do not take mail')
  s:rcpt('Postmaster'):expect(250)
end)
