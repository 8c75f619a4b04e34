-- Side file of the policy: table.show(value, name) -> text.
function table.show(value, name)
  if type(value) ~= 'table' then
    return name .. '=' .. tostring(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    table.insert(parts, table.show(item, tostring(key)))
  end
  table.sort(parts)
  return name .. '={' .. table.concat(parts, ' ') .. '}'
end
