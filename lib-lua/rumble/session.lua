-- The session table of a call. Its functions are fields of its own, as scripts may look for them there.

local rawget, type, error, tostring, select, concat, sub = rawget, type, error, tostring, select, table.concat, string.sub

-- What stands behind the table that a method is called with.
local function handle_of(session, name)
  local handle = type(session) == 'table' and rawget(session, 0)
  if type(handle) ~= 'userdata' then
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. (type(session) == 'table' and 'one that is no session' or type(session)) .. ')', 3)
  end
  return handle
end

-- A number in front announces how many octets follow; further on it is text. What is neither text nor number is passed over.
local function send(session, ...)
  local handle = handle_of(session, 'send')
  local first, texts = (...), {}
  local from = type(first) == 'number' and 2 or 1
  for place = from, select('#', ...) do
    local value = (select(place, ...))
    if type(value) == 'string' or type(value) == 'number' then
      texts[#texts + 1] = tostring(value)
    end
  end
  local octets = concat(texts)
  if from == 2 and first < #octets then
    octets = first < 1 and '' or sub(octets, 1, first // 1)
  end
  -- A tail call: whoever looks sees the line of the script.
  return handle:send(octets)
end

local function receive(session)
  return handle_of(session, 'receive'):receive()
end

local function receivebytes(session, count)
  return handle_of(session, 'receivebytes'):receivebytes(count)
end

local function lock(session)
  return handle_of(session, 'lock'):lock()
end

local function unlock(session)
  return handle_of(session, 'unlock'):unlock()
end

return function(handle, fields)
  fields[0] = handle
  fields.send, fields.receive, fields.receivebytes, fields.lock, fields.unlock = send, receive, receivebytes, lock, unlock
  return fields
end
