-- Tests of cluster.lua: smtpe test etc/examples/cluster
local t = require 'smtpe.test'
t.next_hop('10.0.0.30:25', {}) -- as smtpe.cf has it

t.case('mail for others is refused', function(s)
  s:mail('a@b.example'):rcpt('x@elsewhere.example'):expect(550, 'not our mail')
end)

t.case('somebody unknown comes back after five minutes, to whichever machine', function(s)
  s:from('192.0.2.7'):mail('a@b.example'):rcpt('x@EXAMPLE.com'):expect(451, 'try again in 300 seconds')
  t.clock:forward('4m')
  t.session():from('192.0.2.7'):mail('a@b.example'):rcpt('x@example.com'):expect(451, 'try again in 60 seconds')
  t.clock:forward('1m')
  t.session():from('192.0.2.9'):send{ from = 'a@b.example', to = 'x@example.com', text = 'Subject: hi\n\nHello.' }:expect(250)
  assert(t.forwarded(1).host == '10.0.0.30:25')
end)

t.case('the null sender waits at DATA', function(s)
  s:mail(''):rcpt('x@example.com'):expect(250)
  s:data('Subject: bounce\n\nHello.'):expect(451, 'greylisted')
end)

t.case('a network has one limit', function(s)
  -- Known already, from wherever in the network.
  s:from('192.0.2.7'):mail('a@b.example'):rcpt('x@example.com'):expect(451)
  t.clock:forward('5m')
  local other = t.session():from('192.0.2.200'):mail('a@b.example')
  for _ = 1, 100 do other:rcpt('x@example.com'):expect(250) end
  other:rcpt('x@example.com'):expect(451, 'too much from your network')
end)

t.case('without the store greylisting lets everybody through, and the limit holds for each machine', function(s)
  t.store(t.timeout)
  s:mail('a@b.example')
  for _ = 1, 100 do s:rcpt('x@example.com'):expect(250) end
  s:rcpt('x@example.com'):expect(451, 'too much from your network')
end)
