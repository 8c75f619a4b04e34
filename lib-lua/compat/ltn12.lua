-- LTN12 (LuaSocket): sources give chunks, sinks take them, filters change them, pumps move them. Also the global `ltn12`.

local type, error, select, sub = type, error, select, string.sub
local unpack = unpack or table.unpack

local ltn12 = { _VERSION = 'LTN12 1.0.3', BLOCKSIZE = 2048, filter = {}, source = {}, sink = {}, pump = {} }
local filter, source, sink, pump = ltn12.filter, ltn12.source, ltn12.sink, ltn12.pump

-- A filter of a low-level one, which takes a state and an extra argument and gives a result and the next state.
function filter.cycle(low, state, extra)
  if low == nil then
    error("bad argument #1 to 'cycle' (filter expected)", 2)
  end
  return function(chunk)
    local result
    result, state = low(state, chunk, extra)
    return result
  end
end

-- Filters one behind the other. Each is asked again with '' until it has nothing more, as it may give much for little.
function filter.chain(...)
  local filters, count = { ... }, select('#', ...)
  local top, index = 1, 1
  local retry = ''
  return function(chunk)
    retry = chunk and retry
    while true do
      if index == top then
        chunk = filters[index](chunk)
        if chunk == '' or top == count then
          return chunk
        elseif chunk then
          index = index + 1
        else
          top = top + 1
          index = top
        end
      else
        chunk = filters[index](chunk or '')
        if chunk == '' then
          index = index - 1
          chunk = retry
        elseif chunk then
          if index == count then
            return chunk
          end
          index = index + 1
        else
          error('filter returned inappropriate nil', 2)
        end
      end
    end
  end
end

local function nothing()
  return nil
end

function source.empty()
  return nothing
end

function source.error(message)
  return function()
    return nil, message
  end
end

function source.file(handle, message)
  if not handle then
    return source.error(message or 'unable to open file')
  end
  return function()
    local chunk = handle:read(ltn12.BLOCKSIZE)
    if not chunk then
      handle:close()
    end
    return chunk
  end
end

-- Of a source that may name its successor.
function source.simplify(from)
  return function()
    local chunk, successor = from()
    from = successor or from
    if not chunk then
      return nil, successor
    end
    return chunk
  end
end

function source.string(s)
  if not s then
    return source.empty()
  end
  local at = 1
  return function()
    local chunk = sub(s, at, at + ltn12.BLOCKSIZE - 1)
    at = at + ltn12.BLOCKSIZE
    return chunk ~= '' and chunk or nil
  end
end

function source.table(list)
  if type(list) ~= 'table' then
    error("bad argument #1 to 'table' (table expected, got " .. type(list) .. ')', 2)
  end
  local at = 0
  return function()
    at = at + 1
    return list[at]
  end
end

-- A source whose chunks can be put back.
function source.rewind(from)
  local back = {}
  return function(chunk)
    if chunk then
      back[#back + 1] = chunk
      return
    end
    local count = #back
    if count > 0 then
      chunk = back[count]
      back[count] = nil
      return chunk
    end
    return from()
  end
end

function source.chain(from, f, ...)
  if select('#', ...) > 0 then
    f = filter.chain(f, ...)
  end
  local feeding, last_in, last_out = true, '', ''
  return function()
    if not from then
      return nil, 'source is empty after the end'
    end
    while true do
      if feeding then
        local message
        last_in, message = from()
        if message then
          return nil, message
        end
        last_out = f(last_in)
        if not last_out then
          if last_in then
            error('filter returned inappropriate nil', 2)
          end
          from = nil
          return nil
        elseif last_out ~= '' then
          feeding = false
          if last_in then
            last_in = ''
          end
          return last_out
        elseif not last_in then
          feeding = false
        end
      else
        last_out = f(last_in)
        if last_out == '' then
          if last_in == '' then
            feeding = true
          else
            error("filter returned ''", 2)
          end
        elseif not last_out then
          if not last_in then
            return nil
          end
          error('filter returned inappropriate nil', 2)
        else
          return last_out
        end
      end
    end
  end
end

-- Sources one after the other.
function source.cat(...)
  local sources = { ... }
  local at = 1
  return function()
    while sources[at] do
      local chunk, message = sources[at]()
      if chunk or message then
        return chunk, message
      end
      at = at + 1
    end
  end
end

-- A sink that puts chunks into a table, and the table.
function sink.table(list)
  list = list or {}
  return function(chunk)
    if chunk then
      list[#list + 1] = chunk
    end
    return 1
  end, list
end

function sink.simplify(to)
  return function(chunk, message)
    local ok, successor = to(chunk, message)
    if not ok then
      return nil, successor
    end
    to = successor or to
    return 1
  end
end

function sink.null()
  return function()
    return 1
  end
end

function sink.error(message)
  return function()
    return nil, message
  end
end

function sink.file(handle, message)
  if not handle then
    return sink.error(message or 'unable to open file')
  end
  return function(chunk)
    if chunk then
      return handle:write(chunk)
    end
    handle:close()
    return 1
  end
end

function sink.chain(f, to, ...)
  local more = select('#', ...)
  if more > 0 then
    local parts = { f, to, ... }
    to = parts[more + 2]
    f = filter.chain(unpack(parts, 1, more + 1))
  end
  return function(chunk, message)
    if chunk == '' then
      return 1
    end
    local filtered = f(chunk)
    local done = chunk and ''
    while true do
      local ok, why = to(filtered, message)
      if not ok then
        return nil, why
      elseif filtered == done then
        return 1
      end
      filtered = f(done)
    end
  end
end

function pump.step(from, to)
  local chunk, message = from()
  local ok, why = to(chunk, message)
  if chunk and ok then
    return 1
  end
  return nil, message or why
end

function pump.all(from, to, step)
  step = step or pump.step
  while true do
    local ok, message = step(from, to)
    if not ok then
      if message then
        return nil, message
      end
      return 1
    end
  end
end

if rawget(_G, 'ltn12') == nil then
  rawset(_G, 'ltn12', ltn12)
end
return ltn12
