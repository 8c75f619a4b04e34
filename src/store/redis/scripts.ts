// What has to be atomic in Redis and is no single command: scripts, called by their digest (EVALSHA), and by their text (EVAL) where the
// server does not know it. Each touches only the keys it is given, so that it works in a cluster when they have one hash tag, and takes the
// time from the server: the clocks of the machines may differ.
//
// An entry is a string: an octet with the version of its form, then the value. One of another version, or none of ours, is read as missing,
// so that versions of smtpe work beside each other. Numbers are decimal text.
import { createHash } from 'node:crypto';
import { MAX_ITEMS } from '../store.ts';

/** The first octet of an entry. */
export const VERSION = 1;

export interface Script {
  readonly text: string;
  readonly digest: string;
}

const script = (text: string): Script => ({
  text,
  digest: createHash('sha1').update(text).digest('hex'),
});

/** Old and new entry, seconds: 1, or 0 when there is another one or none. */
export const replaceScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`);

/** What to add, seconds: the sum as text, or 'type'. The arithmetic of Lua is exact up to 2^53, and a sum beyond it is refused. */
export const incrScript = script(`
local entry = redis.call('GET', KEYS[1])
local by, number = tonumber(ARGV[1]), 0
local known = entry and string.byte(entry) == ${VERSION}
if known then
  local text = string.sub(entry, 2)
  if not string.find(text, '^-?%d+$') or #text > 17 then return 'type' end
  number = tonumber(text)
end
local most, sum = 9007199254740991, number + by
if number > most or number < -most or sum > most or sum < -most then return 'type' end
local text = string.format('%.0f', sum)
if known then redis.call('SET', KEYS[1], '\\${VERSION}' .. text, 'KEEPTTL')
else redis.call('SET', KEYS[1], '\\${VERSION}' .. text, 'EX', ARGV[2]) end
return text`);

/** An item, seconds: 1 added, 0 present, 2 when the set is full. Its lifetime begins with its first item. */
export const memberScript = script(`
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 0 end
local count = redis.call('SCARD', KEYS[1])
if count >= ${MAX_ITEMS} then return 2 end
redis.call('SADD', KEYS[1], ARGV[1])
if count == 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/**
 * '1' to count or '0' to look, then interval, burst and cost of each key: for each key whether it allows (1, 0), what remains, and the
 * milliseconds until the cost fits (-1: never), as texts; or 'type'. None is counted unless all allow.
 */
export const rateScript = script(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local counts, found, all = ARGV[1] == '1', {}, true
for i, key in ipairs(KEYS) do
  local interval, burst, cost = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local entry, stamp = redis.call('GET', key), now
  if entry and string.byte(entry) == ${VERSION} then
    local kept = tonumber(string.sub(entry, 2))
    if not kept then return 'type' end
    -- Not more than a whole burst: the limit may be another one than it was.
    if kept > now then stamp = math.min(kept, now + burst * interval) end
  end
  local after = stamp + cost * interval
  local over = after - now - burst * interval
  local allowed = over <= 0.001
  all = all and allowed
  found[i] = { key = key, interval = interval, room = burst * interval, stamp = stamp, after = after, allowed = allowed,
    wait = allowed and 0 or (cost > burst and -1 or over) }
end
local answer = {}
for _, one in ipairs(found) do
  if all and counts and one.after > one.stamp then
    one.stamp = one.after
    redis.call('SET', one.key, '\\${VERSION}' .. string.format('%.17g', one.stamp), 'PX', string.format('%.0f', math.ceil(one.stamp - now)))
  end
  local remaining = math.floor((one.room - (one.stamp - now)) / one.interval + 0.000001)
  answer[#answer + 1] = one.allowed and '1' or '0'
  answer[#answer + 1] = string.format('%.0f', math.max(0, remaining))
  answer[#answer + 1] = string.format('%.17g', one.wait)
end
return answer`);
