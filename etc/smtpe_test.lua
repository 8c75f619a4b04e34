-- What the policy to start from promises. Run it: smtpe test etc/smtpe_test.lua
local t = require 'smtpe.test'

t.case('mail for our domains is taken, with a trace header', function(s)
  s:from('192.0.2.7', 'mx.client.example'):helo('mx.client.example')
  s:send{ to = { 'x@example.com', 'y@EXAMPLE.net', 'postmaster' } }:expect(250)
  local message = t.forwarded(1)
  assert(#message.recipients == 3)
  s:header('Received', 'from mx.client.example (mx.client.example [192.0.2.7])')
end)

t.case('it is no relay', function(s)
  s:mail('a@example.com'):expect(250)
  s:rcpt('x@elsewhere.example'):expect(550, 'we do not take mail')
  s:rcpt('x%elsewhere.example@example.com'):expect(550)
  s:rcpt('elsewhere.example!x@example.com'):expect(550)
  s:rcpt('x@example.com'):expect(250)
  t.forwarded(0)
end)

t.case('nobody has our name', function(s)
  s:helo(smtpe.host):expect(550, 'not of yours'):closed()
end)

t.case('programs on this machine may say its name, and send to our domains only', function(s)
  s:from('127.0.0.1'):helo(smtpe.host):expect(250)
  s:mail('a@b.example'):rcpt('x@elsewhere.example'):expect(550)
end)

t.case('what a client says of itself forges no header', function(s)
  s:from('2001:db8::7'):command('HELO x(y) by evil'):expect(250)
  s:send{ to = 'x@example.com' }:expect(250):header('Received', '[IPv6:2001:db8::7]')
  local _, _, helo = t.forwarded(1).data:find('^Received: from (%S+)')
  assert(not helo:find('[()]'), helo)
end)
