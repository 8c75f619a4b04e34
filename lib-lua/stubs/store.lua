---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---One of `store.rates`.
---@class store_limit
---@field key string 1 to 512 octets
---@field limit number how many units in `per` seconds
---@field per number seconds
---@field burst number? how many may come at once; nil: 1
---@field cost number? units of this call; nil: 1

---How a limit stands after `store.rates`.
---@class store_state
---@field allowed boolean whether it fits
---@field remaining integer units that would still fit
---@field retry_after number seconds until it fits

---Memory that all connections and workers share, and with Redis several machines: counters, greylists, answers already found out. Option `store` says where it is; by default in memory, gone when smtpe ends. Every entry has a time to live: nothing grows for ever. Keys and values are octets. Every call is atomic for all who call at the same time.
---
---All functions suspend, and may answer at once. What cannot be done gives nil or false and a cause, one word of `store.cause`; it never raises, and never looks like "not there" unless the cause is not looked at. Arguments of a wrong type raise. Nothing is opened before the first call. A write whose answer did not come (`timeout`) may have happened; nothing is repeated by itself.
---
---The store on this machine is bounded (`store-max-entries`, `store-max-memory`): when it is full, what expires soonest makes room. Limits (`store.rate`) and entries that live up to 300 s have half of it to themselves, longer ones the other half, so that neither drives the other out.
---@class store
store = {}

---Why there is no value, or why nothing was done: `store.cause.missing == "missing"`.
---@enum store.cause
store.cause = {
  ---There is no such entry, or its time is over. No failure.
  missing = "missing",
  ---store.add: there is one already.
  exists = "exists",
  ---store.replace: the value is another one, or there is none.
  changed = "changed",
  ---The entry is of another kind: a text where a number is needed, a set where a value is, or a sum of more than 53 bits.
  type = "type",
  ---Too large or too many: key, value, time to live, set, store, disk.
  limit = "limit",
  ---The store cannot be reached or opened.
  down = "down",
  ---The store has not answered in time (`store-timeout`). A write may have happened.
  timeout = "timeout",
}

---Gives a value, or nil and `missing` when there is none: `nil, "missing"` is no failure, any other cause is. With an array of keys it gives a table that has those that are there, in one round trip. A number that was set comes back as text: use `tonumber`.
---@param key string|string[] 1 to 512 octets; or an array of at most 100 keys.
---@return string|table<string, string>|nil value the value, as text; of an array a table from key to value; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.get(key) end

---How long an entry, or a set, still lives.
---@param key string 1 to 512 octets.
---@return integer? seconds how long it still lives, rounded up; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.ttl(key) end

---Keys of entries and sets, for administration: it looks through the store, so it must not stand where mail passes.
---@param prefix string What the keys begin with; an empty one: all.
---@param n? integer How many at most, 1 to 1000.
---@return string[]? keys in no promised order; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.list(prefix, n) end

---Whether the store can be reached: `down` while calls are answered `down` at once, `trying` while one call finds out whether it is back.
---@return string state `up`, `down` or `trying`
function store.state() end

---Sets a value, whatever was there, with a new lifetime.
---@param key string 1 to 512 octets.
---@param value string Any octets, at most option `store-max-value`. A number is taken as its text.
---@param ttl integer Seconds that it lives, 1 to 31536000.
---@return boolean done true when it is done
---@return string cause a word of `store.cause` when it is not done
function store.set(key, value, ttl) end

---Sets a value only when there is none: false and `exists` else. Of all connections, workers and machines that call at once one wins.
---@param key string 1 to 512 octets.
---@param value string Any octets, at most option `store-max-value`. A number is taken as its text.
---@param ttl integer Seconds that it lives, 1 to 31536000.
---@return boolean done true when it is done
---@return string cause a word of `store.cause` when it is not done
function store.add(key, value, ttl) end

---Sets a value only when it is `old` now (compare and set): false and `changed` when it is another one or there is none.
---@param key string 1 to 512 octets.
---@param old string What it must be now.
---@param value string Any octets, at most option `store-max-value`. A number is taken as its text.
---@param ttl integer Seconds that it lives, 1 to 31536000.
---@return boolean done true when it is done
---@return string cause a word of `store.cause` when it is not done
function store.replace(key, old, value, ttl) end

