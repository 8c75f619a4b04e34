local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.dns {
  ['b.example TXT'] = 'v=spf1 ip4:192.0.2.7 -all',
  ['_dmarc.b.example TXT'] = 'v=DMARC1; p=reject',
  ['soft.example TXT'] = 'v=spf1 ip4:192.0.2.7 ~all',
  default = t.nxdomain,
}

local function letter(from)
  return 'From: <' .. from .. '>\nTo: <x@example.com>\nSubject: x\nDate: Sat, 3 Jan 2026 12:00:00 +0000\n\nHello.\n'
end

t.case('the host may send for its domain', function(s)
  s:from '192.0.2.7':send { from = 'a@b.example', to = 'x@example.com', text = letter 'a@b.example' }:expect(250)
  s:header('Authentication-Results', 'spf=pass')
end)

t.case('another host may not', function(s)
  s:from '192.0.2.8':mail 'a@b.example':expect(550, 'SPF')
end)

t.case('in the name of somebody else: DMARC', function(s)
  s:from '192.0.2.7':send { from = 'a@soft.example', to = 'x@example.com', text = letter 'a@b.example' }:expect(550, 'DMARC')
  assert(t.forwarded() == 0)
end)

t.case('a domain without records', function(s)
  s:send { from = 'a@other.example', to = 'x@example.com', text = letter 'a@other.example' }:expect(250)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.7':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
