-- What LuaSocket's `mime` has in C: base64, quoted-printable, line ends, wrapping and dot-stuffing, as low-level filters. Each takes what is
-- left of the chunk before and the chunk, and gives what is ready and what is left; a chunk of nil is the end.

local _, behind = ...
local util = behind.api 'util'
local type, error, tostring = type, error, tostring
local sub, gsub, byte, format, find, match, char = string.sub, string.gsub, string.byte, string.format, string.find, string.match, string.char
local concat, tonumber = table.concat, tonumber

local core = { _VERSION = 'MIME 1.0.3' }

-- The text of an argument that may be nil.
local function optional(value, n, name)
  if value ~= nil and type(value) ~= 'string' and type(value) ~= 'number' then
    error('bad argument #' .. n .. " to '" .. name .. "' (string expected, got " .. type(value) .. ')', 3)
  end
  return value ~= nil and tostring(value) or nil
end

-- b64(left, chunk) -> base64 of whole triples, and the octets that are left; without a chunk all of it.
function core.b64(left, chunk)
  left, chunk = optional(left, 1, 'b64'), optional(chunk, 2, 'b64')
  if left == nil then
    return nil, nil
  elseif chunk == nil then
    local done = util.base64_encode(left)
    return done ~= '' and done or nil, nil
  end
  local all = left .. chunk
  local whole = #all - #all % 3
  return util.base64_encode(sub(all, 1, whole)), sub(all, whole + 1)
end

-- unb64(left, chunk): characters that are no base64 are passed over.
function core.unb64(left, chunk)
  left, chunk = optional(left, 1, 'unb64'), optional(chunk, 2, 'unb64')
  if left == nil then
    return nil, nil
  end
  local all = gsub(left .. (chunk or ''), '[^%w%+/=]', '')
  local whole = #all - #all % 4
  local pieces, count, from = {}, 0, 1
  while from <= whole do
    -- Padding ends a text; another may follow.
    local _, pad = find(all, '=+', from)
    local stop = pad and pad < whole and pad + (4 - pad % 4) % 4 or whole
    count = count + 1
    pieces[count] = util.base64_decode(sub(all, from, stop)) or ''
    from = stop + 1
  end
  local octets = concat(pieces)
  if chunk == nil then
    return octets ~= '' and octets or nil, nil
  end
  return octets, sub(all, whole + 1)
end

local function hex(c)
  return format('=%02X', byte(c))
end

-- Quoted-printable of a text; at the end of one, white space is encoded too.
local function quoted(s, marker, is_end)
  s = gsub(s, '[^ \t\r\n!-<>-~]', hex)
  local lines, count, from = {}, 0, 1
  while true do
    local at = find(s, '\r\n', from, true)
    if at == nil then
      break
    end
    count = count + 1
    lines[count] = gsub(gsub(sub(s, from, at - 1), '[\r\n]', hex), '[ \t]$', hex) .. marker
    from = at + 2
  end
  local last = gsub(sub(s, from), '[\r\n]', hex)
  if is_end then
    last = gsub(last, '[ \t]$', hex)
  end
  return concat(lines) .. last
end

-- How much of a text may still become something else with what follows: white space, or the first half of CRLF.
local function undecided(s)
  return match(s, '[ \t]?\r?$')
end

