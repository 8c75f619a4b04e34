// What a syntax tree does with names: which globals and fields it reads, writes and calls, which locals nobody uses. One walk; the rules
// (lint.ts, hook-returns.ts, api-calls.ts) look at what it found.
import type luaparse from 'luaparse';
import type { Chunk, Expression, FunctionNode, Identifier, Place, Statement } from './syntax.ts';
import { placeOf } from './syntax.ts';

/** A global and the fields behind it: `net.contains_ip` is ['net', 'contains_ip']. */
export type Path = readonly string[];

export interface Use {
  readonly path: Path;
  readonly at: Place;
}

export interface Call extends Use {
  readonly args: readonly Expression[];
  /** `a:b()`: the object is an argument too. */
  readonly method: boolean;
}

/** A function that the policy gives a hook. */
export interface HookFunction {
  readonly name: string;
  readonly body: FunctionNode;
}

export interface Names {
  readonly reads: readonly Use[];
  readonly writes: readonly Use[];
  readonly calls: readonly Call[];
  /** Paths that are asked whether they are there (`if a.b then`, `a.b or c`, `type(a.b)`), joined by dots. */
  readonly tested: ReadonlySet<string>;
  /** Locals and local functions that nobody reads. */
  readonly unused: readonly Use[];
  readonly hooks: readonly HookFunction[];
  /** Where fields of `hook` are given a value, `function hook.rcpt()` and `hook = { rcpt = f }` alike: the name of the field is the path. */
  readonly hookFields: readonly Use[];
  /** `function hook:rcpt(recipient)`: what it is called with stands in `self`. */
  readonly methodHooks: readonly Use[];
  /** `local hook = ...` at file level hides the table that smtpe looks at. */
  readonly hidesHook: Place | undefined;
  /** Globals may come from anywhere: the environment has a metatable, or is replaced. */
  readonly openGlobals: boolean;
}

interface Local {
  readonly name: string;
  readonly at: Place;
  used: boolean;
  /** Parameters and loop variables are often there for those behind them. */
  readonly counts: boolean;
  readonly body: FunctionNode | undefined;
}

type Scope = Map<string, Local>;

/** Functions of the library whose argument is only looked at. */
const looks = new Set(['type', 'pcall', 'xpcall', 'rawget']);
/** They change what a global is. */
const opens = new Set(['setfenv', 'module', 'load', 'loadstring', 'dofile', 'loadfile']);

class Walker {
  readonly methodHooks: Use[] = [];
  readonly reads: Use[] = [];
  readonly writes: Use[] = [];
  readonly calls: Call[] = [];
  readonly tested = new Set<string>();
  readonly unused: Use[] = [];
  readonly hooks: HookFunction[] = [];
  readonly hookFields: Use[] = [];
  hidesHook: Place | undefined;
  openGlobals = false;
  #scopes: Scope[] = [];

  chunk(chunk: Chunk): void {
    this.#block(chunk.body);
  }

