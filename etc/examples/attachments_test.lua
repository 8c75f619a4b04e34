local t = require 'smtpe.test'

local function attached(name, content)
  return ([[
Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the file.
--b
Content-Type: application/octet-stream; name="%s"
Content-Disposition: attachment; filename="%s"
Content-Transfer-Encoding: base64

%s
--b--
]]):format(name, name, util.base64_encode(content))
end

local function send(s, name, content)
  return s:send{ to = 'x@example.com', text = attached(name, content) }
end

t.case('a text and a picture are taken', function(s)
  send(s, 'notes.txt', 'hello'):expect(250)
  send(s, 'a.png', '\137PNG\r\n\26\n' .. ('\0'):rep(40)):expect(250)
end)

t.case('a program, by its name', function(s)
  send(s, 'setup.exe', 'hello'):expect(550, 'programs are not accepted')
  send(s, 'setup.exe.gz', 'hello'):expect(550)
end)

t.case('a program, whatever it is called', function(s)
  send(s, 'notes.txt', 'MZ' .. ('\0'):rep(58) .. '\64\0\0\0PE\0\0' .. ('\0'):rep(200)):expect(550, 'programs are not accepted')
end)

t.case('an archive that is none', function(s)
  send(s, 'a.zip', 'hello'):expect(550, 'cannot be looked into')
end)

t.case('a message in pieces', function(s)
  s:send{ to = 'x@example.com', text = 'Content-Type: message/partial; id=x; number=1; total=2\n\nhi' }:expect(550, 'in pieces')
end)
