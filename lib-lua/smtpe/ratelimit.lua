-- Limits: how much of something may come in a time. They have no edges as windows of an hour have (GCRA): units are worked off evenly, and
-- `burst` of them may come at once. One look at the store for each question, which all connections, workers and machines share.
--
--   local ratelimit = require 'smtpe.ratelimit'
--   if not ratelimit.check{ key = 'ip:' .. client.address, limit = 100, per = 'hour' } then
--     return '451 4.7.1 too much, come back later'
--   end
local fields = require 'smtpe.fields'
local store, util = store, util

local ratelimit = {}

local seconds = { second = 1, minute = 60, hour = 3600, day = 86400 }

local limit_fields = {
  key = 'string', -- whom it is about; kept as `rl:` and this
  limit = 'positive', -- units in `per`
  per = 'any', -- 'second', 'minute', 'hour', 'day', or seconds
  burst = 'positive?', -- units that may come at once; default: limit
  cost = 'count?', -- units of this call; default: 1
}
local check_limit = fields.checker('ratelimit', limit_fields)

local with_failure = { on_failure = 'on_failure?' }
for field, kind in pairs(limit_fields) do with_failure[field] = kind end
local check_given = fields.checker('ratelimit.check', with_failure)
local peek_given = fields.checker('ratelimit.peek', with_failure)

local function period(name, per, level)
  local found = seconds[per] or type(per) == 'number' and per > 0 and per <= 31536000 and per
  if not found then
    error(("%s: 'second', 'minute', 'hour', 'day' or seconds up to 31536000 expected as per, got '%s'"):format(name, tostring(per)), level + 1)
  end
  return found
end

-- Strangers' texts may be in a key: one that is longer than keys can be is known by its digest.
local function short(text)
  text = tostring(text)
  return #text <= 500 and text or util.sha256(text)
end

-- The store keeps nothing for longer than a year, and takes so many limits and items at once. What is beyond is the author's mistake and raises an
-- error: the store would refuse it, and a limit without an answer lets everybody pass.
local YEAR, FASTEST = 31536000, 1e12
local MOST_LIMITS, MOST_ITEMS = 16, 10000

