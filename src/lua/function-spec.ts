// How a Lua module is described. One table per module is the single source of registration, argument checking, the reference
// pages, the editor stubs and the check of policies for unknown names.
import type { CallContext } from './call-context.ts';
import { type LuaValue, luaTypeName } from './value.ts';

export type LuaResults = readonly LuaValue[];

/**
 * What a suspending function gives when the answer is not there yet. The engine suspends the calling coroutine, waits for `done` and
 * returns its values to Lua. A rejection with LuaError becomes a Lua error at the caller; anything else is a bug.
 */
export interface Suspension {
  readonly kind: 'suspension';
  /** For logs: function, peer and what is being waited for, e.g. `dns.wait (2 pending: A example.com., ...)`. */
  describe(): string;
  readonly done: Promise<LuaResults>;
  /** The hook was cut off or the client is gone: give up the I/O now. `done` may settle or not; nobody listens. */
  cancel(): void;
}

/** Raise it in an implementation to raise a Lua error with this text (position is added). */
export class LuaError extends Error {
  override readonly name = 'LuaError';
}

/** Reading an argument: a value, or what was expected instead (used in "bad argument #1 to 'f' (string expected, got nil)"). */
export type ReadResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly expected: string };

/**
 * How an argument crosses from Lua: `text`, a number as the text that Lua makes of it; `scalar`; `strings`, the texts of a sequence;
 * `value`, anything as it is. A table where none is wanted is not looked into.
 */
export type Crossing = 'text' | 'scalar' | 'strings' | 'value';

export interface Param<T> {
  readonly name: string;
  /** Default: `value`. */
  readonly crossing?: Crossing;
  /** Lua type for docs and stubs, e.g. `string`, `integer`, `boolean|integer`, `string[]`. */
  readonly type: string;
  /** Shown in the docs when the argument may be left out; undefined when it is required. */
  readonly fallback: string | undefined;
  readonly text: string;
  read(value: LuaValue): ReadResult<T>;
}

