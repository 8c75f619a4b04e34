local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.next_hop('127.0.0.1:2526', {})

t.case('what is well goes to its recipients', function(s)
  t.rspamd { default = 1 }
  s:send { to = { 'x@example.com', 'y@example.com' } }:expect(250)
  assert(#t.forwarded(1).recipients == 2)
  s:header_absent 'X-Quarantine'
end)

t.case('what is doubtful goes to the quarantine, with the names of its recipients', function(s)
  t.rspamd { default = 14 }
  s:send { to = { 'x@example.com', 'y@example.com' } }:expect(250)
  local mail = t.forwarded(1)
  assert(#mail.recipients == 1 and mail.recipients[1] == 'quarantine@example.com')
  s:header('X-Quarantine', 'score=14; for=x@example.com y@example.com')
end)

t.case('what is spam for sure is refused', function(s)
  t.rspamd { default = 40 }
  s:send { to = 'x@example.com' }:expect(554, 'spam')
end)

t.case('rspamd is down: later', function(s)
  t.rspamd { default = t.timeout }
  s:send { to = 'x@example.com' }:expect(451)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
