-- Who guesses addresses waits: longer after each recipient that does not exist, and is hung up on after ten.

-- Our people, an address a line; a change counts within seconds, without a reload.
local people = map.open 'maps/people.txt'
local LONGEST = 16 -- seconds
local MOST = 10

local wrong = 0

function hook.rcpt(recipient)
  local name = recipient:lower()
  if people:lookup(name) or name:find '^postmaster' then return end
  wrong = wrong + 1
  -- Only this client waits. Its connection counts all the while: see limit-client-connections.
  util.sleep(math.min(2 ^ (wrong - 1), LONGEST))
  if wrong >= MOST then return true, '421 4.7.0 too many recipients that do not exist' end
  return '550 5.1.1 there is no ' .. recipient
end
