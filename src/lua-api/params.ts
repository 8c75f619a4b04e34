// The kinds of argument that API functions take, by the rules of Lua's auxiliary library: a number serves as a string, a numeric
// string as a number; flags are booleans or numbers (0 is false). `optional` gives the value that nil stands for.
import { expectedWithoutHoles } from './array-places.ts';
import type { Crossing, Param, ReadResult } from './function-spec.ts';
import { numberText } from './number-text.ts';
import type { LuaValue } from './value.ts';

function readBytes(value: LuaValue): ReadResult<string> {
  if (typeof value === 'string') return { ok: true, value };
  if (typeof value === 'number') return { ok: true, value: numberText(value) };
  if (Buffer.isBuffer(value)) return { ok: true, value: value.toString('latin1') };
  return { ok: false, expected: 'string' };
}

function readNumber(value: LuaValue): ReadResult<number> {
  if (typeof value === 'number') return { ok: true, value };
  if (
    typeof value === 'string' &&
    /^\s*[-+]?(0x[\da-f]+|\d+\.?\d*(e[-+]?\d+)?|\.\d+(e[-+]?\d+)?)\s*$/i.test(value)
  ) {
    return { ok: true, value: Number(value) };
  }
  return { ok: false, expected: 'number' };
}

/** A fraction is a mistake of the author, not a number to be cut. */
function readInteger(value: LuaValue): ReadResult<number> {
  const read = readNumber(value);
  if (!read.ok) return read;
  return Number.isInteger(read.value) ? read : { ok: false, expected: 'integer' };
}

function readFlag(value: LuaValue): ReadResult<boolean> {
  if (typeof value === 'boolean') return { ok: true, value };
  const read = readNumber(value);
  return read.ok ? { ok: true, value: read.value !== 0 } : { ok: false, expected: 'boolean' };
}

function readStrings(value: LuaValue): ReadResult<readonly string[]> {
  if (!(value instanceof Map)) return { ok: false, expected: 'table' };
  const strings: string[] = [];
  for (let i = 1; value.has(i); i++) {
    const item = readBytes(value.get(i));
    if (!item.ok) return { ok: false, expected: 'table of strings' };
    strings.push(item.value);
  }
  const expected = expectedWithoutHoles(value, strings.length);
  return expected === undefined ? { ok: true, value: strings } : { ok: false, expected };
}

function required<T>(
  name: string,
  type: string,
  text: string,
  read: (value: LuaValue) => ReadResult<T>,
  crossing: Crossing,
): Param<T> {
  return { name, type, fallback: undefined, text, read, crossing };
}

function optional<T, D>(
  name: string,
  type: string,
  text: string,
  read: (value: LuaValue) => ReadResult<T>,
  fallback: D,
  shown: string,
  crossing: Crossing = 'scalar',
): Param<T | D> {
  return {
    crossing,
    name,
    type,
    fallback: shown,
    text,
    read: (value) => (value === undefined || value === null ? { ok: true, value: fallback } : read(value)),
  };
}

/** A byte string, as a latin1 string. */
export const bytes = (name: string, text: string): Param<string> =>
  required(name, 'string', text, readBytes, 'text');
export const optionalBytes = <D extends string | undefined>(
  name: string,
  text: string,
  fallback: D,
): Param<string | D> =>
  optional(
    name,
    'string',
    text,
    readBytes,
    fallback,
    fallback === undefined ? 'nil' : JSON.stringify(fallback),
    'text',
  );

/** A number without a fraction. */
export const integer = (name: string, text: string): Param<number> =>
  required(name, 'integer', text, readInteger, 'scalar');
export const optionalInteger = <D extends number | undefined>(
  name: string,
  text: string,
  fallback: D,
): Param<number | D> => optional(name, 'integer', text, readInteger, fallback, String(fallback ?? 'nil'));

export const number = (name: string, text: string): Param<number> =>
  required(name, 'number', text, readNumber, 'scalar');
export const optionalNumber = <D extends number | undefined>(
  name: string,
  text: string,
  fallback: D,
): Param<number | D> => optional(name, 'number', text, readNumber, fallback, String(fallback ?? 'nil'));

/** True or false; numbers are taken too: 0 is false. */
export const flag = (name: string, text: string): Param<boolean> =>
  required(name, 'boolean|integer', text, readFlag, 'scalar');
export const optionalFlag = (name: string, text: string, fallback: boolean): Param<boolean> =>
  optional(name, 'boolean|integer', text, readFlag, fallback, String(fallback));

/** An array of strings. One with a hole is refused: what stands behind it would be passed over. */
export const strings = (name: string, text: string): Param<readonly string[]> =>
  required(name, 'string[]', text, readStrings, 'strings');

/** A text; a flag of an option may be a boolean too: `+` or `-`. */
export const bytesOrFlag = (name: string, text: string): Param<string> =>
  required(
    name,
    'string|boolean',
    text,
    (value) => (typeof value === 'boolean' ? { ok: true, value: value ? '+' : '-' } : readBytes(value)),
    'text',
  );

/** Anything, as it comes; undefined for nil. */
export const optionalAnything = (name: string, type: string, text: string): Param<LuaValue> =>
  optional(name, type, text, (value) => ({ ok: true, value }), undefined, 'nil', 'value');

/** Anything, as it comes. */
export const anything = (name: string, type: string, text: string): Param<LuaValue> =>
  required(name, type, text, (value) => ({ ok: true, value }), 'value');
