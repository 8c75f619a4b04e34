local t = require 'smtpe.test'

t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '192.0.2.0/24\n' }

t.case('a stranger writes to our domain', function(s)
  s:from('203.0.113.9', 'mx.b.example'):send { to = 'bob@example.com' }:expect(250)
  assert(t.forwarded() == 1)
end)

t.case('a stranger does not write to others', function(s)
  s:from '203.0.113.9':mail 'a@b.example':rcpt 'victim@elsewhere.example':expect(550, '5.7.1')
  s:rcpt 'victim%elsewhere.example@example.com':expect(550, 'relay')
  assert(t.forwarded() == 0)
end)

t.case('our networks write to everybody', function(s)
  s:from '192.0.2.7':send { to = 'x@elsewhere.example' }:expect(250)
end)

t.case('the postmaster is reached without a domain', function(s)
  s:from '203.0.113.9':mail 'a@b.example':rcpt 'postmaster':expect(250)
end)
