-- Finds something out once for all connections, workers and machines that want to know it at the same time, and remembers it.
--
--   local once = require 'smtpe.once'
--   local answer, cause = once('country:' .. client.address, 3600, function(ip) return look_up(ip) end, client.address)
local fields = require 'smtpe.fields'
local hold = require 'smtpe.hold'
local store, util = store, util

-- Whoever finds out has so many seconds before somebody else tries as well.
local LOCK = 10
local FIRST_WAIT, LONGEST_WAIT = 0.2, 3.2

-- Runs f in one of all and gives what it gave to all: a text, or nil when it had none, and the cause then. f may give the seconds to remember it,
-- instead of `ttl`, behind its text. Those who wait look again after 0.2, 0.4, 0.8 ... seconds; `timeout` when there is nothing after 10. An
-- error of f is one of whoever ran it. `used`: another store than the first.
local function once_in(used, key, ttl, f, ...)
  local value, cause = used.get(key)
  if value then return value end
  if cause ~= store.cause.missing then return nil, cause end
  local lock <close> = hold.new(used, LOCK)
  local waited, wait = 0, FIRST_WAIT
  while true do
    local locked
    locked, cause = lock:take('lock:' .. key)
    if locked then break end
    if cause ~= store.cause.exists then return nil, cause end
    if waited >= LOCK then return nil, store.cause.timeout end
    util.sleep(wait)
    waited, wait = waited + wait, math.min(wait * 2, LONGEST_WAIT)
    value, cause = used.get(key)
    if value then return value end
    if cause ~= store.cause.missing then return nil, cause end
  end
  -- Somebody may have finished between our look and our lock.
  value = used.get(key)
  if value then return value end
  local found, own_ttl = f(...)
  if found == nil then return nil, store.cause.missing end
  used.set(key, found, own_ttl or ttl)
  return tostring(found)
end

return setmetatable({ using = once_in }, {
  __call = function(_, key, ttl, f, ...)
    if type(key) ~= 'string' or key == '' then
      error(("bad argument #1 to 'once' (string expected, got %s)"):format(key == '' and 'an empty one' or type(key)), 2)
    elseif not fields.is_ttl(ttl) then
      error(("bad argument #2 to 'once' (whole seconds, 1 to 31536000, expected, got %s)"):format(type(ttl) == 'number' and ttl or type(ttl)), 2)
    elseif type(f) ~= 'function' then
      error(("bad argument #3 to 'once' (function expected, got %s)"):format(type(f)), 2)
    end
    -- Strangers' texts may be in it: one that is longer than keys can be is known by its digest.
    return once_in(store, #key <= 500 and key or 'once:' .. util.sha256(key), ttl, f, ...)
  end,
})
