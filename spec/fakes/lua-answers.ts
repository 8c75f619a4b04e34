// Expressions, and what they are in Lua 5.1 and 5.4: recorded from Debian's lua5.1 and lua5.4 (spec/real/lua-answers.spec.ts).

export interface LuaAnswer {
  readonly expression: string;
  readonly lua51: string;
  readonly lua54: string;
}

/** A Lua chunk that gives, or prints, one line for each expression: whether it went well, and its values, or the error. */
export function answersChunk(expressions: readonly string[]): string {
  const list = expressions.map((expression) => `[=====[${expression}]=====],`).join('\n');
  return `local expressions = {\n${list}\n}
local function show(...)
  local parts = {}
  for i = 1, select('#', ...) do
    local value = select(i, ...)
    parts[i] = tostring(value)
  end
  local text = table.concat(parts, ' | ')
  text = text:gsub('0x%x+', 'ADDRESS')
  return (text:gsub('%c', function(c) return '\\\\' .. c:byte() end))
end
local answers = {}
for i, expression in ipairs(expressions) do
  local f, message = (loadstring or load)('return ' .. expression, '=expression')
  answers[i] = f and show(pcall(f)) or 'does not compile: ' .. message
end
local text = table.concat(answers, '\\n')
if not hook then print(text) end
return text`;
}
