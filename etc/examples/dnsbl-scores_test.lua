local t = require 'smtpe.test'
t.dns { default = t.nxdomain }

t.case('nobody who is on no list is refused', function(s)
  s:from('192.0.2.7'):send{ to = 'x@example.com' }:expect(250):header_absent('X-Listed')
end)

t.case('one list with weight 5 refuses, and says which', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = '127.0.0.4', ['7.2.0.192.zen.example TXT'] = 'see https://zen.example/7' }
  s:from('192.0.2.7'):mail('a@b.example'):rcpt('x@example.com'):expect(554, 'zen.example')
  s:rcpt('postmaster@example.com'):expect(250)
end)

t.case('less is marked', function(s)
  t.dns { ['7.2.0.192.bl.example A'] = '127.0.0.2', ['7.2.0.192.bl.example TXT'] = {} }
  s:from('192.0.2.7'):send{ to = 'x@example.com' }:expect(250):header('X-Listed', 'score 3')
end)

t.case('a list that vouches for a client takes off', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = '127.0.0.4', ['7.2.0.192.white.example A'] = '127.0.0.2', ['7.2.0.192.zen.example TXT'] = {}, ['7.2.0.192.white.example TXT'] = {} }
  s:from('192.0.2.7'):send{ to = 'x@example.com' }:expect(250)
end)

t.case('a list that is down refuses nobody', function(s)
  t.dns { ['7.2.0.192.zen.example A'] = t.timeout }
  s:from('192.0.2.7'):send{ to = 'x@example.com' }:expect(250)
  t.log('no answer from zen.example')
end)

t.case('a link to a domain that is listed', function(s)
  t.dns { ['evil-shop.com.dbl.example A'] = '127.0.1.2', ['evil-shop.com.dbl.example TXT'] = {} }
  s:from('192.0.2.7'):send{ to = 'x@example.com', text = 'Subject: x\n\nhttp://evil-shop.com/' }:expect(554, 'a link in this message')
end)

t.case('our own networks are not looked up', function(s)
  s:from('10.0.0.1'):mail('a@b.example'):rcpt('x@example.com'):expect(250)
end)
