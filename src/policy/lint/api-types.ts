// The types that the tables of the API name, as far as a check of policies follows them: shapes of tables, classes of objects, sequences.
import type { ModuleSpec, RecordSpec } from '../../lua-api/module-spec.ts';

/** One type without nil: a name, `NAME[]`, `table<K, V>`. */
export type LuaType = string;

/** What can be read of a table or an object. */
export interface Shape {
  readonly fields: ReadonlyMap<string, string>;
  readonly methods: ReadonlySet<string>;
  /** Of names of their own, `[string]`; of numbers, `[integer]`. */
  readonly any: string | undefined;
  readonly each: string | undefined;
}

/** Without nil; undefined when several remain, or it is nothing that can be looked into. */
export function plainType(type: string): LuaType | undefined {
  const plain = type.replace(/\?$/, '').replace(/\|nil\b|\bnil\|/g, '');
  return /^(?:[A-Za-z_][\w.]*(?:\[\])*|table<\w+, [\w.[\]|]+>)$/.test(plain) && plain !== 'any'
    ? plain
    : undefined;
}

/** Of `t[i]`, and of ipairs(t). */
export function elementOf(type: LuaType, shape: Shape | undefined): LuaType | undefined {
  if (shape !== undefined) return shape.each === undefined ? undefined : plainType(shape.each);
  if (type.endsWith('[]')) return plainType(type.slice(0, -2));
  const [, value] = /^table<\w+, (.*)>$/.exec(type) ?? [];
  return value === undefined ? undefined : plainType(value);
}

/** A type that says nothing more, for fields that are there. */
const SOMETHING: LuaType = 'something';

/** The type of a field, `something` when it cannot be followed; undefined: there is none. */
export function fieldOf({ any, fields, methods }: Shape, name: string): LuaType | undefined {
  const type = fields.get(name) ?? any;
  if (type !== undefined) return plainType(type) ?? SOMETHING;
  return methods.has(name) ? SOMETHING : undefined;
}

interface ClassShape extends Shape {
  /** Types of the results of a method. */
  readonly results: ReadonlyMap<string, readonly string[]>;
}

export class ApiTypes {
  readonly #records = new Map<string, RecordSpec>();
  readonly #shapes = new Map<string, Shape>();
  readonly #classes = new Map<string, ClassShape>();
  readonly #results = new Map<string, readonly string[]>();
  readonly #fields = new Map<string, string>();
  /** Of tables of words, by path: `spf.result`. */
  readonly #words = new Map<string, readonly string[]>();

  constructor(modules: readonly ModuleSpec[]) {
    for (const module of modules) this.#take(module, module.name);
  }

  #take(module: ModuleSpec, path: string): void {
    for (const record of module.records) this.#records.set(record.name, record);
    for (const { attributes = [], methods, name } of module.classes)
      this.#classes.set(name, {
        fields: new Map(attributes.map((one) => [one.name, one.type])),
        methods: new Set(methods.map((one) => one.name)),
        results: new Map(methods.map((one) => [one.name, one.results.map(({ type }) => type)])),
        ...{ any: undefined, each: undefined },
      });
    for (const spec of module.functions)
      this.#results.set(
        `${path}.${spec.name}`,
        spec.results.map(({ type }) => type),
      );
    for (const { name, type } of [...module.fields, ...module.lazyFields])
      this.#fields.set(`${path}.${name}`, type);
    for (const { constants, name } of module.tables) {
      const words = constants.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
      if (words.length === constants.length) this.#words.set(`${path}.${name}`, words);
    }
    for (const inner of module.modules) this.#take(inner, `${path}.${inner.name}`);
  }

  /** What a value of this type may be; undefined: anything. */
  words(type: LuaType): readonly string[] | undefined {
    return this.#words.get(type);
  }

  /** Type of a field of a module, `client.tls`. */
  field(path: string): LuaType | undefined {
    const type = this.#fields.get(path);
    return type === undefined ? undefined : plainType(type);
  }

  /** Type of a result of a function of a module; from 0. */
  result(path: string, index: number): LuaType | undefined {
    const type = this.#results.get(path)?.[index];
    return type === undefined ? undefined : plainType(type);
  }

  method(type: LuaType, name: string, index: number): LuaType | undefined {
    const its = this.#classes.get(type)?.results.get(name)?.[index];
    return its === undefined ? undefined : plainType(its);
  }

  /** Undefined for everything that is no table or object of the API. */
  shape(type: LuaType): Shape | undefined {
    const known = this.#shapes.get(type) ?? this.#classes.get(type);
    const record = this.#records.get(type);
    if (known !== undefined || record === undefined) return known;
    const parent = record.parent === undefined ? undefined : this.shape(record.parent);
    const names = new Map(parent?.fields);
    let [any, each] = [parent?.any, parent?.each];
    for (const { name, type: its } of record.fields) {
      if (name === '[string]') any = its;
      else if (name === '[integer]') each = its;
      else names.set(name.replace(/^\["(.*)"\]$/, '$1'), its);
    }
    const shape = { fields: names, methods: new Set<string>(), any, each };
    this.#shapes.set(type, shape);
    return shape;
  }
}
