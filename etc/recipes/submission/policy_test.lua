local t = require 'smtpe.test'

t.users { ['ann@example.com'] = 'secret', joe = 'secret' }

local function letter(s, from, author)
  return s:send { from = from, to = 'bob@shop.example', text = 'From: ' .. author .. '\nSubject: x\n\nhi' }
end

t.case('who has logged in sends as himself', function(s)
  letter(s:tls {}:auth('ann@example.com', 'secret'), 'Ann@example.com', 'Ann <ann@example.com>'):expect(250)
  t.session():tls {}:auth('joe', 'secret'):mail 'joe@example.com':expect(250)
end)

t.case('and as who he may besides', function(s)
  letter(s:tls {}:auth('ann@example.com', 'secret'), 'info@example.com', 'info@example.com'):expect(250)
end)

t.case('not as somebody else, in the envelope or in From', function(s)
  s:tls {}:auth('joe', 'secret')
  s:mail 'ann@example.com':expect(553, 'is not yours')
  letter(s, 'joe@example.com', 'The boss <ann@example.com>'):expect(550, 'From')
  t.forwarded(0)
end)

t.case('not without a log-in', function(s)
  s:tls {}:mail 'ann@example.com':expect(530)
  t.session():tls {}:auth('joe', 'wrong'):expect(535)
end)

t.case('not more than is usual', function(s)
  s:tls {}:auth('joe', 'secret'):mail 'joe@example.com'
  for i = 1, 50 do s:rcpt('x' .. i .. '@shop.example'):expect(250) end
  s:rcpt 'y@shop.example':expect(451)
  t.clock:forward '18s'
  s:rcpt 'y@shop.example':expect(250)
end)
