-- string.find, match, gmatch and gsub that no pattern can make run for ever: Lua's own matcher where it is certain to be quick, the
-- engine's, which can be stopped, otherwise. gsub calls a replacement function from Lua, so that it may wait for the engine.

local runtime = ...
local native = runtime.native
local find, match, gmatch, gsub, sub, byte = string.find, string.match, string.gmatch, string.gsub, string.sub, string.byte
local type, tostring, tonumber, error, select, concat, huge =
  type, tostring, tonumber, error, select, runtime.bounded.table.concat, math.huge
local floor = math.floor
local getmetatable = debug.getmetatable

local patterns = {}

-- pattern -> the longest subject for Lua's own matcher. Short ones only: a long one may be text of a mail. Emptied when there are too many.
local KEPT, KEPT_LENGTH = 2000, 200
local LONGEST = 32768
-- Steps that a plain search may take where it cannot be interrupted.
local AFFORDABLE = 4000000

local is_plain = native.is_plain

local known = 0
local quick = {}
setmetatable(quick, {
  __index = function(t, pattern)
    if type(pattern) ~= 'string' then
      return huge
    end
    if #pattern > KEPT_LENGTH then
      if is_plain(pattern) then
        return AFFORDABLE / #pattern
      elseif #pattern > LONGEST then
        error('pattern too long (more than ' .. LONGEST .. ' bytes)', 3)
      end
      return native.quick_length(pattern)
    elseif known >= KEPT then
      for key in next, t do
        t[key] = nil
      end
      known = 0
    end
    known = known + 1
    local length = native.quick_length(pattern)
    t[pattern] = length
    return length
  end,
})

-- The next match at `from` or behind it. What is longer than a pattern may be is plain text, or was refused: not taken apart.
local function match_from(s, pattern, from)
  if #pattern > LONGEST then
    local first, last = native.find_plain(s, pattern, from)
    return first, last
  end
  return native.match_from(s, pattern, from)
end

local function slow(s, pattern)
  return type(s) == 'string' and #s > quick[pattern]
end

-- The same where Lua's own function does more for each match than finding it.
local function slow_to_replace(s, pattern)
  return type(s) == 'string' and #s > quick[pattern] / 4
end

-- Without the fraction, as Lua 5.1 converts it.
local function whole(number)
  return number > 0 and floor(number) or -floor(-number)
end

-- The position that `init` means, or nil when it is behind the subject.
local function position(s, init)
  init = init == nil and 1 or floor(tonumber(init) or 1)
  if init < 0 then
    init = #s + init + 1
  end
  if init < 1 then
    return 1
  end
  return init <= #s + 1 and init or nil
end

function patterns.find(s, pattern, init, plain)
  if init and init % 1 ~= 0 then
    init = whole(init)
  end
  if plain then
    if type(s) == 'string' and #s > 4000 and type(pattern) == 'string' and #s * #pattern > AFFORDABLE then
      local from = position(s, init)
      if from == nil then
        return nil
      end
      return native.find_plain(s, pattern, from)
    end
  elseif type(s) == 'string' and #s > quick[pattern] then
    local from = position(s, init)
    if from == nil then
      return nil
    elseif is_plain(pattern) then
      return native.find_plain(s, pattern, from)
    end
    return match_from(s, pattern, from)
  end
  return find(s, pattern, init, plain)
end

local function captures(s, first, last, ...)
  if first == nil then
    return nil
  elseif select('#', ...) == 0 then
    return sub(s, first, last)
  end
  return ...
end

function patterns.match(s, pattern, init)
  if init and init % 1 ~= 0 then
    init = whole(init)
  end
  if slow(s, pattern) then
    local from = position(s, init)
    if from == nil then
      return nil
    end
    return captures(s, match_from(s, pattern, from))
  end
  return match(s, pattern, init)
end

-- In gmatch a '^' is no anchor.
local function unanchored(pattern)
  return byte(pattern) == 94 and '%' .. pattern or pattern
end

