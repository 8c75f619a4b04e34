// Values of Lua as JSON, as the modules json, cjson and dkjson of lib-lua/compat write them (json/text.lua is the rule): octets as they are, numbers by
// `%.14g`. Pure. What is not quite simple is left to Lua: then there is no text.
import type { LuaValue } from '../../lua-api/value.ts';

export interface JsonStyle {
  /** Digits of a number that is not whole, 1 to 16. */
  readonly precision: number;
  /** `/` is written as `\/`. */
  readonly escapesSlash: boolean;
  /** What a table without anything is. */
  readonly empty: '[]' | '{}';
}

const escapes: Readonly<Record<string, string>> = {
  ...{
    '"': '\\"',
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '/': '\\/',
  },
};
const special = /[\x00-\x1f"\\\x7f]/g;
const specialOrSlash = /[\x00-\x1f"\\\x7f/]/g;

/** Whole numbers below are written with all their digits. */
const MOST_WHOLE = 1e15;

/** As C writes a number by `%.Ng`; undefined where its rounding may be another one than ours. */
export function generalText(value: number, precision: number): string | undefined {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  // One digit more than wanted, and it is the last one and a 5: C looks at the digit in front of it, we would not.
  const finer = value.toExponential(precision);
  if (/5(?=e)/.test(finer) && Number(finer) === value) return undefined;
  const [mantissa = '', power = '0'] = value.toExponential(precision - 1).split('e');
  const exponent = Number(power);
  const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent >= -4 && exponent < precision) return trimmed(value.toFixed(precision - 1 - exponent));
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${trimmed(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`;
}

function numberText(value: number, precision: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  // -0 is 0 here.
  if (Number.isInteger(value) && Math.abs(value) < MOST_WHOLE) return String(value + 0);
  return generalText(value, precision);
}

const quoted = (text: string, { escapesSlash }: JsonStyle): string =>
  `"${text.replace(
    escapesSlash ? specialOrSlash : special,
    (c) => escapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}"`;

/** Octets in latin1; undefined when Lua has to write it, or to say that it cannot be written. */
export function jsonText(value: LuaValue, style: JsonStyle): string | undefined {
  if (value === undefined) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value, style);
  if (typeof value === 'number') return numberText(value, style.precision);
  if (!(value instanceof Map)) return undefined;
  return tableText(value as ReadonlyMap<LuaValue, LuaValue>, style);
}

function tableText(table: ReadonlyMap<LuaValue, LuaValue>, style: JsonStyle): string | undefined {
  if (table.size === 0) return style.empty;
  const items: string[] = [];
  if (table.has(1)) {
    for (let i = 1; i <= table.size; i++) {
      const item = table.has(i) ? jsonText(table.get(i), style) : undefined;
      if (item === undefined) return undefined;
      items.push(item);
    }
    return `[${items.join(',')}]`;
  }
  const keys = [...table.keys()];
  if (!keys.every((key) => typeof key === 'string')) return undefined;
  for (const key of keys.sort()) {
    const item = jsonText(table.get(key), style);
    if (item === undefined) return undefined;
    items.push(`${quoted(key, style)}:${item}`);
  }
  return `{${items.join(',')}}`;
}
