// JSON (RFC 8259) and the values of Lua: octets of UTF-8 on both sides. Pure. What a stranger wrote never raises an error; what a policy hands
// over does when it cannot be said in JSON.
import { LuaError } from '../../lua-api/function-spec.ts';
import { type LuaValue, luaTypeName } from '../../lua-api/value.ts';

export type JsonRead =
  | { readonly kind: 'value'; readonly value: LuaValue }
  /** Why it is none. */
  | { readonly kind: 'fault'; readonly fault: string };

export const jsonLimits = { octets: 1_048_576, values: 100_000, depth: 15 } as const;

const asUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `text`: octets as latin1. `none`: what `null` becomes. */
export function readJson(text: string, none: LuaValue): JsonRead {
  const fault = (why: string): JsonRead => ({ kind: 'fault', fault: why });
  if (text.length > jsonLimits.octets) return fault(`more than ${jsonLimits.octets} octets`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(asUtf8.decode(Buffer.from(text, 'latin1')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) return fault('no UTF-8');
    return fault('no JSON');
  }
  const reader = new Reader(none);
  const value = reader.read(parsed, 0);
  return reader.fault === undefined ? { kind: 'value', value } : fault(reader.fault);
}

class Reader {
  fault: string | undefined;
  readonly #none: LuaValue;
  #values = 0;

  constructor(none: LuaValue) {
    this.#none = none;
  }

  read(value: unknown, depth: number): LuaValue {
    if (this.fault !== undefined) return undefined;
    if (++this.#values > jsonLimits.values) return this.#fail(`more than ${jsonLimits.values} values`);
    if (value === null) return this.#none;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string') return octetsOf(value);
    if (typeof value === 'number')
      return Number.isFinite(value) ? value : this.#fail('a number that is too large');
    if (depth === jsonLimits.depth) return this.#fail(`nested more than ${jsonLimits.depth} deep`);
    const table = new Map<LuaValue, LuaValue>();
    // Entries of an array have their place from 0 as key.
    const isArray = Array.isArray(value);
    for (const [key, item] of Object.entries(value as object))
      table.set(isArray ? Number(key) + 1 : octetsOf(key), this.read(item, depth + 1));
    return table;
  }

  #fail(fault: string): undefined {
    this.fault = fault;
  }
}

/** The octets of the text as latin1. */
function octetsOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * JSON as octets in latin1, without white space, keys sorted. Octets that are no UTF-8 become U+FFFD. An empty table is `{}`, or `[]` when
 * `emptyIsArray`. Throws LuaError for what has no JSON, saying where it stands.
 */
export function writeJson(value: LuaValue, emptyIsArray: boolean): string {
  return Buffer.from(write(value, emptyIsArray, []), 'utf8').toString('latin1');
}

type Place = readonly (string | number)[];

function write(value: LuaValue, emptyIsArray: boolean, place: Place): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return stringText(value);
  if (Buffer.isBuffer(value)) return stringText(value.toString('latin1'));
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new LuaError(`${placeText(place)} is no number of JSON: ${value}`);
    return JSON.stringify(value);
  }
  if (!(value instanceof Map))
    throw new LuaError(`${placeText(place)} is a ${luaTypeName(value)}, which JSON does not have`);
  return writeTable(value, emptyIsArray, place);
}

function writeTable(table: ReadonlyMap<LuaValue, LuaValue>, emptyIsArray: boolean, place: Place): string {
  if (table.size === 0) return emptyIsArray ? '[]' : '{}';
  const items: string[] = [];
  if (table.has(1)) {
    for (let i = 1; table.has(i); i++) items.push(write(table.get(i), emptyIsArray, [...place, i]));
    if (items.length !== table.size)
      throw new LuaError(
        `${placeText(place)} has other keys beside 1 to ${items.length}: neither an array nor an object`,
      );
    return `[${items.join(',')}]`;
  }
  for (const key of [...table.keys()].map((name) => keyOf(name, place)).sort())
    items.push(`${stringText(key)}:${write(table.get(key), emptyIsArray, [...place, key])}`);
  return `{${items.join(',')}}`;
}

function keyOf(key: LuaValue, place: Place): string {
  if (typeof key === 'string') return key;
  throw new LuaError(
    `${placeText(place)} has a key that is a ${luaTypeName(key)}: those of an object are strings, those of an array 1, 2, 3 ...`,
  );
}

const stringText = (octets: string): string => JSON.stringify(Buffer.from(octets, 'latin1').toString('utf8'));

/** As Lua would write it, so that the author finds it. */
function placeText(place: Place): string {
  if (place.length === 0) return 'the value';
  const steps = place.map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${step.replace(/[^!-~]/g, '?').slice(0, 40)}`,
  );
  return `value${steps.join('')}`;
}
