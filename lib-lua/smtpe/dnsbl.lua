-- DNS lists of addresses and domains (RFC 5782), each with a weight, asked all at once.
--
--   local dnsbl = require 'smtpe.dnsbl'
--   local score, listed = dnsbl.check{ ip = client.address, lists = { { zone = 'bl.example', weight = 2 }, 'other.example' } }
local fields = require 'smtpe.fields'
local dns, net, store, util = dns, net, store, util

local dnsbl = {}

-- A list that has failed so often without an answer in between is left out for so many seconds: nobody waits for it meanwhile.
local FAILURES, LEFT_OUT = 10, 60
-- What a list says about an entry is a stranger's text: cut, and printable.
local LONGEST_TEXT = 200
-- A message can name any number of domains.
local MOST_NAMES = 20
local MOST_LISTS = 100

local check_list = fields.checker('dnsbl', { zone = 'text', codes = 'table?', weight = 'number?', name = 'text?' })

-- What codes = { ['127.0.0.2-11'] = 5, ['127.0.0.128/25'] = 1 } says about an answer: a weight, or nil.
local function weight_of(code, pattern, weight)
  local start, first, last = pattern:match('^(%d+%.%d+%.%d+%.)(%d+)%-(%d+)$')
  if start then
    local octet = code:sub(1, #start) == start and tonumber(code:sub(#start + 1))
    return octet and octet >= tonumber(first) and octet <= tonumber(last) and weight or nil
  end
  return net.contains_ip(pattern, code) and weight or nil
end

-- The weight of an answer: the one furthest from 0 of all codes that fit; nil when none does.
local function judge(list, code)
  if not list.codes then return list.weight or 1 end
  local found
  for pattern, weight in pairs(list.codes) do
    local fits = weight_of(code, pattern, weight)
    if fits and (not found or math.abs(fits) > math.abs(found)) then found = fits end
  end
  return found
end

-- The most that a list can weigh.
local function greatest(list)
  local most = list.codes and 0 or list.weight or 1
  for _, weight in pairs(list.codes or {}) do most = math.max(most, weight) end
  return most
end

-- Answers that mean something: 127.0.0.0/8 without 127.255.255.0/24. A code outside would never be found.
local RIGHT_CODES = '127.0.0.2, 127.0.0.2-11 or 127.0.0.0/24'

local function is_code(pattern)
  if type(pattern) ~= 'string' then return false end
  local start, first, last = pattern:match('^(%d+%.%d+%.%d+%.)(%d+)%-(%d+)$')
  if start then
    first, last = tonumber(first), tonumber(last)
    if first > last or last > 255 then return false end
    pattern = start .. first
  end
  local address, bits = pattern:match('^([%d.]+)/?(%d*)$')
  if not address or pattern:sub(-1) == '/' or not net.network(address) or not net.contains_ip('127.0.0.0/8', address) then return false end
  return not net.contains_ip('127.255.255.0/24', address) and (bits == '' or tonumber(bits) >= 8 and tonumber(bits) <= 32)
end

-- What may stand behind a reversed address of IPv6, which has 64 octets: labels of letters, digits, - and _.
local function is_zone(zone)
  zone = zone:gsub('%.$', '')
  if zone == '' or #zone > 180 then return false end
  for label in (zone .. '.'):gmatch('([^.]*)%.') do
    if #label > 63 or not label:find('^[%w_-]+$') then return false end
  end
  return true
end

local function read_list(name, i, list)
  local where = ('%s: lists[%d]'):format(name, i)
  if type(list) == 'string' then list = { zone = list } end
  check_list(list, 5, where)
  if not is_zone(list.zone) then
    error(("%s: '%s' is no zone; right would be a domain such as zen.example"):format(where, list.zone:sub(1, 60)), 4)
  elseif list.codes and next(list.codes) == nil then
    error(('%s: codes has none; right would be weights by code, or no codes at all'):format(where), 4)
  end
  for pattern, weight in pairs(list.codes or {}) do
    if not is_code(pattern) then
      error(("%s: '%s' is no code; right would be %s"):format(where, tostring(pattern):sub(1, 60), RIGHT_CODES), 4)
    elseif type(weight) ~= 'number' or weight ~= weight or math.abs(weight) == math.huge then
      error(('%s: number expected for code %s, got %s'):format(where, pattern, type(weight) == 'number' and weight or type(weight)), 4)
    end
  end
  return list
end

-- The lists in a table of their own: a hole in what was given (a variable that is nil) would end them before their end.
local function read_lists(name, lists)
  local read = {}
  for i, list in ipairs(lists) do read[i] = read_list(name, i, list) end
  for key in pairs(lists) do
    if math.type(key) ~= 'integer' or key < 1 then
      error(("%s: lists is an array of zones and of tables with a zone; '%s' is no place in it, put it into { } of its own"):format(name, tostring(key):sub(1, 60)), 3)
    elseif not read[key] then
      error(('%s: lists[%d] is nil, and lists[%d] is not'):format(name, #read + 1, key), 3)
    end
  end
  if #read == 0 or #read > MOST_LISTS then error(('%s: 1 to %d lists expected, got %d'):format(name, MOST_LISTS, #read), 3) end
  return read
end

-- The records of an answer that are what was asked for; nil when nobody knows.
local function records(answer)
  if not answer or answer.rcode ~= dns.rcode.OK and answer.rcode ~= dns.rcode.NXDOMAIN then return nil end
  local found = {}
  for _, record in ipairs(answer.answer or {}) do
    if record.type == answer.type then found[#found + 1] = record end
  end
  return found
end

-- What a list has said: its code and weight, `false` for nothing, nil for a failure. Answers outside 127.0.0.0/8 are those of whoever has the
-- list's name now, 127.255.255.0/24 means that we may not ask.
local function read_answer(list, answer)
  local found = records(answer)
  if not found then return nil end
  local best
  for _, record in ipairs(found) do
    local code = record.value
    if not net.contains_ip('127.0.0.0/8', code) or net.contains_ip('127.255.255.0/24', code) then return nil end
    local weight = judge(list, code)
    if weight and (not best or math.abs(weight) > math.abs(best.weight)) then best = { code = code, weight = weight } end
  end
  return best or false
end

-- Lists that are left out at present, by zone, and how often the others have failed.
local function failures_of(lists)
  local keys = {}
  for i, list in ipairs(lists) do keys[i] = 'bl:' .. list.zone end
  return store.get(keys) or {}
end

local function remember(zone, has_failed, before)
  local key = 'bl:' .. zone
  if not has_failed then
    if before then store.delete(key) end
  elseif store.incr(key, 1, LEFT_OUT) == FAILURES then
    store.expire(key, LEFT_OUT)
  end
end

-- Waits until `enough` says so, every question of `waiting` has its answer, or time is up; `take` gets each question with its answer, which is
-- nil for one that did not come in time.
local function gather(waiting, deadline, take, enough)
  while #waiting > 0 do
    local left = deadline - util.time()
    local answers = dns.wait(false, math.max(0, left))
    local is_over = left <= 0 or not dns.ispending()
    local rest = {}
    for _, one in ipairs(waiting) do
      local answer = answers[one.type .. one.question .. '.']
      if answer or is_over then take(one, answer) else rest[#rest + 1] = one end
    end
    if enough and enough() then return end
    waiting = rest
  end
end

-- Asks TXT of those that were found, for people who read the log.
local function add_texts(listed, deadline)
  local waiting = {}
  for i, entry in ipairs(listed) do
    dns.query(dns.class.IN, dns.type.TXT, entry.question)
    waiting[i] = { type = 'IN,TXT,', question = entry.question, entry = entry }
    entry.text, entry.question = '', nil
  end
  gather(waiting, deadline, function(one, answer)
    local record = (records(answer) or {})[1]
    if record then one.entry.text = record.value:sub(1, LONGEST_TEXT):gsub('[^\32-\126]', '?') end
  end)
end

-- Asks the lists about one or several names in front of their zones.
local function ask(names, lists, given)
  local score, listed, failed, told = 0, {}, {}, {}
  local deadline = util.time() + (given.timeout or 5)
  local before = failures_of(lists)
  local function fail(list)
    failed[#failed + 1] = list.zone
    if given.on_failure == 'closed' then score = score + greatest(list) end
  end
  local waiting = {}
  dns.open()
  for _, list in ipairs(lists) do
    if tonumber(before['bl:' .. list.zone] or 0) >= FAILURES then
      fail(list)
    else
      for _, name in ipairs(names) do
        local question = name .. '.' .. list.zone:gsub('%.$', '')
        dns.query(dns.class.IN, dns.type.A, question)
        waiting[#waiting + 1] = { type = 'IN,A,', question = question, list = list }
      end
    end
  end
  gather(waiting, deadline, function(one, answer)
    local list = one.list
    local found = read_answer(list, answer)
    if not told[list.zone] then
      told[list.zone] = true
      -- A question that was never sent says nothing about the list.
      local was_asked = not answer or answer.rcode ~= dns.rcode.ERRNO
      if was_asked then remember(list.zone, found == nil, before['bl:' .. list.zone]) end
      if found == nil then fail(list) end
    end
    if found then
      score = score + found.weight
      local zone = list.name or list.zone
      listed[#listed + 1] = { zone = zone, code = found.code, weight = found.weight, question = one.question }
    end
  end, function()
    return given.threshold and score >= given.threshold
  end)
  add_texts(listed, deadline)
  return score, listed, failed
end

local check_given = fields.checker('dnsbl.check', {
  ip = 'text', lists = 'table', threshold = 'number?', timeout = 'positive?', on_failure = 'open_closed?',
})

-- The score of an address, the lists that have it (array of { zone, code, text, weight }), and the zones that gave no answer. With `threshold`
-- nobody is waited for once it is reached. on_failure = 'closed': a list without an answer counts with its greatest weight.
---@param given { ip: string, lists: (string|{ zone: string, weight?: number, codes?: table<string, number>, name?: string })[], threshold?: number, timeout?: number, on_failure?: 'open'|'closed' }
---@return number score
---@return { zone: string, code: string, text: string, weight: number }[] listed
---@return string[] failed
function dnsbl.check(given)
  check_given(given)
  local lists = read_lists('dnsbl.check', given.lists)
  -- An IPv4 address that came over IPv6 is asked as the IPv4 address it is.
  local ip = net.format_ip(given.ip, true)
  if ip == '' then return 0, {}, {} end
  return ask({ net.reverse_ip(ip, false) }, lists, given)
end

-- What somebody has registered of a name: `example.co.uk` of `www.example.co.uk`; nil for an address and for what is no name.
local function registered(name)
  name = type(name) == 'string' and #name <= 1000 and net.to_ascii(name:lower())
  if not name or net.network(name) or not name:find('^[%w._-]+$') then return nil end
  name = name:gsub('%.$', '')
  local suffix = net.index_valid_tld(name)
  local label = suffix > 2 and name:sub(1, suffix - 2):match('[^.]+$')
  if not label or #label > 63 then return nil end
  return label .. '.' .. name:sub(suffix)
end

-- The names given, in the order of their places. Hosts of a stranger's links may be nil (a mailto has none): those behind such a hole count too.
local function in_order(given)
  if type(given) ~= 'table' then return { given } end
  local places, ordered = {}, {}
  for place in pairs(given) do
    if type(place) == 'number' then places[#places + 1] = place end
  end
  table.sort(places)
  for i, place in ipairs(places) do ordered[i] = given[place] end
  return ordered
end

local check_domain = fields.checker('dnsbl.domain', {
  name = 'list', lists = 'table', threshold = 'number?', timeout = 'positive?', on_failure = 'open_closed?',
})

-- The same for a domain, or a table of them, such as the hosts of uri.found: what is registered of each is asked, 20 different ones at most, and
-- no addresses.
---@param given { name: string|string[], lists: (string|{ zone: string, weight?: number, codes?: table<string, number>, name?: string })[], threshold?: number, timeout?: number, on_failure?: 'open'|'closed' }
---@return number score
---@return { zone: string, code: string, text: string, weight: number }[] listed
---@return string[] failed
function dnsbl.domain(given)
  check_domain(given)
  local lists = read_lists('dnsbl.domain', given.lists)
  local names, seen = {}, {}
  for _, name in ipairs(in_order(given.name)) do
    local domain = registered(name)
    if domain and not seen[domain] and #names < MOST_NAMES then
      seen[domain] = true
      names[#names + 1] = domain
    end
  end
  if #names == 0 then return 0, {}, {} end
  return ask(names, lists, given)
end

return dnsbl
