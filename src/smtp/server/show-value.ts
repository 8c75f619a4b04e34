// A Lua value for somebody who reads it: texts and numbers as print shows them, tables as they would be written, to a bounded depth and length.
import type { LuaValue } from '../../lua-api/value.ts';
import { luaTypeName } from '../../lua-api/value.ts';

const DEEPEST = 4;
const MOST_FIELDS = 40;
const LONGEST = 4000;

/** Of a table's field; `[1]` and `['a b']` where it is no name. */
const keyText = (key: LuaValue): string =>
  typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key) ? key : `[${showValue(key, true)}]`;

const quoted = (text: string): string =>
  `'${text.replace(/[\\'\n\r\t]/g, (c) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[c] ?? `\\${c}`)}'`;

/** On one line; `inside` a table texts are quoted. */
export function showValue(value: LuaValue, inside = false, depth = 0): string {
  if (typeof value === 'string') return inside ? quoted(value) : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Buffer.isBuffer(value)) return showValue(value.toString('latin1'), inside);
  const fields = fieldsOf(value);
  if (fields === undefined) return luaTypeName(value);
  if (fields.length === 0) return '{}';
  if (depth === DEEPEST) return '{ ... }';
  const texts: string[] = [];
  let length = 0;
  for (const [name, field] of fields) {
    const text = name + showValue(field, true, depth + 1);
    length += text.length;
    if (texts.length === MOST_FIELDS || length > LONGEST) {
      texts.push('...');
      break;
    }
    texts.push(text);
  }
  return `{ ${texts.join(', ')} }`;
}

/** What is written in front of each field, and the field: the sequence first, then by names. Undefined for what is no table that has crossed. */
function fieldsOf(value: LuaValue): readonly (readonly [string, LuaValue])[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const table: ReadonlyMap<LuaValue, LuaValue> = value;
  const sequence: (readonly [string, LuaValue])[] = [];
  for (let i = 1; table.has(i); i++) sequence.push(['', table.get(i)]);
  const named = [...table].filter(([key]) => !(isIndex(key) && key <= sequence.length));
  const fields = named.map(([key, field]) => [`${keyText(key)} = `, field] as const);
  return [...sequence, ...fields.toSorted(([a], [b]) => (a < b ? -1 : 1))];
}

const isIndex = (key: LuaValue): key is number =>
  typeof key === 'number' && Number.isInteger(key) && key >= 1;
