-- How a script of Dovecot's, of any kind, begins and ends. Its functions are looked up in its globals as they are, past any metatable.

local rawget, math_type, globals = rawget, math.type, _G

-- Calls script_init with the settings: what is wrong, or nil. A script of 2.4 returns nothing, one of 2.3 the integer 0.
local function begin(settings)
  local init = rawget(globals, 'script_init')
  if init == nil then
    return nil
  end
  local code = init(settings)
  if code == nil or code == 0 and math_type(code) == 'integer' then
    return nil
  elseif math_type(code) == 'integer' then
    return 'Script init failed'
  end
  return 'script_init() returned non-number'
end

local function finish()
  local deinit = rawget(globals, 'script_deinit')
  if deinit ~= nil then
    deinit()
  end
end

return { begin = begin, finish = finish }
