-- What a script of option load-script is called through: run before the script itself, it adds what Rumble has in `string`, sends what is printed to
-- the log, and gives us the function by which every hook and every connection of a service is called.

local _, behind = ...
local tostring, select, concat = tostring, select, table.concat
local session = behind.library 'rumble.session'

behind.library 'rumble.strings'

-- luacheck: globals Mailman
Mailman.listHeaders = behind.library 'rumble.letters'
Mailman.readMail = behind.library 'rumble.letter'

-- luacheck: globals print
function print(...)
  local texts = {}
  for place = 1, select('#', ...) do
    texts[place] = tostring((select(place, ...)))
  end
  behind.rumble_print(concat(texts, '\t'))
end

-- `fields` are those of the session table, `handle` stands behind it. `line`: the command that a hook is called for.
return function(called, handle, fields, line)
  return called(session(handle, fields), line)
end
