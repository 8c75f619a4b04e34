-- metadata_get, metadata_set, metadata_unset and metadata_list of users and of mailboxes. All of them wait for the disk.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local objects = behind.library 'dovecot.objects'
local count = arguments.count
local select, type, error, find, sub, pairs = select, type, error, string.find, string.sub, pairs
local unpack = table.unpack or unpack

local PREFIX = 'Invalid key prefix, must be /private/ or /shared/'

local function check(key, front)
  if sub(key, 1, 9) ~= '/private/' and sub(key, 1, 8) ~= '/shared/' then
    error(front .. PREFIX, 0)
  end
end

-- Puts the methods into `methods`. `where(self)` gives the full name of the mailbox, nil for the user; `fronts`: what is in front of errors.
return function(methods, where, fronts)
  local function ask(front, what, self, key, value)
    local problem, result = behind.dovecot_metadata(what, where(self), key, value)
    if problem then
      error(front .. problem, 0)
    end
    return result
  end

  function methods.metadata_get(...)
    local n = select('#', ...)
    if n < 2 then
      error('expecting at least 1 parameter', 0)
    end
    local given, values = { ... }, {}
    for i = 2, n do
      given[i] = objects.text(given[i], i)
      check(given[i], '')
    end
    for i = 2, n do
      values[i - 1] = ask('Cannot get attribute: ', 'get', given[1], given[i])
    end
    return unpack(values, 1, n - 1)
  end

  function methods.metadata_set(...)
    count(select('#', ...), 3)
    local self, key, value = ...
    key = objects.text(key, 2)
    local front = fronts.set
    check(key, front)
    if value == nil or type(value) == 'boolean' then
      ask(front, 'unset', self, key)
      return
    end
    value = objects.text(value, 3)
    if find(value, '\0', 1, true) then
      error((fronts.nuls or front) .. 'Attribute string value has NULs', 0)
    end
    ask(front, 'set', self, key, value)
  end

  function methods.metadata_unset(...)
    count(select('#', ...), 2)
    local self, key = ...
    key = objects.text(key, 2)
    check(key, fronts.unset)
    ask(fronts.unset, 'unset', self, key)
  end

  function methods.metadata_list(...)
    local n = select('#', ...)
    if n < 2 then
      error('expecting at least 1 parameter', 0)
    end
    local given, found = { ... }, {}
    for i = 2, n do
      given[i] = objects.text(given[i], i)
      check(given[i], '')
    end
    for i = 2, n do
      for key, value in pairs(ask('Cannot iterate attributes: ', 'list', given[1], given[i])) do
        found[key] = value
      end
    end
    return found
  end
end
