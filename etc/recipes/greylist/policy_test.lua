local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.case('waits five minutes, and is known then', function(s)
  s:from '192.0.2.7':mail 'a@b.example':rcpt 'x@example.com':expect(451, '4.7.1')
  t.clock:forward '1m'
  t.session():from '192.0.2.7':mail 'a@b.example':rcpt 'x@example.com':expect(451, '240 seconds')
  t.clock:forward '4m'
  t.session():from '192.0.2.7':send { from = 'a@b.example', to = 'x@example.com' }:expect(250)
end)

t.case('bounces wait at DATA', function(s)
  s:from '192.0.2.7':mail '':rcpt 'x@example.com':expect(250)
  s:command 'DATA':expect(451, 'greylisted')
end)

t.case('our own networks do not wait', function(s)
  s:from '10.0.0.7':send { to = 'x@example.com' }:expect(250)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
