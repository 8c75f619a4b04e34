-- Lists of who is welcome and who is not: addresses, domains and networks, each with what becomes of it.
--
--   local access = require 'smtpe.access'
--   local list = access.open('access.list')
--   local word, reply = list:action(list:client(client.address, client.host))
--
-- In the file a line is a key and its value: `bob@example.com OK`, `.example.net REJECT`, `192.0.2.0/24 450 4.7.1 come back later`.
local fields = require 'smtpe.fields'
local map, net, store, syslog = map, net, store, syslog

local access = {}

-- What an entry can say.
access.word = fields.words('access.word', { 'ok', 'reject', 'tempfail', 'dunno', 'greylist', 'discard' })

-- Of a name so many parents are looked up, the shortest ones: no registered name has more labels, and whoever puts more in front is still who he is.
local MOST_PARENTS = 20
-- Longer texts are no keys.
local LONGEST = 512

local list = {}
list.__index = list

local function new(find_first)
  return setmetatable({ find_first = find_first }, list)
end

-- Keys from the first to look up to the last, none twice. A text that cannot be a key of a line is left out: too long, or with blanks or control
-- characters; so is an address, which stands for a network: whatever a stranger calls himself, he is not a client of it.
local function adder(keys)
  local seen = {}
  return function(key)
    if seen[key] or key == '' or #key > LONGEST or key:find('[%z\1-\32\127]') then return end
    if key:find('^[%x.:]+$') and net.network(key) then return end
    seen[key] = true
    keys[#keys + 1] = key
  end
end

-- A name, and behind it what DNS has for it when it is in UTF-8 (A-labels): two writings of one name.
local function add_name(add, before, name)
  add(before .. name)
  local ascii = #name <= LONGEST and name:find('[\128-\255]') and net.to_ascii(name)
  if ascii then add(before .. ascii) end
end

-- The domain and its parents: `mx.example.com`, `.example.com`, `.com`; of `[192.0.2.1]` only that.
local function add_domain(add, name)
  name = name:gsub('%.$', '')
  add_name(add, '', name)
  if name:sub(1, 1) == '[' then return end
  local dots = {}
  for dot in name:gmatch('()%.') do dots[#dots + 1] = dot end
  for i = math.max(1, #dots - MOST_PARENTS + 1), #dots do add_name(add, '.', name:sub(dots[i] + 1)) end
end

-- One mailbox has many writings, and the client chooses: `"bob"`, `"b\ob"` and, where it is taken without quotes, `b\ob` are bob (RFC 5321
-- section 4.1.2), and a source route in front says nothing (appendix C). The local part without them; what needs its quotes keeps them.
local function plain(user)
  user = user:match('^@[^:]*:(.+)$') or user
  local bare = (user:match('^"(.*)"$') or user):gsub('\\(.)', '%1')
  return bare:find('^[^%c%s"(),:;<>@%[%]\\]+$') and bare or user
end

-- `bob@example.com`, `example.com`, `.com`, `bob@`. The null sender is `<>`.
local function keys_of_address(address)
  if address == '' or address == '<>' then return { '<>' } end
  local keys = {}
  local add = adder(keys)
  local user, domain = address:lower():match('^(.*)@([^@]*)$')
  if not user then
    add(address:lower() .. '@')
    add(plain(address:lower()) .. '@')
    return keys
  end
  domain = domain:gsub('%.$', '')
  local bare = plain(user)
  add_name(add, user .. '@', domain)
  add_name(add, bare .. '@', domain)
  add_domain(add, domain)
  add(user .. '@')
  add(bare .. '@')
  return keys
end

local function keys_of_domain(name)
  local keys = {}
  add_domain(adder(keys), name:lower())
  return keys
end

local function text(name, value)
  if value ~= nil and type(value) ~= 'string' then
    error(("bad argument #1 to '%s' (string expected, got %s)"):format(name, type(value)), 3)
  end
  return value or ''
end

-- The value of exactly this key; nil when the list does not have it. Then the cause when the store has failed.
---@param key string
---@return string? value
---@return string? cause
function list:lookup(key)
  local value, _, cause = self.find_first({ text('access:lookup', key) })
  return value, cause
end

-- The value of the first key that is found, which key that was, and the cause when the store has failed.
---@param address string
---@return string? value
---@return string? key
---@return string? cause
function list:address(address)
  return self.find_first(keys_of_address(text('access:address', address)))
end

---@param name string
---@return string? value
---@return string? key
---@return string? cause
function list:domain(name)
  return self.find_first(keys_of_domain(text('access:domain', name)))
end

-- The smallest network that holds the address counts before the name. A name that is not confirmed is what the client likes it to be:
-- give client.confirmed_host or nil where an entry may let somebody in.
---@param ip string
---@param host? string
---@return string? value
---@return string? key
---@return string? cause
function list:client(ip, host)
  ip = text('access:client', ip)
  local keys = keys_of_domain(text('access:client', host))
  keys.net = net.network(ip) and ip
  return self.find_first(keys)
end

-- What a value says: a word of access.word and, for reject and tempfail, the reply. nil says `dunno`, a key alone `ok`. A value that nobody understands is
-- a mistake in the list: the client may come back when it is mended.
---@param value? string
---@return 'ok'|'reject'|'tempfail'|'dunno'|'greylist'|'discard' word
---@return string? reply
function list.action(_, value)
  if value == nil then return access.word.dunno end
  local code = value:match('^([45])%d%d[ -]')
  if code then return code == '5' and access.word.reject or access.word.tempfail, value end
  local word, rest = value:match('^(%a*)%s*(.*)$')
  word, rest = word:upper(), rest:match('^.*%S') or ''
  if word == 'REJECT' then return access.word.reject, '550 5.7.1 ' .. (rest == '' and 'access denied' or rest) end
  if word == 'TEMPFAIL' then return access.word.tempfail, '451 4.7.1 ' .. (rest == '' and 'try again later' or rest) end
  if word == 'OK' or value == '' then return access.word.ok end
  if word == 'DUNNO' then return access.word.dunno end
  if word == 'GREYLIST' then return access.word.greylist end
  if word == 'DISCARD' then return access.word.discard end
  syslog.error(("smtpe.access: nobody understands '%s'; right would be OK, REJECT, TEMPFAIL, DUNNO, GREYLIST, DISCARD or a reply"):format(value))
  return access.word.tempfail, '451 4.3.5 server configuration error'
end

-- A list in a file, shared by all connections and read again when it has changed (see module map).
---@param path string
---@param kind? 'access'|'keys'|'networks'
function access.open(path, kind)
  local entries = map.open(path, kind or 'access')
  return new(function(keys)
    if keys.net then
      local value = entries:lookup(keys.net)
      if value then return value, keys.net end
    end
    for _, key in ipairs(keys) do
      local value = entries:lookup(key)
      if value then return value, key end
    end
    return nil
  end)
end

-- Every key of the store's one question: the address, and its networks from the smallest to the largest: of IPv4 /32 to /8, of IPv6
-- /128, /64, /60 and so on to /16.
local function networks_of(ip)
  local keys = {}
  if not net.network(ip) then return keys end
  keys[1] = net.format_ip(ip, true)
  if keys[1]:find(':', 1, true) then
    keys[2] = net.network(ip, 32, 128)
    for bits = 64, 16, -4 do keys[#keys + 1] = net.network(ip, 32, bits) end
  else
    for bits = 32, 8, -1 do keys[#keys + 1] = net.network(ip, bits, 128) end
  end
  return keys
end

local check_options = fields.checker('access.redis', { store = 'text?', on_failure = 'open_closed?' })

-- A list in the store: the key `prefix` and what stands left in a line of a file. One round trip a question. `options`: the name of another store than the
-- first, or a table with `store` and `on_failure`: when the store has failed 'open' finds nothing, which is the default, and
-- 'closed' a value that says TEMPFAIL.
---@param prefix string
---@param options? string|{ store?: string, on_failure?: 'open'|'closed' }
function access.redis(prefix, options)
  if type(prefix) ~= 'string' then
    error(("bad argument #1 to 'access.redis' (string expected, got %s)"):format(type(prefix)), 2)
  elseif #prefix > LONGEST // 2 then
    error(("bad argument #1 to 'access.redis' (at most %d octets expected, got %d)"):format(LONGEST // 2, #prefix), 2)
  end
  options = type(options) == 'string' and { store = options } or options or {}
  check_options(options)
  local name, is_closed = options.store, options.on_failure == 'closed'
  return new(function(keys)
    local used = name and store.open(name) or store
    local asked, full = keys.net and networks_of(keys.net) or {}, {}
    for _, key in ipairs(keys) do asked[#asked + 1] = key end
    local places = {}
    for _, key in ipairs(asked) do
      local place = prefix .. key
      -- The store has no longer keys, and would answer for none of them.
      if #place <= LONGEST and place ~= '' then
        full[#full + 1], places[#places + 1] = place, key
      end
    end
    if #full == 0 then return nil end
    local values, cause = used.get(full)
    if not values then return is_closed and 'TEMPFAIL the list cannot be read, try again later' or nil, nil, cause end
    for i, key in ipairs(places) do
      if values[full[i]] then return values[full[i]], key end
    end
    return nil
  end)
end

return access
