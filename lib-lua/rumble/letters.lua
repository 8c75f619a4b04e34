-- `Mailman.listHeaders` over what gives a list in pieces: thousands of letters are not put into a script at once, as nobody else would be served
-- meanwhile.

local _, behind = ...
local move = table.move
local begin, more = behind.rumble_letters, behind.rumble_more_letters
local pcall, error = pcall, error

return function(uid, folder)
  local done, letters, rest = pcall(begin, uid, folder)
  if not done then
    -- Where it was called, and not here.
    error(letters, 2)
  elseif letters == nil then
    return
  end
  while rest do
    local piece
    piece, rest = more(rest)
    move(piece, 1, #piece, #letters + 1, letters)
  end
  return letters
end