function patterns.gmatch(s, pattern, init)
  if not slow(s, pattern) then
    return gmatch(s, pattern, init)
  end
  local from, behind = position(s, init) or #s + 2, nil
  pattern = unanchored(pattern)
  local function advance(first, last, ...)
    if first == nil then
      from = #s + 2
      return nil
    end
    if last + 1 == behind then -- an empty match right behind the last one
      from = from + 1
      if from > #s + 1 then
        return nil
      end
      return advance(match_from(s, pattern, from))
    end
    from, behind = last + 1, last + 1
    return captures(s, first, last, ...)
  end
  return function()
    if from > #s + 1 then
      return nil
    end
    return advance(match_from(s, pattern, from))
  end
end

-- One replacement string for a match: %0 the match, %1 to %9 captures, % and anything else that character (as Lua 5.1 has it).
local function expand(template, s, first, last, ...)
  local count = select('#', ...)
  local values = { ... }
  return (gsub(template, '%%(.?)', function(what)
    local index = tonumber(what)
    if index == nil then
      return what
    elseif index == 0 or index == 1 and count == 0 then
      return sub(s, first, last)
    elseif index > count then
      error('invalid capture index %' .. index .. ' in replacement string', 6)
    end
    return tostring(values[index])
  end))
end

-- gsub in Lua, over a function that finds the next match.
local function replace(s, pattern, replacement, limit, seek)
  local kind = type(replacement)
  local pieces, n, count, from, behind = {}, 0, 0, 1, nil
  local anchored = byte(pattern) == 94
  local function value(first, last, ...)
    if kind == 'string' then
      return expand(replacement, s, first, last, ...)
    end
    local key = ...
    if select('#', ...) == 0 then
      key = sub(s, first, last)
    end
    if kind == 'table' then
      return replacement[key]
    elseif select('#', ...) == 0 then
      return (replacement(key))
    end
    return (replacement(...))
  end
  local function step(first, last, ...)
    if first == nil then
      return false
    end
    if last + 1 == behind then
      if anchored or from > #s then
        return false
      end
      n = n + 1
      pieces[n] = sub(s, from, from)
      from, behind = from + 1, nil
      return true
    end
    count = count + 1
    local text = value(first, last, ...)
    if not text then
      text = sub(s, first, last)
    elseif type(text) ~= 'string' and type(text) ~= 'number' then
      error('invalid replacement value (a ' .. type(text) .. ')', 3)
    end
    pieces[n + 1] = sub(s, from, first - 1)
    pieces[n + 2] = text
    n = n + 2
    from, behind = last + 1, last + 1
    return not anchored
  end
  while count < limit and from <= #s + 1 and step(seek(s, pattern, from)) do end
  if from <= #s then
    pieces[n + 1] = sub(s, from)
  end
  return concat(pieces), count
end

-- A replacement text in which something is to be put in may have this length, bytes.
local LONGEST_TEMPLATE = 65536

-- Lua 5.1 takes any character behind % in a replacement; Lua 5.4 only digits and %.
local function digits_only(replacement)
  if not find(gsub(replacement, '%%[%d%%]', ''), '%', 1, true) then
    return replacement
  end
  return (gsub(replacement, '%%(.?)', function(character)
    if character == '' then
      return '\0' -- the end of the string, in C
    elseif not find(character, '^[%d%%]$') then
      return character
    end
  end))
end

function patterns.gsub(s, pattern, replacement, limit)
  local kind = type(replacement)
  if kind == 'string' then
    if find(replacement, '%', 1, true) then
      if #replacement > LONGEST_TEMPLATE then
        error("bad argument #3 to 'gsub' (replacement with '%' longer than " .. LONGEST_TEMPLATE .. ' bytes)', 2)
      end
      replacement = digits_only(replacement)
    end
  elseif kind == 'number' then
    replacement, kind = tostring(replacement), 'string'
  end
  local is_slow = slow_to_replace(s, pattern)
  if kind == 'function' or kind == 'table' and getmetatable(replacement) or is_slow and (kind == 'string' or kind == 'table') then
    if type(s) == 'number' then
      s = tostring(s)
    end
    if type(s) == 'string' and type(pattern) == 'string' then
      local max = limit == nil and huge or tonumber(limit) or 0
      -- find takes a pattern without any of these for plain text, a parenthesis that closes nothing too.
      local is_odd = find(pattern, ')', 1, true) and not find(pattern, '[%^%$*+?.(%[%%-]')
      local seek = (is_odd or slow(s, pattern)) and match_from or find
      return replace(s, pattern, replacement, max, seek)
    end
  end
  return gsub(s, pattern, replacement, limit)
end

return patterns
