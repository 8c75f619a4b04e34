-- Mail for the people of example.com, who may give away addresses with an end: ann.2026-03@example.com is ann@example.com until March 2026 is over.
local people = map.open('people.txt')

-- Who is meant, and the last month of the address when it has one.
local function person_of(name)
  local person, month = name:match('^(.+)%.(%d%d%d%d%-%d%d)@example%.com$')
  if person then return person .. '@example.com', month end
  return name
end

function hook.rcpt(recipient, domain)
  local name = recipient:lower()
  if name == 'postmaster' or name == 'postmaster@example.com' then return end
  if domain:lower() ~= 'example.com' then return '550 5.7.1 no mail for ' .. domain .. ' here' end
  local person, month = person_of(name)
  if not people:lookup(person) then return '550 5.1.1 there is no ' .. recipient end
  if not month then return end
  if os.date('!%Y-%m') > month then return '550 5.1.6 ' .. recipient .. ' was good until the end of ' .. month end
  client.remove_recipient(recipient)
  client.add_recipient(person)
end

local dnsbl = require 'smtpe.dnsbl'

function hook.accept(ip)
  if net.is_ip_reserved(ip, net.is_ip.LOCAL) then return end
  local score = dnsbl.check{ ip = ip, lists = { 'lists.example' } }
  if score > 0 then return true, '554 5.7.1 ' .. ip .. ' is on lists.example' end
end

function hook.dot(path)
  service.clamd(path, '127.0.0.1:3310')
  local found = service.wait(true).clamd
  if found.is_infected then return '550 5.7.1 there is ' .. found.signature .. ' in this message' end
  if found.error then return '451 4.7.1 the message cannot be looked at now, try again later' end
end
