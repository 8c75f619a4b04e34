---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---What the policy counts: it is shown beside the metrics of smtpe by `GET /metrics` of the administration interface (doc/admin.md), under names that begin with `smtpe_policy_`. All connections and workers are added up. A policy has at most 100 metrics and 1000 series. Declare in `hook.init`; a reload that declares the same goes on with the same numbers.
---
---Labels are for what there are few of, and their values are given beforehand: an address or a name of a stranger is no label.
---@class metric
metric = {}

---Makes a metric known. The same again changes nothing; another one of the same name raises an error, and so does a name, a kind, a text or a label that is not right, or one beyond 100 metrics or 1000 series. Does not suspend.
---@param name string Small letters, digits and `_`, at most 64. `smtpe_policy_` is put in front, behind a counter `_total`. A histogram ends in `_seconds` or `_bytes`.
---@param kind string `counter`: only grows. `gauge`: goes up and down, the workers are added up. `histogram`: how often which size, in fixed buckets.
---@param help string One line for whoever reads the metrics, at most 300 octets.
---@param labels? table<string, string[]> Of a counter: its labels, each with the list of its values. `other` is added to each.
function metric.declare(name, kind, help, labels) end

---Adds to a counter. Raises an error for a metric that was not declared or is none, a label that it does not have, and a negative number. Does not suspend.
---@param name string As it was declared.
---@param n? number How many, 0 or more.
---@param labels? table<string, string|number> The value of each label: `{ result = "hit" }`. A value that was not declared counts as `other`, and so does a label that is missing.
function metric.count(name, n, labels) end

---Puts a value into a histogram. Raises an error for a metric that was not declared or is none. Does not suspend.
---@param name string As it was declared.
---@param value number Seconds or octets, as the name says.
function metric.observe(name, value) end

---Sets a gauge, in this worker; what is shown is the sum of all workers. Raises an error for a metric that was not declared or is none. Does not suspend.
---@param name string As it was declared.
---@param value number Any number.
function metric.gauge(name, value) end