-- per, burst and cost of a limit, in numbers that can be counted with.
local function numbers_of(name, given, level)
  local per = period(name, given.per, level + 1)
  -- At least one unit has to fit, or nothing ever would.
  local burst, unit = math.max(1, given.burst or given.limit), per / given.limit
  if burst * unit > YEAR then
    local right = unit > YEAR and 'a limit of at least one in 365 days' or ('a burst of %d at most'):format(YEAR // unit)
    error(("%s: at %s in %s s a burst of %s takes %.0f days to be worked off, and 365 are counted; right would be %s"):format(
      name, given.limit, per, burst, burst * unit / 86400, right), level + 1)
  elseif unit * FASTEST < 1 then
    error(('%s: a limit of at most %g in a second expected, got %g in %s s'):format(name, FASTEST, given.limit, per), level + 1)
  end
  return per, burst, given.cost or 1
end

-- What a call comes to when the store has no answer: on_failure = 'open' lets it pass, 'closed' does not; with 'local' the store of this machine is
-- asked meanwhile, and when that has failed as well it passes.
local function without_store(on_failure, cause, ask)
  if on_failure == 'closed' then return false, 0, 60, cause end
  if on_failure == 'open' then return true, 0, 0, cause end
  local allowed, remaining, retry_after = ask(store.open('local'))
  if allowed == nil then return true, 0, 0, cause end
  return allowed, remaining, retry_after, cause
end

-- Counts, when it fits: allowed, units that still fit, seconds until it would fit, and the cause when the store has failed.
---@param given { key: string, limit: number, per: 'second'|'minute'|'hour'|'day'|number, burst?: number, cost?: number, on_failure?: 'open'|'closed'|'local' }
---@return boolean allowed
---@return integer remaining
---@return number retry_after seconds
---@return string? cause
function ratelimit.check(given)
  check_given(given)
  local key, per, burst, cost = 'rl:' .. short(given.key), numbers_of('ratelimit.check', given, 2)
  local allowed, remaining, retry_after = store.rate(key, given.limit, per, burst, cost)
  if allowed ~= nil then return allowed, remaining, retry_after end
  return without_store(given.on_failure, remaining, function(near)
    return near.rate(key, given.limit, per, burst, cost)
  end)
end

-- The same without counting: whether it would fit. Here the seconds are those at most.
---@param given { key: string, limit: number, per: 'second'|'minute'|'hour'|'day'|number, burst?: number, cost?: number, on_failure?: 'open'|'closed'|'local' }
---@return boolean allowed
---@return integer remaining
---@return number retry_after seconds
---@return string? cause
function ratelimit.peek(given)
  peek_given(given)
  local key, per, burst, cost = 'rl:' .. short(given.key), numbers_of('ratelimit.peek', given, 2)
  local function look(used)
    local known, remaining = used.rate(key, given.limit, per, burst, 0)
    if known == nil then return nil, remaining end
    if remaining >= cost then return true, remaining, 0 end
    return false, remaining, cost > burst and math.huge or (cost - remaining) * per / given.limit
  end
  local allowed, remaining, retry_after = look(store)
  if allowed ~= nil then return allowed, remaining, retry_after end
  return without_store(given.on_failure, remaining, look)
end

-- Forgets what was counted, by check and by distinct: true, or false and the cause when the store has failed.
---@param key string
---@return boolean done
---@return string? cause
function ratelimit.reset(key)
  if type(key) ~= 'string' then
    error(("bad argument #1 to 'ratelimit.reset' (string expected, got %s)"):format(type(key)), 2)
  end
  for _, prefix in ipairs{ 'rl:', 'rld:' } do
    local done, cause = store.delete(prefix .. short(key))
    if not done and cause ~= store.cause.missing then return false, cause end
  end
  return true
end

-- The limits of ratelimit.all for the store. A key has one count there: of the same limit given twice the costs are added up, two different ones
-- of one key cannot be kept.
local function limits_of(given)
  local limits, places, count = {}, {}, 0
  for i, one in ipairs(given) do
    count = i
    local name = ('ratelimit.all: [%d]'):format(i)
    check_limit(one, 4, name)
    local per, burst, cost = numbers_of(name, one, 3)
    local key = 'rl:' .. short(one.key)
    local same = places[key] and limits[places[key]]
    if not same then
      limits[#limits + 1] = { key = key, limit = one.limit, per = per, burst = burst, cost = cost }
      places[key] = #limits
    elseif same.limit == one.limit and same.per == per and same.burst == burst then
      same.cost = same.cost + cost
    else
      error(("%s: the key '%s' is that of another limit above; right would be a word in front of each, such as 'hour:' and 'day:'"):format(
        name, tostring(one.key):sub(1, 60)), 3)
    end
  end
  if count > MOST_LIMITS then
    error(('ratelimit.all: at most %d limits expected, got %d'):format(MOST_LIMITS, count), 3)
  end
  for field, value in pairs(given) do
    if field == 'on_failure' and value ~= 'open' and value ~= 'closed' and value ~= 'local' then
      error(("ratelimit.all: 'open', 'closed' or 'local' expected as on_failure, got '%s'"):format(tostring(value)), 3)
    elseif field ~= 'on_failure' and not (math.type(field) == 'integer' and field >= 1 and field <= count) then
      error(("ratelimit.all: there is no field '%s'; there are limits and on_failure"):format(tostring(field)), 3)
    end
  end
  return limits, places
end

-- Several limits at once, as ratelimit.all{ { key = ... }, { key = ... }, on_failure = 'local' }: nothing is counted for any when one refuses. Gives
-- also the key of the first that refused.
---@param given table limits, and on_failure
---@return boolean allowed
---@return integer remaining
---@return number retry_after seconds
---@return string? cause
---@return string? refused the key of the first that refused
function ratelimit.all(given)
  if type(given) ~= 'table' or given[1] == nil then error('ratelimit.all: table of limits expected', 2) end
  local limits, places = limits_of(given)
  local refused
  local function ask(used)
    local allowed, states = used.rates(limits)
    if allowed == nil then return nil, states end
    local remaining, retry_after = math.huge, 0
    for _, one in ipairs(given) do
      local state = states[places['rl:' .. short(one.key)]]
      remaining, retry_after = math.min(remaining, state.remaining), math.max(retry_after, state.retry_after)
      if not state.allowed then refused = refused or one.key end
    end
    return allowed, remaining, retry_after
  end
  local allowed, remaining, retry_after = ask(store)
  local cause
  if allowed == nil then
    allowed, remaining, retry_after, cause = without_store(given.on_failure, remaining, ask)
  end
  return allowed, remaining, retry_after, cause, refused
end

local units = {
  s = 1, sec = 1, second = 1, seconds = 1,
  m = 60, min = 60, minute = 60, minutes = 60,
  h = 3600, hour = 3600, hours = 3600,
  d = 86400, day = 86400, days = 86400,
}

-- `100/h`, `100/h burst 20`, `5/10min`: a table for check, to which a key is to be added. Raises an error for what is no limit.
---@param text string
---@return { limit: number, per: number, burst: number }
function ratelimit.parse(text)
  local limit, number, unit, rest = tostring(text):lower():match('^%s*(%d+%.?%d*)%s*/%s*(%d*)%s*(%a+)%s*(.-)%s*$')
  local burst = rest and (rest:match('^burst%s+(%d+)$') or rest == '' and limit)
  local per = unit and units[unit] and (tonumber(number) or 1) * units[unit]
  if not burst or not per or per == 0 or tonumber(limit) == 0 or tonumber(burst) == 0 then
    error(("ratelimit.parse: '%s' is no limit; right would be '100/h', '100/h burst 20' or '5/10min'"):format(tostring(text)), 2)
  end
  local read = { limit = tonumber(limit), per = per, burst = tonumber(burst) }
  numbers_of(("ratelimit.parse: '%s'"):format(tostring(text)), read, 2)
  return read
end

local check_distinct = fields.checker('ratelimit.distinct', {
  key = 'string', item = 'string', limit = 'positive', per = 'any', on_failure = 'on_failure?',
})

-- How many different items (recipients of a sender, senders of an address) come in `per`, counted from the first one on. Once there are more than
-- `limit` (at most 10,000), all are refused until that time is over; before, the same item again costs nothing. Kept as `rld:` and the key: one of
-- ratelimit.check may be the same.
---@param given { key: string, item: string, limit: number, per: 'second'|'minute'|'hour'|'day'|number, on_failure?: 'open'|'closed'|'local' }
---@return boolean allowed
---@return integer remaining
---@return number retry_after seconds
---@return string? cause
function ratelimit.distinct(given)
  check_distinct(given)
  local key, limit = 'rld:' .. short(given.key), given.limit
  if limit > MOST_ITEMS then
    error(('ratelimit.distinct: number above 0 and up to %d expected as limit, got %s'):format(MOST_ITEMS, limit), 2)
  end
  local per = math.ceil(period('ratelimit.distinct', given.per, 2))
  local function ask(used)
    local is_new, cause = used.member(key, short(given.item), per)
    -- There is no room: in the set, which has all it may have, or in the store, which says nothing about this one.
    if is_new == nil and cause ~= store.cause.limit then return nil, cause end
    local count, why = used.count(key)
    if not count then return nil, why end
    if count > limit or is_new == nil and count == MOST_ITEMS then return false, 0, used.ttl(key) or per end
    if is_new == nil then return nil, cause end
    return true, math.floor(limit) - count, 0
  end
  local allowed, remaining, retry_after = ask(store)
  if allowed ~= nil then return allowed, remaining, retry_after end
  return without_store(given.on_failure, remaining, ask)
end

return ratelimit
