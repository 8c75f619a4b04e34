-- Asks the next hop at RCPT whether it would take a recipient, and remembers the answer.
--
--   local callahead = require 'smtpe.callahead'
--   local result, reply = callahead.check{ recipient = recipient, hosts = '10.0.0.5' }
--   if reply then return reply end
--
-- For servers of your own only. To ask those of strangers whether a sender exists (sender verification) is a burden that they answer by
-- listing you, and that senders of spam use to have you attack somebody.
local fields = require 'smtpe.fields'
local hold = require 'smtpe.hold'
local once = require 'smtpe.once'
local smtp, store, util = smtp, store, util

local callahead = {}

-- valid: the host takes it. unknown_user: the host has no such user. unsure: nobody can say.
callahead.result = fields.words('callahead.result', { 'valid', 'unknown_user', 'unsure' })
local result = callahead.result

local check_given = fields.checker('callahead.check', {
  recipient = 'text',
  hosts = 'list', -- next hops, as in smtp.sendstring
  sender = 'text?', -- default: '<>', the null sender
  positive = 'ttl?', -- seconds that `valid` is remembered; default: 3600
  negative = 'ttl?', -- seconds that `unknown_user` is remembered; default: 300
  max_hosts = 'hundred?', -- how many of the hosts are tried; default: 2
  per_host = 'hundred?', -- how many ask the hosts at once; default: 10
  on_failure = 'on_failure?', -- default: 'open'
})

-- Nobody could say: asked again after so many seconds.
local UNSURE = 30
-- Whether a host takes everything is asked once in so many seconds.
local CATCH_ALL = 3600
-- Seconds: the longest that somebody waits for a place, and that he keeps one.
local PLACE_WAIT, PLACE = 5, 60

-- Enhanced codes that are about the recipient and nothing else (RFC 3463): others may be about the client, its rate or the day.
local about_the_user = { ['5.1.0'] = true, ['5.1.1'] = true, ['5.1.2'] = true, ['5.1.6'] = true, ['5.2.1'] = true }

local function is_unknown(reply)
  local enhanced = reply:match('^5%d%d[ -](5%.%d+%.%d+)')
  if enhanced then return about_the_user[enhanced] == true end
  return reply:find('^55[03]') ~= nil
end

-- Has `place` take one of the places at the hosts: false when there is none for too long.
local function take_place(place, plan)
  local first, waited = math.random(plan.per_host), 0
  while true do
    for i = 0, plan.per_host - 1 do
      local taken, cause = place:take(store.key('ca', 'place', plan.name, tostring((first + i) % plan.per_host)))
      if taken then return true end
      if cause ~= store.cause.exists then return false end
    end
    if waited >= PLACE_WAIT then return false end
    util.sleep(0.2)
    waited = waited + 0.2
  end
end

-- What the hosts say about a recipient: a word, and their reply or why there is none.
local function ask(used, plan, recipient)
  local place <close> = hold.new(used, PLACE)
  if not take_place(place, plan) then return result.unsure, 'too many ask these hosts at once' end
  local done, _, replies, last = smtp.sendstring(plan.hosts, plan.sender, { recipient })
  local reply = replies[1]
  -- What is said to the sender, or to us, is about no recipient.
  if not reply or not done and last.stage ~= 'rcpt' then return result.unsure, last.error or last.text or 'no answer' end
  if done then return result.valid, reply end
  return is_unknown(reply) and result.unknown_user or result.unsure, reply
end

-- Whether the hosts take any recipient of the domain. Nobody can say: as if they did, for a short time.
local function takes_everything(used, plan, domain)
  local key = store.key('ca', 'all', plan.name, plan.sender, domain)
  return once.using(used, key, CATCH_ALL, function()
    local name = util.random_bytes(10):gsub('.', function(octet) return ('%02x'):format(octet:byte()) end)
    local word = ask(used, plan, name .. '@' .. domain)
    if word == result.unknown_user then return 'no' end
    return 'yes', word == result.unsure and UNSURE or nil
  end) ~= 'no'
end

local letters = { [result.valid] = 'v', [result.unknown_user] = 'u', [result.unsure] = '?' }
local words = { v = result.valid, u = result.unknown_user, ['?'] = result.unsure }

local function find_out(used, plan, recipient)
  local domain = recipient:match('@([^@]*)$')
  local key = store.key('ca', 'rcpt', plan.name, plan.sender, recipient:lower())
  local entry, cause = once.using(used, key, plan.positive, function()
    local word, said = ask(used, plan, recipient)
    if word == result.valid and domain and takes_everything(used, plan, domain:lower()) then
      word, said = result.unsure, 'the host takes any recipient'
    end
    local ttl = word == result.unsure and UNSURE or word == result.unknown_user and plan.negative or plan.positive
    return letters[word] .. said, ttl
  end)
  if entry then return words[entry:sub(1, 1)] or result.unsure, entry:sub(2) end
  return nil, cause
end

-- A word of callahead.result; the reply for the client: that of the host to an unknown user, nil when the recipient can be taken; and what the host
-- said, or why nobody knows. When nobody can say there is no reply, but with on_failure = 'closed': 451. With 'local' the store of this machine
-- is used while the other one has failed.
---@param given { recipient: string, hosts: string|string[], sender?: string, positive?: integer, negative?: integer, max_hosts?: integer, per_host?: integer, on_failure?: 'open'|'closed'|'local' }
---@return 'valid'|'unknown_user'|'unsure' result
---@return string? reply for the client
---@return string? said
function callahead.check(given)
  check_given(given)
  local hosts, most, count = {}, given.max_hosts or 2, 0
  for i, host in ipairs(type(given.hosts) == 'table' and given.hosts or { given.hosts }) do
    count = i
    if type(host) ~= 'string' then error(('callahead.check: string expected as hosts[%d], got %s'):format(i, type(host)), 2) end
    if #hosts < most then hosts[#hosts + 1] = host end
  end
  if #hosts == 0 then error('callahead.check: there are no hosts', 2) end
  for i in pairs(type(given.hosts) == 'table' and given.hosts or {}) do
    if math.type(i) ~= 'integer' or i < 1 or i > count then
      error(("callahead.check: hosts is an array without holes; '%s' stands behind one, or is no place in it"):format(tostring(i):sub(1, 60)), 2)
    end
  end
  local plan = {
    hosts = hosts,
    name = table.concat(hosts, ' '),
    sender = given.sender and given.sender ~= '<>' and given.sender or '', -- what a host says may be for one sender only
    positive = given.positive or 3600,
    negative = given.negative or 300,
    per_host = math.tointeger(given.per_host or 10),
  }
  local word, said = find_out(store, plan, given.recipient)
  if not word and given.on_failure == 'local' then word, said = find_out(store.open('local'), plan, given.recipient) end
  word = word or result.unsure
  if word == result.unknown_user then return word, said, said end
  if word == result.unsure and given.on_failure == 'closed' then
    return word, '451 4.4.3 nobody can say whether this recipient exists', said
  end
  return word, nil, said
end

return callahead
