local t = require 'smtpe.test'

t.case('takes mail for two domains and the postmaster', function(s)
  s:mail('a@b.example')
  s:rcpt('x@example.com'):expect(250)
  s:rcpt('x@example.org'):expect(250)
  s:rcpt('PostMaster'):expect(250)
  s:rcpt('x@example.net'):expect(550, 'we do not take mail for x@example.net')
end)

t.case('marks what comes from a client without a name', function(s)
  s:from('192.0.2.7'):send{ to = 'x@example.com' }:expect(250):header('X-No-Name', '192.0.2.7')
end)

t.case('marks nothing else', function(s)
  s:from('192.0.2.7', 'mx.b.example'):send{ to = 'x@example.com' }:expect(250):header_absent('X-No-Name')
end)
