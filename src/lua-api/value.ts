// The values that cross between TypeScript and Lua. A Lua string is a byte string: on this side it is a Buffer, or a
// latin1 string (one character per byte, U+0000 to U+00FF). Never UTF-8 text; convert with Buffer.from(text, 'utf8').
import type { ClassSpec } from './class-spec.ts';
import type { FunctionSpec } from './function-spec.ts';

/** A table with a sequence part (1..n) and named fields, e.g. dns answers or service.http results. */
export class LuaTable {
  readonly sequence: readonly LuaValue[];
  readonly fields: Readonly<Record<string, LuaValue>>;
  constructor(sequence: readonly LuaValue[], fields: Readonly<Record<string, LuaValue>>) {
    this.sequence = sequence;
    this.fields = fields;
  }
}

/** A userdata: `value` belongs to smtpe, Lua sees only the methods of its class. */
export class LuaObject {
  readonly class: ClassSpec;
  readonly value: unknown;
  constructor(cls: ClassSpec, value: unknown) {
    this.class = cls;
    this.value = value;
  }
}

/** A function made for whoever gets it (the iterator over the rows of a query); its `name` is for errors. Goes to Lua only. */
export class LuaFunction {
  readonly spec: FunctionSpec;
  constructor(spec: FunctionSpec) {
    this.spec = spec;
  }
}

/** One for all: to make a buffer costs much, an empty one, too. */
const NO_BYTES = Buffer.alloc(0);

/**
 * Some bytes of a larger buffer, as a string for Lua: for the lines of a message, thousands of which are slices of one chunk. May be
 * used again for the next one as soon as it was pushed. The buffer must not change while slices of it are pushed.
 */
export class ByteSlice {
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;

  toString(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }
}

/** Slices of one buffer that a hook is called with one after the other. Used again for the next ones. */
export class SliceBatch {
  bytes: Buffer = NO_BYTES;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  count = 0;
  /** How many are worth putting together next time; whoever calls the hook adapts it to what the policy does. */
  limit = 8;
}

/**
 * A table that lives in one connection's Lua and that TypeScript goes on filling (mime.parts, uri.found). Append and set only
 * while no Lua code of the engine is running. `release` gives up our reference; the policy may keep its own.
 */
export interface LiveTable {
  readonly kind: 'live-table';
  append(value: LuaValue): void;
  set(key: string, value: LuaValue): void;
  release(): void;
}

/** A Lua function or other value that TypeScript holds without looking into it. */
export interface LuaRef {
  readonly kind: 'ref';
  release(): void;
}

export interface LuaRecord {
  readonly [field: string]: LuaValue;
}

/**
 * To Lua: undefined and null are nil; a safe-integer number becomes a Lua integer, any other number a float; an array a
 * sequence; a record a table with string keys (undefined values are left out); a Map a table with those keys.
 * From Lua: nil is undefined; strings are latin1 strings; a table is a Map with its keys (depth at most 16, no cycles); a function,
 * thread or foreign userdata is a LuaRef.
 */
export type LuaValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Buffer
  | ByteSlice
  | readonly LuaValue[]
  | ReadonlyMap<LuaValue, LuaValue>
  | LuaTable
  | LuaObject
  | LuaFunction
  | LiveTable
  | LuaRef
  | LuaRecord;

/** The name of a value's Lua type, as in argument errors. */
export function luaTypeName(value: LuaValue): string {
  if (value === undefined || value === null) return 'nil';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return typeof value;
  if (Buffer.isBuffer(value) || value instanceof ByteSlice) return 'string';
  if (value instanceof LuaObject) return 'userdata';
  if (value instanceof LuaFunction) return 'function';
  if ('kind' in value && value.kind === 'ref') return 'function';
  return 'table';
}
