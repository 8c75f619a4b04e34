-- What the policy of isolation.spec.ts brings in with require: a module with state of its own, a fresh one for each connection.
local notes = {}
local module = {}

function module.note(text) notes[#notes + 1] = text end
function module.last() return notes[#notes] end
function module.count() return #notes end

return module
