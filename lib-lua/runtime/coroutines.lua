-- Waiting for the engine from anywhere: a suspending function yields TAG and gets its results from the engine. Inside a coroutine
-- of the policy's own the wait is handed on by whoever resumed it, so that the policy's resume sees only the policy's yields.

local runtime = ...
local tag = runtime.tag
local yield, resume, status, running, close, new =
  coroutine.yield, coroutine.resume, coroutine.status, coroutine.running, coroutine.close, coroutine.create
local error, type, xpcall = error, type, xpcall
local located, located_in, is_ours = runtime.positions.located, runtime.positions.located_in, runtime.positions.is_ours
local interrupted, look, check_memory = runtime.native.interrupted, runtime.native.look, runtime.native.check_memory

local coroutines = {}

-- For the engine, which empties a thread with them (Core.forgetHandler).
runtime.bare_pcall, runtime.bare_yield = pcall, yield

-- What the engine answers: true and the results, or false and the text of the error.
local function deliver(ok, ...)
  if ok then
    return ...
  end
  error((...), 2)
end

local function complete(...)
  if (...) == tag then
    return deliver(yield(tag))
  end
  return ...
end

-- The Lua side of a suspending function. `start` gives the results, or the tag when they are not there yet.
function coroutines.suspending(start)
  return function(...)
    return complete(start(...))
  end
end

-- Who has wanted more memory than there is is stopped: each further try would cost all others a full collection.
local function own_words(message)
  if message == 'not enough memory' then
    check_memory()
  end
  return message
end

-- A run that was interrupted in a coroutine gives way in all that resumed one another, and goes on in the innermost.
local function relay(co, ok, ...)
  if ok then
    local first = ...
    if first == tag or first == nil and interrupted() then
      return relay(co, resume(co, yield(tag)))
    end
    return ok, ...
  end
  return ok, own_words(located_in(co, (...)))
end

-- Each coroutine counts its instructions by itself: many that do little would never be looked at.
local uncounted = 0

local function counted()
  uncounted = uncounted + 1
  if uncounted > 20 then
    uncounted = 0
    look()
  end
end

local function create(f)
  counted()
  return new(f)
end

local function relayed_resume(co, ...)
  counted()
  return relay(co, resume(co, ...))
end

local function unwrap(co, ok, ...)
  if ok then
    return ...
  end
  local message = ...
  if status(co) == 'dead' then
    local closed, later = close(co)
    if not closed and not is_ours(later) then
      message = later -- of a variable that was closed
    end
  end
  error(message, type(message) == 'string' and 2 or 0)
end

local function caught(ok, ...)
  if ok then
    return ok, ...
  end
  return ok, own_words((...))
end

coroutines.base = {}

-- Without arguments at all it calls nil, as it does with nil: to tell these apart would cost every other call a third more.
function coroutines.base.pcall(f, ...)
  return caught(xpcall(f, located, ...))
end

function coroutines.base.xpcall(f, handler, ...)
  if type(handler) ~= 'function' then
    return xpcall(f, handler, ...)
  end
  return xpcall(f, function(message) return handler(own_words(located(message, 1))) end, ...)
end

local library = {
  create = create,
  resume = relayed_resume,
  status = status,
  yield = yield,
  isyieldable = coroutine.isyieldable,
}
coroutines.library = library

local function closed(ok, ...)
  if ok then
    return ok
  end
  return ok, own_words(located_in(nil, (...)))
end

function library.close(co)
  return closed(close(co))
end

function library.wrap(f)
  local co = create(f)
  return function(...)
    return unwrap(co, relayed_resume(co, ...))
  end
end

-- As in Lua 5.1: only the coroutine. Who knows the thread of a hook must be the only one to run on it.
function library.running()
  runtime.native.pin()
  return (running())
end

return coroutines
