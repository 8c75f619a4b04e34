local t = require 'smtpe.test'

local function try(s)
  return s:from('192.0.2.7'):mail('a@b.example'):rcpt('x@example.com')
end

t.case('who is new waits five minutes', function(s)
  try(s):expect(451, 'greylisted, try again in 300 seconds')
  t.clock:forward('4m')
  try(t.session()):expect(451)
  t.clock:forward('2m')
  try(t.session()):expect(250)
end)

t.case('who comes back after more than a day is new again', function(s)
  try(s):expect(451)
  t.clock:forward('25h')
  try(t.session()):expect(451, '300 seconds')
end)

t.case('mail for others is not taken', function(s)
  s:mail('a@b.example'):rcpt('x@elsewhere.example'):expect(550)
end)

t.case('our own networks do not wait', function(s)
  s:from('10.1.2.3'):mail('a@b.example'):rcpt('x@example.com'):expect(250)
end)

t.case('a bounce waits at DATA, so that asking for an address works', function(s)
  s:from('192.0.2.7'):mail(''):rcpt('x@example.com'):expect(250)
  s:command('DATA'):expect(451, 'greylisted')
end)
