// Reads what a test gives in tables: a field that is unknown, or of a wrong type, is an error that says what would be right. Pure.
import { nearestName } from '../../base/nearest-name.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import { type LuaRef, type LuaValue, luaTypeName } from '../../lua-api/value.ts';
import { shown } from '../shown.ts';

/** What stands for an answer that is none, among texts that are answers. */
export const TIMEOUT = '\0smtpe.test: no answer in time';
export const NXDOMAIN = '\0smtpe.test: no such name';

export type LuaFields = ReadonlyMap<LuaValue, LuaValue>;

export const isTable = (value: LuaValue): value is LuaFields => value instanceof Map;

export const isFunction = (value: LuaValue): value is LuaRef =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'ref';

/** Of a string or a number, latin1; undefined for anything else. */
export function textOf(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** A value for people. */
export function sketch(value: LuaValue): string {
  if (value === TIMEOUT) return 't.timeout';
  if (value === NXDOMAIN) return 't.nxdomain';
  return typeof value === 'string'
    ? `'${shown(value)}'`
    : (textOf(value) ?? (typeof value === 'boolean' ? String(value) : `a ${luaTypeName(value)}`));
}

/** `what` got a wrong value: `t.dns 'x A': expected ..., got ...`. */
export function wrong(what: string, expected: string, got: LuaValue): LuaError {
  return new LuaError(`${what}: expected ${expected}, got ${sketch(got)}`);
}

/** Throws unless a text stands on one line of SMTP as it is: what breaks the line would be another command. */
export function oneLine(what: string, text: string): string {
  if (/[\r\n\0]/.test(text)) throw wrong(what, 'a text without CR, LF and NUL', text);
  return text;
}

export function tableFor(what: string, value: LuaValue, sample: string): LuaFields {
  if (!isTable(value)) throw new LuaError(`${what} takes a table: ${sample}; got ${sketch(value)}`);
  return value;
}

/** Throws when the table has a field that is none of `names`. */
export function checkFields(what: string, table: LuaFields, names: readonly string[]): void {
  for (const key of table.keys()) {
    if (names.some((name) => name === key)) continue;
    const near = typeof key === 'string' ? nearestName(key, names) : undefined;
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
    throw new LuaError(`${what} has no field ${sketch(key)}; ${hint}`);
  }
}

/** A field that may be left out. */
export function textField(what: string, table: LuaFields, name: string): string | undefined {
  const value = table.get(name);
  if (value === undefined) return undefined;
  const text = textOf(value);
  if (text === undefined) throw wrong(`${what}, ${name}`, 'a string', value);
  return text;
}

export function numberField(what: string, table: LuaFields, name: string): number | undefined {
  const value = table.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrong(`${what}, ${name}`, 'a number', value);
  return value;
}

/** Texts of a sequence, or a single one. */
export function textsOf(
  what: string,
  value: LuaValue,
  expected = 'a string, or a table of strings',
): readonly string[] {
  const single = textOf(value);
  if (single !== undefined) return [single];
  if (!isTable(value)) throw wrong(what, expected, value);
  const texts: string[] = [];
  for (let i = 1; value.has(i); i++) {
    const text = textOf(value.get(i));
    if (text === undefined) throw wrong(what, expected, value.get(i));
    texts.push(text);
  }
  if (texts.length < value.size)
    throw new LuaError(`${what}: expected ${expected}; it has fields with names`);
  return texts;
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `5m`, `1h 30m`, `90s`, `2d`, or of a number of seconds; undefined for what is none. */
export function durationOf(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value >= 0 ? Math.round(value * 1000) : undefined;
  if (typeof value !== 'string' || !/^\s*(?:\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)\s*)+$/.test(value))
    return undefined;
  let ms = 0;
  for (const [, count = '', unit = ''] of value.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g))
    ms += Number(count) * (units[unit] ?? 0);
  return Math.round(ms);
}
