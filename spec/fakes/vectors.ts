// The answers of the original program, spec/vectors/*.json: reading them, and comparing results with them.
import { readFileSync } from 'node:fs';
import { LuaTable, type LuaValue } from '../../src/lua-api/value.ts';

/** A value as the files write it: null is nil, { base64 } a byte string, other strings are UTF-8 text. */
export type VectorValue =
  | null
  | boolean
  | number
  | string
  | readonly VectorValue[]
  | { readonly [key: string]: VectorValue };

export interface Vector {
  readonly fn: string;
  readonly args: readonly VectorValue[];
  readonly returns?: readonly VectorValue[];
  readonly error?: string;
  readonly quirk?: string;
  /** util.mkpath: what is there before, and after. */
  readonly setup?: readonly string[];
  readonly tree_after?: readonly string[];
  /** util.cpucount: what kind of value comes back. */
  readonly returns_shape?: string;
}

export function readVectors(name: string): readonly Vector[] {
  const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly cases: readonly Vector[] }).cases;
}

/** The latin1 string that stands for the octets of a string in the files. */
function octets(value: VectorValue): string | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('latin1');
  if (value !== null && typeof value === 'object' && 'base64' in value)
    return Buffer.from(String(value.base64), 'base64').toString('latin1');
  return undefined;
}

/** A value of the files as an argument for a Lua function. */
export function toLua(value: VectorValue): LuaValue {
  const text = octets(value);
  if (text !== undefined) return text;
  if (value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toLua(item)]));
  return Array.isArray(value) ? value.map(toLua) : (value as LuaValue);
}

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** A result in one form for comparing: strings as octets, nil as null, nil fields of records left out. */
export function plain(value: LuaValue): Plain {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof LuaTable) return value.sequence.map(plain);
  if (value instanceof Map) {
    if (value.size === 0 || value.has(1))
      return Array.from({ length: value.size }, (_, i) => plain(value.get(i + 1)));
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined || item === null ? [] : [[key, plain(item)]],
    ),
  );
}

/** Results without the nils behind the last value: a Lua caller sees no difference. */
export function plainResults(values: readonly LuaValue[]): readonly Plain[] {
  const all = values.map(plain);
  while (all.length > 0 && all[all.length - 1] === null) all.pop();
  return all;
}

export function expectedResults(values: readonly VectorValue[]): readonly Plain[] {
  return plainResults(values.map(toLua));
}
