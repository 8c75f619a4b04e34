-- Checks the table of named arguments that a helper was given. A field that is misspelt would be passed over in silence, and a limit with it:
-- so it raises an error, with the name that was probably meant.
local fields = {}

-- How many letters have to be changed, added, left out or swapped to make one word of another.
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

-- The known name that is most like this one; nil when none is like it.
local function nearest(name, known)
  local best, least = nil, math.max(2, #name // 3) + 1
  for other in pairs(known) do
    local d = distance(name:lower(), other)
    if d < least or d == least and best and other < best then best, least = other, d end
  end
  return best
end

-- The names of a table in order, for messages.
local function names(known)
  local list = {}
  for name in pairs(known) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ', ')
end

-- A closed set of words: what is not one of them raises an error, so that a comparison with a misspelt word is not just false.
function fields.words(what, list)
  local words = {}
  for _, word in ipairs(list) do words[word] = word end
  return setmetatable(words, {
    __index = function(_, word)
      local near = type(word) == 'string' and nearest(word, words)
      error(("there is no %s '%s'%s"):format(what, tostring(word), near and "; did you mean '" .. near .. "'?" or ''), 2)
    end,
    __newindex = function() error(what .. ' cannot be changed', 2) end,
  })
end

local function is_finite(value)
  return type(value) == 'number' and value == value and value < math.huge
end

-- Whole numbers of a range, 24.0 as well as 24.
local function whole(low, high, unit)
  return {
    function(value)
      local number = type(value) == 'number' and math.tointeger(value)
      return number and number >= low and number <= high or false
    end,
    ('whole number from %d to %d%s'):format(low, high, unit or ''),
  }
end

local is_ttl = whole(1, 31536000)[1]
fields.is_ttl = is_ttl

-- What a field has to be, by the word it is described with: a test, and what is right in words.
local kinds = {
  -- Of what is only put into keys: a number is as good.
  string = { function(value) return type(value) == 'string' or type(value) == 'number' end, 'string' },
  text = { function(value) return type(value) == 'string' end, 'string' },
  number = { is_finite, 'number' },
  positive = { function(value) return is_finite(value) and value > 0 end, 'number above 0' },
  count = { function(value) return is_finite(value) and value >= 0 end, 'number from 0' },
  -- Seconds that an entry of the store may live.
  ttl = { is_ttl, 'whole seconds, 1 to 31536000,' },
  bits4 = whole(0, 32, ' (bits)'),
  bits6 = whole(0, 128, ' (bits)'),
  hundred = whole(1, 100),
  times = whole(1, 1000000000),
  table = { function(value) return type(value) == 'table' end, 'table' },
  list = { function(value) return type(value) == 'table' or type(value) == 'string' end, 'table or string' },
  any = { function() return true end, 'anything' },
  -- What is to be done when the store or a server has no answer.
  open_closed = { function(value) return value == 'open' or value == 'closed' end, "'open' or 'closed'" },
  on_failure = {
    function(value) return value == 'open' or value == 'closed' or value == 'local' end,
    "'open', 'closed' or 'local'",
  },
}

local function shown(value)
  return type(value) == 'string' and "'" .. value:sub(1, 60) .. "'" or type(value) == 'number' and tostring(value) or type(value)
end

-- A function that raises an error at whoever called the helper `name` unless it is given a table with the fields of `known`: each with its
-- kind, and ? behind the kind of one that may be left out. `level`: how far above that is; 3 is the caller of the caller.
function fields.checker(name, known)
  local tests, right, required = {}, {}, {}
  for field, kind in pairs(known) do
    local plain = kind:gsub('%?$', '')
    tests[field], right[field] = kinds[plain][1], kinds[plain][2]
    if plain == kind then required[#required + 1] = field end
  end
  return function(given, level, place)
    level = level or 3
    local what = place or name
    if type(given) ~= 'table' then
      error(("%s: table with %s expected, got %s"):format(what, names(known), shown(given)), level)
    end
    for field, value in next, given do
      local test = tests[field]
      if not test then
        local near = type(field) == 'string' and nearest(field, known)
        local hint = near and ("did you mean '%s'?"):format(near) or 'there are ' .. names(known)
        error(("%s: there is no field '%s'; %s"):format(what, tostring(field), hint), level)
      elseif not test(value) then
        error(("%s: %s expected as %s, got %s"):format(what, right[field], field, shown(value)), level)
      end
    end
    for _, field in ipairs(required) do
      if given[field] == nil then error(("%s: the field '%s' is missing"):format(what, field), level) end
    end
  end
end

return fields
