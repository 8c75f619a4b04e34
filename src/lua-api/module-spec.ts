// How a module of the Lua API is described. One table per module is the single source of registration, the reference pages, the editor
// stubs and the check of policies for unknown names.
import type { CallContext } from './call-context.ts';
import type { ClassSpec } from './class-spec.ts';
import type { FunctionSpec, Suspension } from './function-spec.ts';
import type { LuaValue } from './value.ts';

export interface ConstantSpec {
  readonly name: string;
  readonly value: LuaValue;
  readonly text: string;
}

/**
 * A table of constants such as dns.type; with `reverse` the integers are keys too (service.http.code[404] = 'NOT_FOUND'). In a closed one a
 * name that is not there raises an error, so that a comparison with a word that does not exist is not just false.
 */
export interface ConstantTableSpec {
  readonly name: string;
  readonly text: string;
  readonly reverse: boolean;
  readonly isClosed?: boolean;
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
  /** Another record, whose fields it has too. */
  readonly parent?: string;
  readonly text: string;
  readonly fields: readonly FieldSpec[];
}

/** A record by the names of its fields: type and text of each. */
export function record(
  name: string,
  text: string,
  fields: Readonly<Record<string, readonly [type: string, text: string]>>,
  parent?: string,
): RecordSpec {
  return {
    name,
    text,
    ...(parent !== undefined && { parent }),
    fields: Object.entries(fields).map(([field, [type, its]]) => ({ name: field, type, text: its })),
  };
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
  /** What `require` takes, of a module that is no global table; its name is then how scripts call it: `local t = require 'smtpe.test'`. */
  readonly required?: string;
  /** Its functions are written with a colon: `t.clock:forward('5m')`. */
  readonly isObject?: boolean;
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
