local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.clamd { ['mail/virus.eml'] = 'Eicar-Signature', default = 'clean' }
t.rspamd { ['mail/spam.eml'] = 20, ['mail/newsletter.eml'] = 7, default = 0 }

t.case('a virus', function(s)
  s:send { to = 'x@example.com', file = 'mail/virus.eml' }:expect(550, 'Eicar')
  assert(t.forwarded() == 0)
end)

t.case('spam', function(s)
  s:send { to = 'x@example.com', file = 'mail/spam.eml' }:expect(554, 'spam')
end)

t.case('what is doubtful is marked', function(s)
  s:send { to = 'x@example.com', file = 'mail/newsletter.eml' }:expect(250)
  s:header('X-Spam', 'yes')
end)

t.case('a mark that a stranger has put there goes', function(s)
  s:send { to = 'x@example.com', text = 'X-Spam: no\nSubject: x\n\nx\n' }:expect(250)
  s:header_absent 'X-Spam'
end)

t.case('clamd is down: later', function(s)
  t.clamd { default = t.timeout }
  s:send { to = 'x@example.com' }:expect(451)
end)

t.case('mail for others is not taken', function(s)
  s:from '192.0.2.99':mail 'a@b.example':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
  t.forwarded(0)
end)
