local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.next_hop('lmtp:/run/dovecot/lmtp-smtpe', {})

local function recipients(s, score, to)
  t.rspamd { default = score }
  s:send { from = 'bob@shop.example', to = to }:expect(250)
  return table.concat(t.forwarded(1).recipients, ' ')
end

t.case('what is well goes to the inbox', function(s)
  assert(recipients(s, 1, 'ann@example.com') == 'ann@example.com')
end)

t.case('what looks like spam to the folder of each', function(s)
  local to = { 'ann@example.com', 'Joe+shop@example.com' }
  assert(recipients(s, 8, to) == 'ann+Junk@example.com Joe+Junk@example.com')
end)

t.case('an address in quotes stays', function(s)
  assert(recipients(s, 8, '"a b"@example.com') == '"a b"@example.com')
end)

t.case('without rspamd to the inbox', function(s)
  assert(recipients(s, t.timeout, 'ann@example.com') == 'ann@example.com')
end)

t.case('what is spam for sure is refused', function(s)
  t.rspamd { default = 20 }
  s:send { from = 'bob@shop.example', to = 'ann@example.com' }:expect(554)
  t.forwarded(0)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
