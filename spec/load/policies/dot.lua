-- (f) without the checks.
function hook.dot(path) end
