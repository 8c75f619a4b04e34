local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.dns {
  ['7.2.0.192.zen.example A'] = '127.0.0.2',
  ['8.2.0.192.bl.example A'] = '127.0.0.2',
  ['9.2.0.192.zen.example A'] = '127.0.0.2',
  ['9.2.0.192.white.example A'] = '127.0.0.2',
  ['10.2.0.192.zen.example A'] = t.timeout,
  default = t.nxdomain,
}

t.case('on a heavy list: refused', function(s)
  s:from '192.0.2.7':mail 'a@b.example':rcpt 'x@example.com':expect(554, 'zen.example')
end)

t.case('the postmaster can be asked for help all the same', function(s)
  s:from '192.0.2.7':mail 'a@b.example':rcpt 'postmaster@example.com':expect(250)
end)

t.case('a light list alone is not enough', function(s)
  s:from '192.0.2.8':mail 'a@b.example':rcpt 'x@example.com':expect(250)
end)

t.case('somebody vouches for the client', function(s)
  s:from '192.0.2.9':mail 'a@b.example':rcpt 'x@example.com':expect(250)
end)

t.case('a list that is down refuses nobody', function(s)
  s:from '192.0.2.10':mail 'a@b.example':rcpt 'x@example.com':expect(250)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
