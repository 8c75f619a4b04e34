-- dovecot.dict(NAME): keys with texts, in a file of Dovecot's own form or on a Redis server. Looking up, iterating and committing wait.

local _, behind = ...
local arguments = behind.library 'dovecot.arguments'
local count, text, integer, made, state_of =
  arguments.count, arguments.text, arguments.integer, arguments.made, arguments.state
local select, error, type, setmetatable, sub = select, error, type, setmetatable, string.sub

local dicts, transactions = {}, {}
local DICT = arguments.kind('struct dict', dicts)
local TRANSACTION = arguments.kind('struct dict_transaction', transactions)

local LONGEST_KEY, LONGEST_VALUE, MOST_CHANGES, MOST_OCTETS = 1024, 262144, 1000, 1048576

-- A key is of everybody, or of a user who has to be named. The error has the line of the caller.
local function check_key(key, user)
  if sub(key, 1, 5) == 'priv/' then
    if user == nil or user == '' then
      error('priv/ dict key prefix requires username', 3)
    end
  elseif sub(key, 1, 7) ~= 'shared/' then
    error('Invalid dict key prefix', 3)
  end
  if #key > LONGEST_KEY then
    error('dict key has more than ' .. LONGEST_KEY .. ' octets', 3)
  end
  return key
end

local function optional(value, place, name)
  if value ~= nil then
    return text(value, place, name)
  end
end

function dicts.lookup(...)
  count(select('#', ...), 2, 3)
  local self, key, user = ...
  local state = state_of(self, DICT)
  key, user = text(key, 1, 'lookup'), optional(user, 2, 'lookup')
  check_key(key, user)
  local values, cause = behind.dovecot_dict_lookup(state.name, key, user)
  if cause then
    error('dict lookup failed: ' .. cause, 2)
  end
  return values
end

local function step(rows)
  local at = rows.at + 1
  rows.at = at
  local key = rows.keys[at]
  if key ~= nil then
    return key, rows.without and {} or { rows.values[at] }
  end
end

function dicts.iterate(...)
  count(select('#', ...), 3, 4)
  local self, prefix, flags, user = ...
  local state = state_of(self, DICT)
  prefix, flags, user = text(prefix, 1, 'iterate'), integer(flags, 2, 'iterate'), optional(user, 3, 'iterate')
  check_key(prefix, user)
  local found, cause = behind.dovecot_dict_iterate(state.name, prefix, flags, user)
  if cause then
    error('dict iterate failed: ' .. cause, 2)
  end
  return step, { keys = found[1], values = found[2], at = 0, without = flags & 8 ~= 0 }
end

function dicts.transaction_begin(...)
  count(select('#', ...), 1, 2)
  local self, user = ...
  local state = state_of(self, DICT)
  return made(TRANSACTION, { name = state.name, user = optional(user, 1, 'transaction_begin'), changes = {}, octets = 0 })
end

local function open_of(value)
  local state = state_of(value, TRANSACTION)
  if state.over then
    error('dict transaction already ' .. state.over, 3)
  end
  return state
end

-- Nothing is sent before the commit: one that is forgotten has never been.
local function change(state, what, key, value)
  local changes = state.changes
  state.octets = state.octets + #key + (type(value) == 'string' and #value or 16)
  if #changes == MOST_CHANGES or state.octets > MOST_OCTETS then
    error('dict transaction has more than ' .. MOST_CHANGES .. ' changes, or more than ' .. MOST_OCTETS .. ' octets', 3)
  end
  changes[#changes + 1] = { what, key, value }
end

function transactions.set(...)
  count(select('#', ...), 3)
  local self, key, value = ...
  local state = open_of(self)
  key, value = check_key(text(key, 1, 'set'), state.user), text(value, 2, 'set')
  if #value > LONGEST_VALUE then
    error('dict value has more than ' .. LONGEST_VALUE .. ' octets', 2)
  end
  change(state, 'set', key, value)
end

function transactions.unset(...)
  count(select('#', ...), 2)
  local self, key = ...
  local state = open_of(self)
  change(state, 'unset', check_key(text(key, 1, 'unset'), state.user))
end

function transactions.atomic_inc(...)
  count(select('#', ...), 3)
  local self, key, by = ...
  local state = open_of(self)
  key, by = check_key(text(key, 1, 'atomic_inc'), state.user), integer(by, 2, 'atomic_inc')
  if by > 2 ^ 53 or by < -2 ^ 53 then
    error('dict increment is more than 2^53', 2)
  end
  change(state, 'add', key, by)
end

-- Neither form keeps times: it is looked at, and has no effect.
function transactions.set_timestamp(...)
  count(select('#', ...), 2)
  local self, given = ...
  open_of(self)
  arguments.table(given, 1, 'set_timestamp')
  if given.tv_sec == nil then
    error('tv_sec missing from table', 2)
  elseif given.tv_nsec == nil then
    error('tv_nsec missing from table', 2)
  end
  integer(given.tv_sec, 1, 'set_timestamp')
  integer(given.tv_nsec, 1, 'set_timestamp')
end

function transactions.commit(...)
  count(select('#', ...), 1)
  local state = open_of((...))
  state.over = 'committed'
  local changes = state.changes
  state.changes = {}
  if #changes == 0 then
    return
  end
  local _, cause = behind.dovecot_dict_commit(state.name, changes, state.user)
  if cause then
    error('dict transaction commit failed: ' .. cause, 2)
  end
end

function transactions.rollback(...)
  count(select('#', ...), 1)
  local state = open_of((...))
  state.over, state.changes = 'aborted', {}
end

-- The name is not repeated in an error: a password may be in it.
local function open(_, ...)
  count(select('#', ...), 1)
  local name = text((...), 1, 'dict')
  local problem = behind.dovecot_dict_problem(name)
  if problem then
    error('dovecot.dict: ' .. problem, 2)
  end
  return made(DICT, { name = name })
end

return setmetatable({
  ITERATE_FLAG_RECURSE = 1,
  ITERATE_FLAG_SORT_BY_KEY = 2,
  ITERATE_FLAG_SORT_BY_VALUE = 4,
  ITERATE_FLAG_NO_VALUE = 8,
  ITERATE_FLAG_EXACT_KEY = 16,
  ITERATE_FLAG_ASYNC = 32,
}, { __call = open })
