local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.case('a letter with a picture', function(s)
  s:send { to = 'x@example.com', file = 'mail/picture.eml' }:expect(250)
end)

t.case('a program, by its name', function(s)
  s:send { to = 'x@example.com', file = 'mail/program.eml' }:expect(550, 'programs are not accepted')
  assert(t.forwarded() == 0)
end)

t.case('a program that is called a picture', function(s)
  s:send { to = 'x@example.com', file = 'mail/disguised.eml' }:expect(550, 'programs are not accepted')
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
