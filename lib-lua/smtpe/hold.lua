-- Something in the store that one of all has for a while: a lock, a place. It is given back however the call ends: by an error, by a limit that cuts
-- the hook off, with the client gone. To be kept in a variable that is closed:
--
--   local held <close> = hold.new(store, 10)
--   if held:take(key) then ... end
local store, util = store, util

local hold = {}
local held = {}
held.__index = held

-- `used`: a store. `ttl`: whole seconds that it is kept at most; who has it for longer has lost it.
function hold.new(used, ttl)
  return setmetatable({ used = used, ttl = ttl, mine = util.random_bytes(8) }, held)
end

-- true: it is ours now. Else false and the cause: `exists` when somebody has it. One at a time.
function held:take(key)
  self.key, self.is_ours, self.since = key, false, util.time()
  local taken, cause = self.used.add(key, self.mine, self.ttl)
  if taken then
    self.is_ours = true
  elseif cause ~= store.cause.timeout then
    self.key = nil
  end
  return taken, cause
end

-- When the hook is cut off only one question can still be sent, and nobody waits for its answer. What may or may not have become ours in that moment, or
-- is somebody else's by now, is given back by asking for our own mark: it is gone a second later then.
function held:give_back()
  local key = self.key
  self.key = nil
  if not key then return end
  if self.is_ours and util.time() - self.since < self.ttl then
    self.used.delete(key)
  else
    self.used.replace(key, self.mine, self.mine, 1)
  end
end
held.__close = held.give_back

return hold
