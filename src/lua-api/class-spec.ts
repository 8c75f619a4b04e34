// How a class of objects that scripts get is described. An object's value belongs to smtpe; Lua sees only what is named here.
import type { CallContext } from './call-context.ts';
import {
  type ArgsOf,
  described,
  type FunctionDefinition,
  type FunctionSpec,
  type LuaResults,
  type Param,
  type Suspension,
} from './function-spec.ts';
import type { LuaValue } from './value.ts';

export interface AttributeSpec {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  /** Gets the object's `value`. */
  read(value: unknown): LuaValue;
}

/**
 * A class of userdata. `params` of a method are the arguments after the object; its implementation gets the object's `value` first,
 * already checked: use `luaMethod`.
 */
export interface ClassSpec {
  readonly name: string;
  readonly text: string;
  readonly methods: readonly FunctionSpec[];
  /** What can be read of an object like a field, and not be set. */
  readonly attributes?: readonly AttributeSpec[];
  /** A name that is not there raises an error that says which was meant; without it it is nil, as in any Lua. */
  readonly isClosed?: boolean;
  /** What tostring gives, latin1; without it the name of the class and an address. */
  toText?(value: unknown): string;
  /** Whether two objects of this class are equal (==); without it each is equal to itself only. */
  same?(a: unknown, b: unknown): boolean;
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
