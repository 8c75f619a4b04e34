local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.next_hop('127.0.0.1:2526', {})

t.case('the archive gets what the recipients get', function(s)
  s:send { from = 'bob@shop.example', to = { 'ann@example.com', 'joe@example.com' } }:expect(250)
  assert(table.concat(t.forwarded(1).recipients, ' ') == 'ann@example.com joe@example.com archive@example.com')
  assert(not t.forwarded(1).data:find('archive@', 1, true))
end)

t.case('nothing is archived that nobody gets', function(s)
  s:mail 'bob@shop.example':rcpt 'x@elsewhere.example':expect(550)
  s:command 'DATA':expect(554, 'no recipients')
  t.forwarded(0)
end)

t.case('without the archive nobody gets it, and the client comes again', function(s)
  t.next_hop('127.0.0.1:2526', { rcpt = { ['archive@example.com'] = '452 4.2.2 full' } })
  s:send { from = 'bob@shop.example', to = 'ann@example.com' }:expect(451)
  t.forwarded(0)
end)
