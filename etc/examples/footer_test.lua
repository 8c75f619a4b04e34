local t = require 'smtpe.test'

local function send(s, from, text)
  return s:send{ from = 'ann@example.com', to = 'x@example.org', text = 'From: ' .. from .. '\nSubject: x\n\n' .. text }
end
local MARK = 'Example Corp, Springfield'

t.case('our own mail gets the footer', function(s)
  send(s:from('10.1.2.3'), 'ann@example.com', 'Hello.'):expect(250)
  assert(t.forwarded(1).data:find(MARK, 1, true))
end)

t.case('an answer that has it gets no second one', function(s)
  send(s:from('10.1.2.3'), 'ann@example.com', '> ' .. MARK):expect(250)
  local _, count = t.forwarded(1).data:gsub(MARK, '')
  assert(count == 1)
end)

t.case('the mail of strangers is left alone, whoever they say they are', function(s)
  send(s:from('192.0.2.7'), 'ann@example.com', 'Hello.'):expect(250)
  assert(not t.forwarded(1).data:find(MARK, 1, true))
end)

t.case('bounces and programs get none', function(s)
  s:from('10.1.2.3')
  s:send{ from = '', to = 'x@example.org', text = 'From: ann@example.com\n\nbounce' }:expect(250)
  s:send{ from = 'ann@example.com', to = 'x@example.org', text = 'From: ann@example.com\nAuto-Submitted: auto-replied\n\naway' }:expect(250)
  for i = 1, 2 do assert(not t.forwarded(i).data:find(MARK, 1, true)) end
end)

t.case('strangers write to our domains only', function(s)
  s:from('192.0.2.7'):mail('a@b.example'):rcpt('x@elsewhere.example'):expect(550)
end)
