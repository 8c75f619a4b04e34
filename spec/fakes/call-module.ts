// Calls a function of a ModuleSpec as the Lua engine does: arguments are read and checked by its parameters.
import type { CallContext } from '../../src/lua-api/call-context.ts';
import {
  LuaError,
  type LuaResults,
  readArguments,
  type Suspension,
} from '../../src/lua-api/function-spec.ts';
import type { ModuleSpec } from '../../src/lua-api/module-spec.ts';
import { LuaObject, type LuaValue } from '../../src/lua-api/value.ts';

export function callModule(
  module: ModuleSpec,
  name: string,
  context: CallContext,
  ...values: readonly LuaValue[]
): LuaResults | Suspension {
  const spec = module.functions.find((it) => it.name === name);
  if (spec === undefined) throw new Error(`${module.name} has no function ${name}`);
  const read = readArguments(`${module.name}.${name}`, spec.params, values);
  if (!read.ok) throw new LuaError(read.error);
  return spec.call(context, read.args);
}

/** Calls a method of an object as the Lua engine does. */
export function callMethod(
  object: LuaValue,
  name: string,
  context: CallContext,
  ...values: readonly LuaValue[]
): LuaResults | Suspension {
  if (!(object instanceof LuaObject)) throw new Error('not an object');
  const spec = object.class.methods.find((it) => it.name === name);
  if (spec === undefined) throw new Error(`${object.class.name} has no method ${name}`);
  const read = readArguments(`${object.class.name}:${name}`, spec.params, values);
  if (!read.ok) throw new LuaError(read.error);
  return spec.call(context, [object.value, ...read.args]);
}
