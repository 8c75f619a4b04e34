local t = require 'smtpe.test'

t.file { ['maps/people.txt'] = 'ann@example.com\njoe@example.com\n' }

t.case('who is there is taken at once', function(s)
  s:mail 'bob@shop.example'
  s:rcpt 'Ann@example.com':expect(250)
  s:rcpt 'postmaster@example.com':expect(250)
end)

t.case('who is not costs a second, then two', function(s)
  s:mail 'bob@shop.example':rcpt 'a@example.com'
  t.clock:forward '1s'
  s:expect(550, 'there is no a@example.com'):rcpt 'b@example.com'
  t.clock:forward '2s'
  s:expect(550):rcpt 'joe@example.com':expect(250)
end)

t.case('the tenth is the last', function(s)
  s:mail 'bob@shop.example'
  for i = 1, 10 do
    s:rcpt('x' .. i .. '@example.com')
    t.clock:forward '16s'
  end
  s:expect(421, 'too many'):closed()
end)
