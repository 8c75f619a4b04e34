local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.case('from outside: the subject gets a tag, once', function(s)
  s:from '192.0.2.7':send { to = 'x@example.com', file = 'mail/letter.eml' }:expect(250)
  s:header('Subject', '[external] a letter')
  s:send { to = 'x@example.com', text = 'Subject: Re: [external] a letter\n\nx\n' }:expect(250)
  s:header('Subject', 'Re: [external] a letter')
  assert(not t.forwarded(2).data:find('[external] Re:', 1, true))
end)

t.case('from us: a footer, once, and no tag', function(s)
  s:from '10.0.0.7':send { from = 'joe@example.com', to = 'x@b.example', file = 'mail/letter.eml' }:expect(250)
  assert(t.forwarded(1).data:find('Example Corp, Springfield', 1, true))
  assert(t.forwarded(1).data:find('\nSubject: a letter\r', 1, true))
  s:send { from = 'joe@example.com', to = 'x@b.example', text = 'Subject: x\n\n> Example Corp, Springfield\n' }:expect(250)
  local _, times = t.forwarded(2).data:gsub('Example Corp', '')
  assert(times == 1)
end)

t.case('strangers write to nobody else', function(s)
  s:from '192.0.2.7':mail 'a@b.example':rcpt 'x@b.example':expect(550)
end)