---Gives an entry, or a set, a new lifetime from now.
---@param key string 1 to 512 octets.
---@param ttl integer Seconds that it lives, 1 to 31536000.
---@return boolean done true when it is done
---@return string cause a word of `store.cause` when it is not done
function store.expire(key, ttl) end

---Removes an entry or a set.
---@param key string 1 to 512 octets.
---@return boolean done true when there was one
---@return string cause a word of `store.cause` when it is not done
function store.delete(key) end

---Puts an item into a set: how many different recipients, senders, names. A set has one lifetime, which later items do not prolong, and at most 10000 items; the next one is refused with `limit`.
---@param set string Key of the set, 1 to 512 octets.
---@param item string What is put into it, 1 to 512 octets.
---@param ttl? integer Seconds that the set lives, from its first item on.
---@return boolean? isNew true when the item was not there, false when it was; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.member(set, item, ttl) end

---How many items a set has.
---@param set string Key of the set, 1 to 512 octets.
---@return integer? items 0 when there is no such set; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.count(set) end

---Adds to a whole number and gives the sum; makes it with `ttl` when there is none. It does not prolong: what is counted is counted from the first time on. `type` when the value is no whole number, or the sum has more than 53 bits.
---@param key string 1 to 512 octets.
---@param n? integer What is added; may be negative.
---@param ttl? integer Seconds that it lives when this makes it.
---@return integer? number the sum; nil
---@return store.cause? cause a word of `store.cause` when there is nil
function store.incr(key, n, ttl) end

---Counts units against a limit without edges (GCRA): they are worked off evenly, `limit` in `per` seconds, and `burst` of them may come at once. What does not fit is not counted; what is finer than a hundredth of a millisecond counts as one. One round trip and one value; `smtpe.ratelimit` is made of it.
---@param key string 1 to 512 octets.
---@param limit number How many units in `per` seconds.
---@param per number Seconds.
---@param burst number How many units may come at once, at least 1.
---@param cost? number Units of this call; 0 only looks.
---@return boolean? allowed true when it was counted, false when it does not fit; nil
---@return integer remaining whole units that would still fit now; the cause when `allowed` is nil, a word of `store.cause`
---@return number retry_after seconds until these units fit; 0 when they did, `math.huge` when there are more than `burst`
function store.rate(key, limit, per, burst, cost) end

---Several limits at once: when one of them refuses, none is counted. Behind a proxy that spreads keys over several Redis servers all keys must have one `{hash tag}`.
---@param limits store_limit[] At most 16 tables with `key` (each another), `limit`, `per`, `burst` (1) and `cost` (1), as `store.rate` has them.
---@return boolean? allowed true when it was counted, false when it does not fit; nil
---@return store_state[]|store.cause states of each limit `allowed`, `remaining` and `retry_after`; the cause when `allowed` is nil
function store.rates(limits) end

---Makes a key from parts that strangers may have sent: no two different lists of parts make the same key. In each part `:`, `%`, controls and blanks are written `%XX`, and a part of more than 200 octets is given by its SHA-256. Case is kept: use `string.lower` where it does not count. Does not suspend.
---@param part string Any octets.
---@param part2? string Any octets.
---@param part3? string Any octets.
---@param part4? string Any octets.
---@param part5? string Any octets.
---@param part6? string Any octets.
---@param part7? string Any octets.
---@param part8? string Any octets.
---@param more? nil There are at most 8 parts; one more raises an error.
---@return string key the parts with `:` between them, at most 512 octets
function store.key(part, part2, part3, part4, part5, part6, part7, part8, more) end

---Gives the functions of another store. `store.open("local")` is always there: the store on this machine, also when `store` is on another one. A name that no option has raises an error. Does not suspend; a store that cannot be reached says so at each call.
---@param name string NAME of an option `store.NAME`, or `local`: the store on this machine.
---@return store other a table with the functions `get`, `set`, `add`, `replace`, `incr`, `expire`, `ttl`, `delete`, `member`, `count`, `list`, `rate`, `rates`, `state`
function store.open(name) end
