// Calls a function of a ModuleSpec as the Lua engine does: arguments are read and checked by its parameters.
import type { CallContext } from '../../src/lua/call-context.ts';
import {
  LuaError,
  type LuaResults,
  type ModuleSpec,
  readArguments,
  type Suspension,
} from '../../src/lua/function-spec.ts';
import type { LuaValue } from '../../src/lua/value.ts';

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