-- qp(left, chunk[, marker]) -> quoted-printable; `marker` stands for the line ends of the text (CRLF).
function core.qp(left, chunk, marker)
  left, chunk = optional(left, 1, 'qp'), optional(chunk, 2, 'qp')
  marker = optional(marker, 3, 'qp') or '\r\n'
  if left == nil then
    return nil, nil
  end
  local all = left .. (chunk or '')
  local rest = undecided(all)
  local done = quoted(sub(all, 1, #all - #rest), marker, false)
  if chunk == nil then
    done = done .. (rest ~= '' and quoted(rest, marker, true) .. '=\r\n' or '')
    return done ~= '' and done or nil, nil
  end
  return done, rest
end

-- unqp(left, chunk): reads quoted-printable; soft line ends are taken out, and what may not stand in it.
function core.unqp(left, chunk)
  left, chunk = optional(left, 1, 'unqp'), optional(chunk, 2, 'unqp')
  if left == nil then
    return nil, nil
  end
  local all = left .. (chunk or '')
  local out, count, at, size = {}, 0, 1, #all
  local function put(piece)
    count = count + 1
    out[count] = piece
  end
  while at <= size do
    local plain = match(all, '^[\t\32-<>-~]+', at)
    if plain then
      put(plain)
      at = at + #plain
    end
    local c = sub(all, at, at)
    if c == '=' then
      if at + 2 > size then
        break
      end
      local three = sub(all, at, at + 2)
      local digits = match(three, '^=(%x%x)')
      if digits then
        put(char(tonumber(digits, 16)))
      elseif three ~= '=\r\n' then
        put(three)
      end
      at = at + 3
    elseif c == '\r' then
      if at + 1 > size then
        break
      end
      put(sub(all, at + 1, at + 1) == '\n' and '\r\n' or '')
      at = at + 2
    elseif not plain then
      at = at + 1
    end
  end
  local octets = concat(out)
  if chunk == nil then
    return octets ~= '' and octets or nil, nil
  end
  return octets, sub(all, at)
end

-- wrp(left, text, length): lines of at most `length` characters; `left` is how many the present line has room for.
function core.wrp(left, chunk, length)
  left, length = tonumber(left), tonumber(length) or 76
  chunk = optional(chunk, 2, 'wrp')
  if left == nil then
    error("bad argument #1 to 'wrp' (number expected)", 2)
  elseif chunk == nil then
    return left < length and '\r\n' or nil, length
  end
  local out, count = {}, 0
  local function put(piece)
    count = count + 1
    out[count] = piece
  end
  for part, newline in string.gmatch(gsub(chunk, '\r', ''), '([^\n]*)(\n?)') do
    while #part > 0 do
      if left <= 0 then
        put '\r\n'
        left = length
      end
      put(sub(part, 1, left))
      local took = #part < left and #part or left
      part = sub(part, took + 1)
      left = left - took
    end
    if newline == '\n' then
      put '\r\n'
      left = length
    end
  end
  return concat(out), left
end

-- qpwrp(left, text, length): as wrp, for quoted-printable: soft line ends, and no escape is torn.
function core.qpwrp(left, chunk, length)
  left, length = tonumber(left), tonumber(length) or 76
  chunk = optional(chunk, 2, 'qpwrp')
  if left == nil then
    error("bad argument #1 to 'qpwrp' (number expected)", 2)
  elseif chunk == nil then
    return left < length and '=\r\n' or nil, length
  end
  local out, count, at, size = {}, 0, 1, #chunk
  while at <= size do
    local c = sub(chunk, at, at)
    if c == '\n' then
      count, left = count + 1, length
      out[count] = '\r\n'
    elseif c ~= '\r' then
      if left <= 1 or c == '=' and left <= 3 then
        count, left = count + 1, length
        out[count] = '=\r\n'
      end
      local piece = c
      if c ~= '=' and left > 2 then
        piece = match(sub(chunk, at, at + left - 2), '^[^=\r\n]+')
      end
      count, left = count + 1, left - #piece
      out[count] = piece
      at = at + #piece - 1
    end
    at = at + 1
  end
  return concat(out), left
end

-- eol(context, text[, marker]): all line ends become `marker` (CRLF); `context` is 0 or the last character of the chunk before.
function core.eol(context, chunk, marker)
  context = tonumber(context) or 0
  chunk, marker = optional(chunk, 2, 'eol'), optional(marker, 3, 'eol') or '\r\n'
  if chunk == nil then
    return nil, 0
  end
  local out, count = {}, 0
  for part, ending in string.gmatch(chunk, '([^\r\n]*)([\r\n]?)') do
    count = count + 1
    out[count] = part
    local code = ending ~= '' and byte(ending) or 0
    if part ~= '' then
      context = 0
    end
    if code ~= 0 then
      if context == 0 or context == code then
        count = count + 1
        out[count] = marker
      end
      -- The second of two is the other half of a pair, or a line end without a half.
      context = context == 0 and code or 0
    end
  end
  return concat(out), context
end

-- dot(state, text): dot-stuffing; 2 is the state at the beginning of a line.
function core.dot(state, chunk)
  state = tonumber(state) or 2
  chunk = optional(chunk, 2, 'dot')
  if chunk == nil then
    return nil, 2
  elseif chunk == '' then
    return '', state
  end
  local out = gsub(chunk, '\r\n%.', '\r\n..')
  local first = sub(chunk, 1, 1)
  if state == 2 and first == '.' then
    out = '.' .. out
  elseif state == 1 and first == '\n' and sub(chunk, 2, 2) == '.' then
    out = '\n.' .. sub(out, 2)
  end
  if sub(chunk, -2) == '\r\n' or state == 1 and chunk == '\n' then
    state = 2
  elseif sub(chunk, -1) == '\r' then
    state = 1
  else
    state = 0
  end
  return out, state
end

return core
