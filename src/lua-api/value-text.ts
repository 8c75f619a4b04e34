// Values that cross to or from Lua as people read them: `"a@b.example"`, `3`, `nil`, `a table`. Pure.
import { ByteSlice, type LuaValue, luaTypeName } from './value.ts';

/** Characters of a text that are shown. */
const LONGEST = 120;

const OTHER = /[^\x20-\x7e]|["\\]/;
const OTHERS = new RegExp(OTHER, 'g');

/** Printable ASCII as it is, other octets as Lua writes them: `\n`, `\x1B`. Cut behind `most` octets. */
export function quotedText(text: string, most: number = LONGEST): string {
  const shown = text.length > most ? text.slice(0, most) : text;
  // Most texts have nothing to escape, and a look is a third of a replacement.
  const escaped = OTHER.test(shown) ? shown.replaceAll(OTHERS, escapeOctet) : shown;
  return text.length > most ? `"${escaped}"... (${text.length} octets)` : `"${escaped}"`;
}

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const escapeOctet = (octet: string): string =>
  named[octet] ?? `\\x${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

export function valueText(value: LuaValue, most: number = LONGEST): string {
  if (value === undefined || value === null) return 'nil';
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return quotedText(value, most);
  if (Buffer.isBuffer(value)) return quotedText(value.toString('latin1'), most);
  if (value instanceof ByteSlice) return quotedText(value.toString(), most);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return `{${value
      .slice(0, 10)
      .map((item) => quotedText(item, most))
      .join(', ')}${value.length > 10 ? ', ...' : ''}}`;
  return `a ${luaTypeName(value)}`;
}

/** Values one behind the other. */
export function valuesText(values: readonly LuaValue[], most?: number): string {
  const [first] = values;
  // As hooks have it: most have one argument or none.
  if (values.length < 2) return values.length === 0 ? '' : valueText(first, most);
  return values.map((value) => valueText(value, most)).join(', ');
}
