local t = require 'smtpe.test'

t.case('sixty connections of a network in a minute', function(s)
  for i = 1, 60 do t.session():from('192.0.2.' .. i):expect(220) end
  s:from('192.0.2.200'):expect(421, 'too many connections'):closed()
  t.session():from('198.51.100.1'):expect(220)
  t.clock:forward('1s')
  t.session():from('192.0.2.201'):expect(220)
end)

t.case('fifty recipients at once, then four seconds of an hour each', function(s)
  s:from('192.0.2.7'):mail('')
  for i = 1, 50 do s:rcpt('x' .. i .. '@example.com'):expect(250) end
  s:rcpt('y@example.com'):expect(451, '4.7.1')
  t.clock:forward('18s')
  s:rcpt('y@example.com'):expect(250)
end)

t.case('for others only from who has logged in', function(s)
  s:mail('a@b.example'):rcpt('x@elsewhere.example'):expect(550)
end)

t.case('this machine has no limits', function(s)
  for _ = 1, 70 do t.session():from('127.0.0.1'):expect(220) end
end)
