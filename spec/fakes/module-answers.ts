// Expressions over the modules of lib-lua/compat, and what they are with the real ones: recorded from Debian's packages by
// spec/real/module-answers.spec.ts. Nothing in them depends on the time, the order of keys, or addresses.

export interface ModuleAnswer {
  readonly expression: string;
  readonly answer: string;
}

/** What the expressions find. */
export const modulePrelude = `local socket, url, ltn12, mime = require 'socket', require 'socket.url', require 'ltn12', require 'mime'
local cjson, safe, dkjson, md5, lfs = require 'cjson', require 'cjson.safe', require 'dkjson', require 'md5', require 'lfs'
local function pairs_of(t)
  if type(t) ~= 'table' then return t end
  local out = {}
  for k, v in pairs(t) do out[#out + 1] = tostring(k) .. '=' .. tostring(v) end
  table.sort(out)
  return table.concat(out, ' ')
end
local function piped(text, ...)
  local list = {}
  local filters = { ... }
  local sink = ltn12.sink.table(list)
  for i = #filters, 1, -1 do sink = ltn12.sink.chain(filters[i], sink) end
  local ok, message = ltn12.pump.all(ltn12.source.string(text), sink)
  return table.concat(list), ok, message
end
-- The text in pieces of 1, 2, 3 ... octets through a filter of mime.
local function pieces(filter, text)
  local out, at, size = {}, 1, 1
  while at <= #text do
    out[#out + 1] = filter(text:sub(at, at + size - 1)) or '<nil>'
    at, size = at + size, size + 1
  end
  out[#out + 1] = filter(nil) or '<nil>'
  return table.concat(out, '|')
end
local function all_octets()
  local t = {}
  for i = 0, 255 do t[#t + 1] = string.char(i) end
  return table.concat(t)
end
local fails = function(f, ...) local ok, message = pcall(f, ...) return ok, ok and message or nil end
`;

/** A Lua chunk that gives, or prints, a line for each expression. */
export function moduleChunk(expressions: readonly string[], policy: boolean): string {
  const list = expressions.map((expression) => `function() return ${expression} end,`).join('\n');
  return `${modulePrelude}
local expressions = {\n${list}\n}
local function show(...)
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = tostring((select(i, ...))) end
  local text = table.concat(parts, ' | ')
  return (text:gsub('[%c\\128-\\255]', function(c) return '\\\\' .. c:byte() end))
end
local answers = {}
for i, f in ipairs(expressions) do answers[i] = show(pcall(f)) end
local text = table.concat(answers, '\\n')
${policy ? 'return text' : 'print(text)'}`;
}
