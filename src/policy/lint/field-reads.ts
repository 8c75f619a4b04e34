// Fields of what functions of the API give, that there are not, and words that they never are: `service.wait(true).clamd.infected` is nil for ever, and a condition on it lets in what
// it was to refuse. By the shapes in the tables of the modules.
// Says nothing of a local that is assigned twice, of a field that the policy sets itself, and of what it cannot follow: parameters, globals, tables.
import { nearestName } from '../../base/nearest-name.ts';
import { type ApiTypes, elementOf, fieldOf, type LuaType, plainType, type Shape } from './api-types.ts';
import { type LocalName, type Locals, localsIn } from './locals.ts';
import type { Mistake } from './mistake.ts';
import { type Chunk, type Expression, placeOf } from './syntax.ts';

/** More than anybody nests; what is deeper is not followed. */
const DEEPEST = 20;

class Reader {
  readonly #types: ApiTypes;
  readonly #locals: Locals;
  readonly #own: ReadonlySet<string>;
  readonly #known = new Map<LocalName, LuaType | undefined>();

  constructor(types: ApiTypes, locals: Locals, own: ReadonlySet<string>) {
    this.#types = types;
    this.#locals = locals;
    this.#own = own;
  }

  *mistakes(): Generator<Mistake> {
    yield* this.#fields();
    for (const { left, right } of this.#locals.comparisons) {
      yield* this.#compared(left, right);
      yield* this.#compared(right, left);
    }
  }

  /** A value of which it is known what it may be, with a text that it never is. */
  *#compared(value: Expression, text: Expression): Generator<Mistake> {
    if (text.type !== 'StringLiteral') return;
    const type = this.#typeOf(value, 0);
    const words = type === undefined ? undefined : this.#types.words(type);
    if (words === undefined || words.includes(text.value)) return;
    const near = nearestName(text.value, words);
    const hint = near === undefined ? `there are ${words.join(', ')}` : `did you mean '${near}'?`;
    yield { ...placeOf(text), text: `this is never '${text.value}' (${type}); ${hint}` };
  }

  *#fields(): Generator<Mistake> {
    for (const node of this.#locals.members) {
      const name = nameIn(node);
      if (name === undefined || this.#locals.written.has(name)) continue;
      const type = this.#typeOf(node.base, 0);
      const shape = type === undefined ? undefined : this.#types.shape(type);
      if (type === undefined || shape === undefined || fieldOf(shape, name) !== undefined) continue;
      const near = nearestName(name, [...shape.fields.keys(), ...shape.methods]);
      const hint =
        near === undefined
          ? `it has ${[...shape.fields.keys(), ...shape.methods].slice(0, 12).join(', ')}`
          : `did you mean ${near}?`;
      yield { ...placeOf(node), text: `${type} has no field ${name}; ${hint}` };
    }
  }

  #typeOf(node: Expression, depth: number): LuaType | undefined {
    if (depth > DEEPEST) return undefined;
    switch (node.type) {
      case 'Identifier': {
        const local = this.#locals.of(node);
        return local === undefined ? undefined : this.#ofLocal(local, depth);
      }
      case 'CallExpression':
      case 'TableCallExpression':
      case 'StringCallExpression':
        return this.#ofCall(node.base, 0, depth);
      case 'MemberExpression':
      case 'IndexExpression':
        return this.#ofMember(node, depth);
      default:
        return undefined;
    }
  }

  #ofMember(node: Expression & { readonly base: Expression }, depth: number): LuaType | undefined {
    const path = this.#locals.pathOf(node);
    if (path !== undefined) return this.#isOwn(path) ? undefined : this.#types.field(path);
    const base = this.#typeOf(node.base, depth + 1);
    if (base === undefined) return undefined;
    const name = nameIn(node);
    const shape = this.#types.shape(base);
    if (name === undefined) return this.#ofIndex(node, base, shape, depth);
    if (shape !== undefined) return fieldOf(shape, name);
    return base.endsWith('[]') ? undefined : elementOf(base, undefined);
  }

  /** `t[i]`: by a number where a table has names as well, or by a text. */
  #ofIndex(node: Expression, base: LuaType, shape: Shape | undefined, depth: number): LuaType | undefined {
    if (shape?.any === undefined || node.type !== 'IndexExpression') return elementOf(base, shape);
    if (node.index.type === 'NumericLiteral') return elementOf(base, shape);
    return this.#typeOf(node.index, depth + 1) === 'string' ? plainType(shape.any) : undefined;
  }

  /** The policy has set it, or what it is part of. */
  #isOwn(path: string): boolean {
    const names = path.split('.');
    return names.some((_, i) => this.#own.has(names.slice(0, i + 1).join('.')));
  }

  #ofCall(base: Expression, result: number, depth: number): LuaType | undefined {
    if (base.type === 'MemberExpression' && base.indexer === ':') {
      const type = this.#typeOf(base.base, depth + 1);
      return type === undefined ? undefined : this.#types.method(type, base.identifier.name, result);
    }
    const path = this.#locals.pathOf(base);
    return path === undefined || this.#isOwn(path) ? undefined : this.#types.result(path, result);
  }

  #ofLocal(local: LocalName, depth: number): LuaType | undefined {
    if (this.#known.has(local)) return this.#known.get(local);
    this.#known.set(local, undefined);
    const type = this.#made(local, depth + 1);
    this.#known.set(local, type);
    return type;
  }

  #made({ isAssigned, made }: LocalName, depth: number): LuaType | undefined {
    if (isAssigned || made === undefined) return undefined;
    if (made.kind === 'element') {
      const type = this.#typeOf(made.of, depth);
      return type === undefined ? undefined : elementOf(type, this.#types.shape(type));
    }
    const { result, value } = made;
    if (result === 0) return this.#typeOf(value, depth);
    const isCall =
      value.type === 'CallExpression' ||
      value.type === 'TableCallExpression' ||
      value.type === 'StringCallExpression';
    return isCall ? this.#ofCall(value.base, result, depth) : undefined;
  }
}

/** The field of `x.name`, `x['name']` and `x:name`. */
function nameIn(node: Expression): string | undefined {
  if (node.type === 'MemberExpression') return node.identifier.name;
  return node.type === 'IndexExpression' && node.index.type === 'StringLiteral'
    ? node.index.value
    : undefined;
}

/** `own`: paths that the policy sets, joined by dots. */
export function unknownFields(chunk: Chunk, types: ApiTypes, own: ReadonlySet<string>): readonly Mistake[] {
  return [...new Reader(types, localsIn(chunk), own).mistakes()];
}
