-- Greylisting: whoever is not known yet is asked to come back, which mail servers do and most senders of spam do not.
--
--   local greylist = require 'smtpe.greylist'
--   local result, wait = greylist.check{ ip = client.address, sender = client.sender, recipient = recipient }
--   if wait then return '451 4.7.1 greylisted, try again in ' .. wait .. ' seconds' end
--
-- Servers that ask whether an address exists come with the null sender and must not wait: check that one in hook.data. Who has logged in, and who
-- stands in a list of yours, needs no check.
local fields = require 'smtpe.fields'
local net, store = net, store

local greylist = {}

-- pass: has waited, or is known. wait: came for the first time. early: has to wait on. white: has waited so often that nobody looks any more.
greylist.result = fields.words('greylist.result', { 'pass', 'wait', 'early', 'white' })
local result = greylist.result

local check_given = fields.checker('greylist.check', {
  ip = 'text', -- of the client
  sender = 'text', -- the null sender is ''
  recipient = 'text',
  delay = 'ttl?', -- seconds to wait; default: 300
  window = 'ttl?', -- seconds in which to come back, more than delay; default: 86400, or twice the delay when that is more
  pass = 'ttl?', -- seconds that somebody stays known; default: 3110400
  v4 = 'bits4?', -- bits of the network that somebody may come back from; default: 24
  v6 = 'bits6?', -- default: 64
  white_after = 'times?', -- passes of a network until all of it is white; default: 5
  on_failure = 'on_failure?', -- default: 'open', which is `pass`; 'closed' is `wait`
})

-- One in so many mails of a white network makes it stay longer: the others cost a look and no more.
local PROLONGED = 20

-- What stays of a sender when each of his mails has another address: VERP (bounce-123456=you=example.com@), SRS, tags behind a plus.
local function folded(sender)
  if sender == '' or sender == '<>' then return '<>' end
  local user, domain = sender:lower():match('^(.*)@([^@]*)$')
  if not user then return sender:lower() end
  user = user:gsub('(.)[+=].*$', '%1'):gsub('%d%d%d+', '#')
  return user .. '@' .. domain
end

-- The delay and the window. Who comes back in time must have time left: without it everybody would wait for ever, or, as the store keeps nothing
-- for longer than a year, nobody.
local function times_of(given)
  local delay = given.delay or 300
  local window = given.window or math.min(math.max(86400, 2 * delay), 31536000)
  if window > delay then return delay, window end
  error(("greylist.check: window has to be more than delay (%d s), which leaves time to come back; got %d"):format(delay, window), 3)
end

-- The store says how long an entry still lives, by its own clock: of one that was made for `window` seconds that tells its age.
local function ask(used, keys, given, delay, new_window)
  local pass = given.pass or 3110400
  local found, cause = used.get{ keys.network, keys.triplet }
  if not found then return nil, nil, cause end
  local passes = tonumber(found[keys.network]) or 0
  if passes >= (given.white_after or 5) then
    if math.random(PROLONGED) == 1 then used.expire(keys.network, pass) end
    return result.white
  end
  local entry = found[keys.triplet] or ''
  if entry == 'p' then
    used.incr(keys.network, 1, pass)
    return result.pass
  end
  local window = math.tointeger(tonumber(entry:match('^w(%d+)$')))
  local left = window and used.ttl(keys.triplet)
  if left then
    local age = window - left
    -- It lives for longer than when it was made: somebody has let it in between the two looks.
    if age < 0 then return result.pass end
    if age < delay then return result.early, delay - age end
    used.set(keys.triplet, 'p', pass)
    used.incr(keys.network, 1, pass)
    return result.pass
  end
  local added
  added, cause = used.add(keys.triplet, ('w%d'):format(new_window), new_window)
  if added or cause == store.cause.exists then return result.wait, delay end
  return nil, nil, cause
end

-- A word of greylist.result; then, for wait and early, in how many seconds to come back; then the cause when the store has failed.
---@param given { ip: string, sender: string, recipient: string, delay?: integer, window?: integer, pass?: integer, v4?: integer, v6?: integer, white_after?: integer, on_failure?: 'open'|'closed'|'local' }
---@return 'pass'|'wait'|'early'|'white' result
---@return integer? wait_for seconds
---@return string? cause
function greylist.check(given)
  check_given(given)
  local delay, window = times_of(given)
  local network = net.network(given.ip, math.tointeger(given.v4) or 24, math.tointeger(given.v6) or 64) or given.ip
  local keys = {
    network = store.key('gl', network),
    triplet = store.key('gl', network, folded(given.sender), given.recipient:lower()),
  }
  local word, wait, cause = ask(store, keys, given, delay, window)
  if word then return word, wait end
  if given.on_failure == 'closed' then return result.wait, delay, cause end
  if given.on_failure == 'local' then
    word, wait = ask(store.open('local'), keys, given, delay, window)
    if word then return word, wait, cause end
  end
  return result.pass, nil, cause
end

return greylist
