local t = require 'smtpe.test'

-- As the cases have them, whatever yours say.
t.file { ['maps/domains.txt'] = 'example.com\n', ['maps/networks.txt'] = '10.0.0.0/8\n' }

t.http {
  ['POST http://127.0.0.1:8080/auth'] = function(q)
    return q.form.user == 'joe' and q.form.password == 'a b&c' and 200 or 403
  end,
}

t.case('the right password', function(s)
  s:tls {}:auth('joe', 'a b&c'):expect(235)
  s:send { to = 'x@elsewhere.example' }:expect(250)
end)

t.case('the wrong one', function(s)
  s:tls {}:auth('joe', 'x'):expect(535)
  s:mail 'joe@example.com':rcpt 'x@elsewhere.example':expect(550, 'we do not take mail')
end)

t.case('the service is down: later, and nobody gets in', function(s)
  t.http { ['POST http://127.0.0.1:8080/auth'] = t.timeout }
  s:tls {}:auth('joe', 'a b&c'):expect(454)
end)

t.case('our own domain without a log-in', function(s)
  s:mail 'a@b.example':rcpt 'x@example.com':expect(250)
end)
