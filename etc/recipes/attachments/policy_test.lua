local t = require 'smtpe.test'

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