  #block(
    body: readonly Statement[],
    before: () => void = () => undefined,
    after: () => void = () => undefined,
  ): void {
    this.#scopes.push(new Map());
    before();
    for (const statement of body) this.#statement(statement);
    after();
    for (const local of this.#scopes.pop()?.values() ?? []) this.#leave(local);
  }

  #leave({ name, at, used, counts }: Local): void {
    if (!used && counts && !name.startsWith('_')) this.unused.push({ path: [name], at });
  }

  #declare(identifier: Identifier, counts: boolean, body?: FunctionNode): void {
    const scope = this.#scopes.at(-1);
    const hidden = scope?.get(identifier.name);
    if (hidden !== undefined) this.#leave(hidden);
    scope?.set(identifier.name, {
      name: identifier.name,
      at: placeOf(identifier),
      used: false,
      counts,
      body,
    });
  }

  #find(name: string): Local | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const local = this.#scopes[i]?.get(name);
      if (local !== undefined) return local;
    }
    return undefined;
  }

  #statement(node: Statement): void {
    switch (node.type) {
      case 'LocalStatement':
        for (const value of node.init) this.#expression(value);
        for (const [i, variable] of node.variables.entries()) {
          const value = node.init[i];
          const isHook = variable.name === 'hook' && this.#scopes.length === 1;
          if (isHook && !(value?.type === 'Identifier' && value.name === 'hook'))
            this.hidesHook ??= placeOf(variable);
          this.#declare(variable, true, value?.type === 'FunctionDeclaration' ? value : undefined);
        }
        return;
      case 'AssignmentStatement':
        for (const value of node.init) this.#expression(value);
        for (const [i, variable] of node.variables.entries()) this.#assign(variable, node.init[i]);
        return;
      case 'FunctionDeclaration':
        this.#functionStatement(node);
        return;
      case 'CallStatement':
        this.#expression(node.expression);
        return;
      case 'ReturnStatement':
        for (const value of node.arguments) this.#expression(value);
        return;
      case 'IfStatement':
        for (const clause of node.clauses) {
          if ('condition' in clause) this.#test(clause.condition);
          this.#block(clause.body);
        }
        return;
      case 'WhileStatement':
        this.#test(node.condition);
        this.#block(node.body);
        return;
      case 'RepeatStatement':
        this.#block(node.body, undefined, () => this.#test(node.condition));
        return;
      case 'DoStatement':
        this.#block(node.body);
        return;
      case 'ForNumericStatement':
        for (const value of [node.start, node.end, node.step]) if (value !== null) this.#expression(value);
        this.#block(node.body, () => this.#declare(node.variable, false));
        return;
      case 'ForGenericStatement':
        for (const value of node.iterators) this.#expression(value);
        this.#block(node.body, () => {
          for (const variable of node.variables) this.#declare(variable, false);
        });
        return;
      default:
    }
  }

  #functionStatement(node: FunctionNode): void {
    const { identifier } = node;
    if (identifier === null) return;
    const isMethod = identifier.type === 'MemberExpression' && identifier.indexer === ':';
    if (isMethod && node.parameters.length > 0 && this.#pathOf(identifier.base)?.join('.') === 'hook')
      this.methodHooks.push({ path: [identifier.identifier.name], at: placeOf(identifier) });
    if (identifier.type === 'Identifier') {
      if (node.isLocal) {
        this.#declare(identifier, true, node);
        // What it calls itself by is no use of it.
        const local = this.#find(identifier.name);
        this.#function(node);
        const used = local?.used ?? false;
        if (local !== undefined && used && !this.#usedElsewhere.has(local)) local.used = false;
        return;
      }
      this.#assign(identifier, node);
    } else {
      this.#assign(identifier, node);
    }
    this.#function(node);
  }

  /** Locals that were read outside their own body. */
  readonly #usedElsewhere = new Set<Local>();
  readonly #within: (FunctionNode | undefined)[] = [];

  #function(node: FunctionNode): void {
    this.#within.push(node);
    this.#block(node.body, () => {
      for (const parameter of node.parameters)
        if (parameter.type === 'Identifier') this.#declare(parameter, false);
    });
    this.#within.pop();
  }

  #assign(target: Expression, value: Expression | FunctionNode | undefined): void {
    if (target.type === 'Identifier') {
      if (this.#find(target.name) === undefined) this.#global(target, value);
      return;
    }
    const path = this.#pathOf(target);
    if (path === undefined) {
      this.#inner(target);
      return;
    }
    this.writes.push({ path, at: placeOf(target) });
    if (path.length > 1) this.reads.push({ path: path.slice(0, -1), at: placeOf(target) });
    const [root, name, ...more] = path;
    if (root !== 'hook' || name === undefined || more.length > 0) return;
    this.hookFields.push({ path: [name], at: placeOf(target) });
    const body = value?.type === 'FunctionDeclaration' ? value : this.#functionOf(value);
    if (body !== undefined) this.hooks.push({ name, body });
  }

  /** `hook = { rcpt = function() ... end }` gives hooks as well. */
  #global(target: Identifier, value: Expression | FunctionNode | undefined): void {
    this.writes.push({ path: [target.name], at: placeOf(target) });
    if (target.name !== 'hook' || value?.type !== 'TableConstructorExpression') return;
    for (const field of value.fields) {
      if (field.type !== 'TableKeyString' && field.type !== 'TableKey') continue;
      const name =
        field.type === 'TableKeyString'
          ? field.key.name
          : field.key.type === 'StringLiteral'
            ? field.key.value
            : undefined;
      const body = field.value.type === 'FunctionDeclaration' ? field.value : this.#functionOf(field.value);
      if (name !== undefined) this.hookFields.push({ path: [name], at: placeOf(field) });
      if (name !== undefined && body !== undefined) this.hooks.push({ name, body });
    }
  }

  /** The function that a local stands for, when it is made by its declaration. */
  #functionOf(value: Expression | undefined): FunctionNode | undefined {
    return value?.type === 'Identifier' ? this.#find(value.name)?.body : undefined;
  }

  /** The global and its fields that an expression names; undefined when it is something else. */
  #pathOf(node: Expression): Path | undefined {
    if (node.type === 'Identifier') return this.#find(node.name) === undefined ? [node.name] : undefined;
    if (node.type === 'MemberExpression' && node.indexer === '.') {
      const base = this.#pathOf(node.base);
      return base === undefined ? undefined : [...base, node.identifier.name];
    }
    if (node.type === 'IndexExpression' && node.index.type === 'StringLiteral') {
      const base = this.#pathOf(node.base);
      return base === undefined ? undefined : [...base, node.index.value];
    }
    return undefined;
  }

  /** An expression that decides something: what it names may be nil. */
  #test(node: Expression): void {
    this.#mark(node);
    this.#expression(node);
  }

  #mark(node: Expression): void {
    const path = this.#pathOf(node);
    if (path !== undefined) {
      for (let i = 1; i <= path.length; i++) this.tested.add(path.slice(0, i).join('.'));
      return;
    }
    if (node.type === 'UnaryExpression' && node.operator === 'not') this.#mark(node.argument);
    if (node.type === 'LogicalExpression') {
      this.#mark(node.left);
      this.#mark(node.right);
    }
  }

  #expression(node: Expression): void {
    switch (node.type) {
      case 'Identifier':
        this.#identifier(node);
        return;
      case 'MemberExpression':
      case 'IndexExpression': {
        const path = this.#pathOf(node);
        if (path === undefined) this.#inner(node);
        else this.reads.push({ path, at: placeOf(node) });
        return;
      }
      case 'CallExpression':
        this.#call(node, node.arguments);
        return;
      case 'StringCallExpression':
        this.#call(node, [node.argument]);
        return;
      case 'TableCallExpression':
        this.#call(node, [node.arguments]);
        return;
      case 'FunctionDeclaration':
        this.#function(node);
        return;
      case 'LogicalExpression':
        this.#mark(node.left);
        this.#expression(node.left);
        this.#expression(node.right);
        return;
      case 'BinaryExpression':
        if (node.operator === '==' || node.operator === '~=') {
          if (node.right.type === 'NilLiteral') this.#mark(node.left);
          if (node.left.type === 'NilLiteral') this.#mark(node.right);
        }
        this.#expression(node.left);
        this.#expression(node.right);
        return;
      case 'UnaryExpression':
        if (node.operator === 'not') this.#mark(node.argument);
        this.#expression(node.argument);
        return;
      case 'TableConstructorExpression':
        for (const field of node.fields) {
          if (field.type === 'TableKey') this.#expression(field.key);
          this.#expression(field.value);
        }
        return;
      default:
    }
  }

  #identifier(node: Identifier): void {
    const local = this.#find(node.name);
    if (local === undefined) {
      this.reads.push({ path: [node.name], at: placeOf(node) });
      return;
    }
    local.used = true;
    if (local.body === undefined || !this.#within.includes(local.body)) this.#usedElsewhere.add(local);
  }

  /** What stands in front of a dot or bracket that is no plain path. */
  #inner(node: Expression): void {
    if (node.type === 'MemberExpression') this.#expression(node.base);
    else if (node.type === 'IndexExpression') {
      this.#expression(node.base);
      this.#expression(node.index);
    } else this.#expression(node);
  }

  #call(
    node: luaparse.CallExpression | luaparse.StringCallExpression | luaparse.TableCallExpression,
    args: readonly Expression[],
  ): void {
    const { base } = node;
    const method = base.type === 'MemberExpression' && base.indexer === ':';
    const path = method ? undefined : this.#pathOf(base);
    const name = path?.length === 1 ? path[0] : undefined;
    if (name !== undefined && looks.has(name)) for (const argument of args) this.#mark(argument);
    if (name !== undefined && opens.has(name)) this.openGlobals ||= name === 'setfenv' || name === 'module';
    const [first] = args;
    if (name === 'setmetatable' && first !== undefined && this.#pathOf(first)?.join('.') === '_G')
      this.openGlobals = true;
    if (path !== undefined) this.calls.push({ path, at: placeOf(node), args, method });
    if (path === undefined) this.#inner(base);
    else this.reads.push({ path, at: placeOf(base) });
    for (const argument of args) this.#expression(argument);
  }
}

/** Everything that the rules want to know about one file. */
export function namesIn(chunk: Chunk): Names {
  const walker = new Walker();
  walker.chunk(chunk);
  return walker;
}