export interface ResultSpec {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

type ArgsOf<P extends readonly Param<unknown>[]> = {
  [I in keyof P]: P[I] extends Param<infer T> ? T : never;
};

export interface FunctionSpec {
  readonly name: string;
  readonly params: readonly Param<unknown>[];
  /** True when arguments beyond `params` are allowed (they are dropped); always so, as in Lua. */
  readonly results: readonly ResultSpec[];
  readonly suspends: boolean;
  /** Markdown: what it does, units, ranges, errors, RFC section. */
  readonly text: string;
  /** Lua chunks with `assert`s that are shown in the docs and run by a test (spec/unit/modules/examples.spec.ts). */
  readonly examples: readonly string[];
  /** Arguments have been read by `params`. Returning a Suspension is allowed only when `suspends`. */
  call(context: CallContext, args: readonly unknown[]): LuaResults | Suspension;
}

export interface FunctionDefinition<P extends readonly Param<unknown>[]> {
  readonly name: string;
  readonly params: P;
  readonly results?: readonly ResultSpec[];
  readonly suspends?: boolean;
  readonly text: string;
  readonly examples?: readonly string[];
  readonly call: (context: CallContext, ...args: ArgsOf<P>) => LuaResults | Suspension;
}

/** All of a FunctionSpec but the call, with what may be left out. */
function described(
  definition: Omit<FunctionDefinition<readonly Param<unknown>[]>, 'call'>,
): Omit<FunctionSpec, 'call'> {
  const { name, params, results = [], suspends = false, text, examples = [] } = definition;
  return { name, params, results, suspends, text, examples };
}

/** Makes a FunctionSpec whose implementation has typed arguments. */
export function luaFunction<const P extends readonly Param<unknown>[]>(
  definition: FunctionDefinition<P>,
): FunctionSpec {
  return {
    ...described(definition),
    call: (context, args) => definition.call(context, ...(args as ArgsOf<P>)),
  };
}

/**
 * A class of userdata. `params` of a method are the arguments after the object; its implementation gets the object's `value` first,
 * already checked: use `luaMethod`.
 */
export interface ClassSpec {
  readonly name: string;
  readonly text: string;
  readonly methods: readonly FunctionSpec[];
  /** Lua has no reference to the object any more. Called while Lua collects: must not use Lua. */
  collected?(value: unknown): void;
}

export interface MethodDefinition<S, P extends readonly Param<unknown>[]>
  extends Omit<FunctionDefinition<P>, 'call'> {
  readonly call: (context: CallContext, self: S, ...args: ArgsOf<P>) => LuaResults | Suspension;
}

/** Makes a method of a class whose objects have a `value` of type S. */
export function luaMethod<S>(): <const P extends readonly Param<unknown>[]>(
  definition: MethodDefinition<S, P>,
) => FunctionSpec {
  return (definition) => ({
    ...described(definition),
    call: (context, args) =>
      definition.call(context, args[0] as S, ...(args.slice(1) as ArgsOf<typeof definition.params>)),
  });
}

export interface ConstantSpec {
  readonly name: string;
  readonly value: LuaValue;
  readonly text: string;
}

/** A table of constants such as dns.type; with `reverse` the integers are keys too (service.http.code[404] = 'NOT_FOUND'). */
export interface ConstantTableSpec {
  readonly name: string;
  readonly text: string;
  readonly reverse: boolean;
  readonly constants: readonly ConstantSpec[];
}

/** A field made when it is first read (mime.parts): called once per transaction; forgotten at its end by PolicyInstance.forget. */
export interface LazyFieldSpec {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  read(context: CallContext): LuaValue | Suspension;
}

/** A field that others set (client.address), or a field of a record. */
export interface FieldSpec {
  /** A Lua name, or `[type]` for keys of that type. */
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** The shape of a table that functions take or give, for the docs and the editor stubs. */
export interface RecordSpec {
  readonly name: string;
  readonly text: string;
  readonly fields: readonly FieldSpec[];
}

/** One global table of the API. `modules` nests (service.http, service.client). */
export interface ModuleSpec {
  readonly name: string;
  readonly text: string;
  readonly functions: readonly FunctionSpec[];
  readonly constants: readonly ConstantSpec[];
  readonly tables: readonly ConstantTableSpec[];
  readonly lazyFields: readonly LazyFieldSpec[];
  readonly classes: readonly ClassSpec[];
  /** What the session sets; described only, nothing is registered. */
  readonly fields: readonly FieldSpec[];
  readonly records: readonly RecordSpec[];
  readonly modules: readonly ModuleSpec[];
}

/** A ModuleSpec with the empty parts left out. */
export function luaModule(parts: Pick<ModuleSpec, 'name' | 'text'> & Partial<ModuleSpec>): ModuleSpec {
  const empty = {
    functions: [],
    constants: [],
    tables: [],
    lazyFields: [],
    classes: [],
    fields: [],
    records: [],
  };
  return { ...empty, modules: [], ...parts };
}

/** Arguments as the implementation wants them, or the text of the Lua error. `name` is the full name, e.g. `net.contains_ip`. */
export function readArguments(
  name: string,
  params: readonly Param<unknown>[],
  values: readonly LuaValue[],
): { readonly ok: true; readonly args: readonly unknown[] } | { readonly ok: false; readonly error: string } {
  const args: unknown[] = new Array(params.length);
  for (let i = 0; i < params.length; i++) {
    const param = params[i];
    if (param === undefined) break;
    const read = param.read(values[i]);
    if (!read.ok) {
      const given = i < values.length ? luaTypeName(values[i]) : 'no value';
      return {
        ok: false,
        error: `bad argument #${i + 1} to '${name}' (${read.expected} expected, got ${given})`,
      };
    }
    args[i] = read.value;
  }
  return { ok: true, args };
}
