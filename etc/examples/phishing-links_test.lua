local t = require 'smtpe.test'
t.dns { default = t.nxdomain }

local function send(s, html)
  return s:send{ to = 'x@example.com', text = 'Content-Type: text/html\n\n' .. html }
end

t.case('a link that shows where it leads', function(s)
  send(s, '<a href="https://www.good.example.org/a">https://www.good.example.org/a</a>'):expect(250):header_absent('X-Links')
end)

t.case('one that shows another place', function(s)
  send(s, '<a href="https://evil.example.net/">https://www.good.example.org/</a>'):expect(550, 'and leads to')
end)

t.case('one to a bare address', function(s)
  send(s, '<a href="http://198.51.100.7/">here</a>'):expect(550, 'leads to the address 198.51.100.7')
end)

t.case('one whose domain is listed', function(s)
  t.dns { ['evil-shop.com.multi.surbl.org A'] = '127.0.0.2', ['evil-shop.com.dbl.spamhaus.org A'] = '127.255.255.254' }
  send(s, '<a href="http://www.evil-shop.com/">here</a>'):expect(550, 'multi.surbl.org')
end)

t.case('the mark is ours alone', function(s)
  s:send{ to = 'x@example.com', text = 'X-Links: none\n\nhello' }:expect(250):header_absent('X-Links')
end)
