// How a function that Lua may call is described: the single source of its registration, the checking of its arguments, its reference page
// and its editor stub. An implementation never sees a Lua state.
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

/** What the implementation gets for these parameters. */
export type ArgsOf<P extends readonly Param<unknown>[]> = {
  [I in keyof P]: P[I] extends Param<infer T> ? T : never;
};

export interface FunctionSpec {
  readonly name: string;
  /** Its whole name in errors and traces, when scripts know it by another one than where it is. */
  readonly shown?: string | undefined;
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
  readonly shown?: string;
  readonly params: P;
  readonly results?: readonly ResultSpec[];
  readonly suspends?: boolean;
  readonly text: string;
  readonly examples?: readonly string[];
  readonly call: (context: CallContext, ...args: ArgsOf<P>) => LuaResults | Suspension;
}

/** All of a FunctionSpec but the call, with what may be left out. */
export function described(
  definition: Omit<FunctionDefinition<readonly Param<unknown>[]>, 'call'>,
): Omit<FunctionSpec, 'call'> {
  const { name, shown, params, results = [], suspends = false, text, examples = [] } = definition;
  return { name, ...(shown !== undefined && { shown }), params, results, suspends, text, examples };
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
