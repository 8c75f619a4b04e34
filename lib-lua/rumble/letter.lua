-- `Mailman.readMail` over what gives a letter in pieces: multiparts stand in each other as deep as limit-mime-depth allows, and thousands of parts are
-- not put into a script at once.

local _, behind = ...
local begin, more = behind.rumble_letter, behind.rumble_more_parts
local pcall, error = pcall, error

return function(uid, lid)
  local done, letter, rest = pcall(begin, uid, lid)
  if not done then
    -- Where it was called, and not here.
    error(letter, 2)
  elseif letter == nil then
    return
  end
  -- The part of each depth that was the last.
  local above = {}
  while rest do
    local piece
    piece, rest = more(rest)
    for place = 1, #piece do
      local part = piece[place]
      local depth = part.depth
      part.depth = nil
      if not part.body then
        part.parts = {}
      end
      if depth == 0 then
        letter.headers, letter.body, letter.parts = part.headers, part.body, part.parts
        above[0] = letter
      else
        local its = above[depth - 1].parts
        its[#its + 1] = part
        above[depth] = part
      end
    end
  end
  return letter
end
