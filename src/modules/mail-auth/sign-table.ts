// The fields of a table that dkim.sign or arc.seal takes. What an author wrote wrongly raises an error that says what is right.
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';

export class SignTable {
  readonly #of: string;
  readonly #table: ReadonlyMap<LuaValue, LuaValue>;

  /** `of`: the function that takes it, for the errors; `fields`: those it may have. */
  constructor(of: string, fields: readonly string[], value: LuaValue) {
    if (!(value instanceof Map)) throw new LuaError(`${of} takes a table: { domain=, selector=, key= }`);
    for (const name of value.keys())
      if (!fields.some((field) => field === name))
        throw new LuaError(`${of} knows no ${String(name).slice(0, 60)}: ${fields.join(', ')}`);
    this.#of = of;
    this.#table = value;
  }

  get(name: string): LuaValue {
    return this.#table.get(name);
  }

  text(name: string): string | undefined {
    const given = this.#table.get(name);
    if (given !== undefined && typeof given !== 'string') throw new LuaError(`${name} has to be a string`);
    return given;
  }

  needed(name: string): string {
    const given = this.text(name);
    if (given === undefined) throw new LuaError(`${this.#of} needs a ${name}`);
    return given;
  }

  names(name: string, fallback: readonly string[]): readonly string[] {
    const given = this.#table.get(name);
    if (given === undefined) return fallback;
    if (!(given instanceof Map)) throw new LuaError(`${name} has to be an array of header names`);
    const list: string[] = [];
    for (const item of given.values()) {
      if (typeof item !== 'string') throw new LuaError(`${name} has to be an array of header names`);
      list.push(item);
    }
    return list;
  }
}
