local t = require 'smtpe.test'

t.case('our people get mail, others do not', function(s)
  s:mail('bob@shop.example')
  s:rcpt('ann@example.com'):expect(250)
  s:rcpt('eve@example.com'):expect(550, 'there is no eve@example.com')
  s:rcpt('ann@elsewhere.example'):expect(550, 'no mail for elsewhere.example')
end)

t.case('an address with an end goes to its owner', function(s)
  s:send{ from = 'bob@shop.example', to = 'Ann.2026-03@example.com' }:expect(250)
  assert(t.forwarded(1).recipients[1] == 'ann@example.com')
end)

t.case('until it is over', function(s)
  t.clock:forward('100d')
  s:mail('bob@shop.example'):rcpt('ann.2026-03@example.com'):expect(550, 'was good until')
end)

t.case('and not for somebody who is not there', function(s)
  s:mail('bob@shop.example'):rcpt('eve.2026-03@example.com'):expect(550, 'there is no')
end)

t.dns{ ['7.2.0.192.lists.example A'] = '127.0.0.2', ['7.2.0.192.lists.example TXT'] = {}, default = t.nxdomain }

t.case('who is on a list is turned away', function(s)
  s:from('192.0.2.7'):expect(554, '192.0.2.7 is on lists.example'):closed()
end)

t.clamd{ EICAR = 'Eicar-Signature' }

t.case('a virus is refused, and nobody gets it', function(s)
  s:send{ from = 'bob@shop.example', to = 'ann@example.com', text = 'Subject: look\n\nEICAR' }:expect(550, 'Eicar-Signature')
  t.forwarded(0)
end)

t.case('without the scanner nothing is taken', function(s)
  t.clamd{ default = t.timeout }
  s:send{ from = 'bob@shop.example', to = 'ann@example.com' }:expect(451)
end)
