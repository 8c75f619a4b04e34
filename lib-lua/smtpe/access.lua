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

-- A name has at most so many parents that are looked up; a longer one is no name of anybody.
local MOST_PARENTS = 20
-- Longer texts are no keys.
local LONGEST = 512

local list = {}
list.__index = list

local function new(find_first)
  return setmetatable({ find_first = find_first }, list)
end

-- The domain and its parents: `mx.example.com`, `.example.com`, `.com`.
local function add_domain(keys, name)
  name = name:lower():gsub('%.$', '')
  if name == '' or #name > LONGEST then return end
  keys[#keys + 1] = name
  local parents = 0
  for dot in name:gmatch('()%.') do
    parents = parents + 1
    if parents > MOST_PARENTS then return end
    keys[#keys + 1] = name:sub(dot)
  end
end

-- `bob@example.com`, `example.com`, `.com`, `bob@`. The null sender is `<>`.
local function keys_of_address(address)
  if address == '' or address == '<>' then return { '<>' } end
  if #address > LONGEST then return {} end
  address = address:lower()
  local user, domain = address:match('^(.*)@([^@]*)$')
  if not user then return { address .. '@' } end
  local keys = { address }
  add_domain(keys, domain)
  keys[#keys + 1] = user .. '@'
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
  local keys = {}
  add_domain(keys, text('access:domain', name))
  return self.find_first(keys)
end

-- The smallest network that holds the address counts before the name. A name that is not confirmed is what the client likes it to be:
-- give client.confirmed_host or nil where an entry may let somebody in.
---@param ip string
---@param host? string
---@return string? value
---@return string? key
---@return string? cause
function list:client(ip, host)
  local keys = { net = text('access:client', ip) }
  if host then add_domain(keys, text('access:client', host)) end
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
  local word, rest = value:match('^(%a*)%s*(.-)%s*$')
  word = word:upper()
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

-- A list in the store: the key `prefix` and what stands left in a line of a file. One round trip a question. `name`: another store than the first.
---@param prefix string
---@param name? string
function access.redis(prefix, name)
  if type(prefix) ~= 'string' then
    error(("bad argument #1 to 'access.redis' (string expected, got %s)"):format(type(prefix)), 2)
  end
  return new(function(keys)
    local used = name and store.open(name) or store
    local asked = keys.net and networks_of(keys.net) or {}
    for _, key in ipairs(keys) do asked[#asked + 1] = key end
    if #asked == 0 then return nil end
    local full = {}
    for i, key in ipairs(asked) do full[i] = prefix .. key end
    local values, cause = used.get(full)
    if not values then return nil, nil, cause end
    for i, key in ipairs(asked) do
      if values[full[i]] then return values[full[i]], key end
    end
    return nil
  end)
end

return access
