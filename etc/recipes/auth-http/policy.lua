-- Who may log in is asked of a web service: 200 is yes, 401 or 403 no, everything else "later". Whoever has logged in may write to everybody.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

local SERVICE = 'http://127.0.0.1:8080/auth'

-- As in a form.
local function encode(text)
  return (text:gsub('[^%w%-._]', function(c) return ('%%%02X'):format(c:byte()) end))
end

function hook.auth()
  service.http.request(SERVICE, 'POST', nil,
    'user=' .. encode(client.auth_claim) .. '&password=' .. encode(client.auth_password))
  local code = service.wait(true).http[1].rcode
  if code == 200 then return '235 2.7.0 welcome' end
  if code == 401 or code == 403 then return '535 5.7.8 name or password wrong' end
  return '454 4.7.0 log-ins cannot be checked now'
end
