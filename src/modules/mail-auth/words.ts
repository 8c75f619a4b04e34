// Words of results as Lua has them: constants in tables, and tables that come back from a policy.
import type { ReadResult } from '../../lua-api/function-spec.ts';
import type { ConstantTableSpec } from '../../lua-api/module-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';

/** `PASS` is `pass`, and so on; a word that is not there raises an error. */
export function wordTable(
  name: string,
  text: string,
  texts: Readonly<Record<string, string>>,
): ConstantTableSpec {
  const constants = Object.entries(texts).map(([word, what]) => ({
    name: word.toUpperCase(),
    value: word,
    text: what,
  }));
  return { name, text, reverse: false, isClosed: true, constants };
}

/** A table of Lua. */
export class Fields {
  readonly #table: ReadonlyMap<LuaValue, LuaValue>;

  constructor(table: ReadonlyMap<LuaValue, LuaValue>) {
    this.#table = table;
  }

  static of(value: LuaValue): Fields | undefined {
    return value instanceof Map ? new Fields(value) : undefined;
  }

  get keys(): LuaValue[] {
    return [...this.#table.keys()];
  }

  get(name: string): LuaValue {
    return this.#table.get(name);
  }

  /** Octets as latin1; undefined for anything but a string. */
  text(name: string): string | undefined {
    return stringOf(this.#table.get(name));
  }

  integer(name: string): number | undefined {
    const value = this.#table.get(name);
    return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
  }

  /** One of the words. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.text(name);
    return words.find((word) => word === text);
  }
}

export function stringOf(value: LuaValue): string | undefined {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a sequence; undefined when anything else is in it. */
export function textsOfAll(value: LuaValue): string[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const all: string[] = [];
  for (let i = 1; value.has(i); i++) {
    const text = stringOf(value.get(i));
    if (text === undefined) return undefined;
    all.push(text);
  }
  return all.length === value.size ? all : undefined;
}

/** The tables in a sequence; undefined when anything else is in it. */
export function fieldsOfAll(value: LuaValue): Fields[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const all: Fields[] = [];
  for (let i = 1; value.has(i); i++) {
    const fields = Fields.of(value.get(i));
    if (fields === undefined) return undefined;
    all.push(fields);
  }
  return all.length === value.size ? all : undefined;
}

export function wrong(expected: string): ReadResult<never> {
  return { ok: false, expected };
}
