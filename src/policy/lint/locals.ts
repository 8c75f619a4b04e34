// The locals of a file: what each was made of, and whether it is ever given something else; every place where something is read by a dot or a bracket.
import type { Chunk, Expression, FunctionNode, Identifier, Statement } from './syntax.ts';

export interface LocalName {
  /** A value (of a call, which of its results), or what ipairs gives of a table. */
  readonly made:
    | { readonly kind: 'value'; readonly value: Expression; readonly result: number }
    | { readonly kind: 'element'; readonly of: Expression }
    | undefined;
  isAssigned: boolean;
}

export type Member = Expression & { readonly base: Expression };

export interface Comparison {
  readonly left: Expression;
  readonly right: Expression;
}

export interface Locals {
  /** Reads of `x.name`, `x[i]`; calls of `x:name()`. */
  readonly members: readonly Member[];
  /** `a == b`, `a ~= b`. */
  readonly comparisons: readonly Comparison[];
  /** Names of fields that are set anywhere in something that is no plain global. */
  readonly written: ReadonlySet<string>;
  of(node: Identifier): LocalName | undefined;
  /** `dns.rcode`, when the first name is no local. */
  pathOf(node: Expression): string | undefined;
}

const isCall = (node: Expression | undefined): boolean =>
  node?.type === 'CallExpression' ||
  node?.type === 'TableCallExpression' ||
  node?.type === 'StringCallExpression';

class Walker implements Locals {
  readonly members: Member[] = [];
  readonly comparisons: Comparison[] = [];
  readonly written = new Set<string>();
  readonly #found = new Map<Identifier, LocalName>();
  readonly #scopes: Map<string, LocalName>[] = [];

  of(node: Identifier): LocalName | undefined {
    return this.#found.get(node);
  }

  pathOf(node: Expression): string | undefined {
    if (node.type === 'Identifier') return this.#found.has(node) ? undefined : node.name;
    if (node.type !== 'MemberExpression' || node.indexer !== '.') return undefined;
    const base = this.pathOf(node.base);
    return base === undefined ? undefined : `${base}.${node.identifier.name}`;
  }

  block(body: readonly Statement[], begin?: () => void, end?: () => void): void {
    this.#scopes.push(new Map());
    begin?.();
    for (const statement of body) this.#statement(statement);
    end?.();
    this.#scopes.pop();
  }

  #declare({ name }: Identifier, made: LocalName['made']): void {
    this.#scopes.at(-1)?.set(name, { made, isAssigned: false });
  }

  #find(name: string): LocalName | undefined {
    return this.#scopes.findLast((scope) => scope.has(name))?.get(name);
  }

  #statement(node: Statement): void {
    switch (node.type) {
      case 'LocalStatement':
        this.#all(node.init);
        for (const [i, variable] of node.variables.entries()) this.#declare(variable, madeOf(node.init, i));
        return;
      case 'AssignmentStatement':
        this.#all(node.init);
        for (const target of node.variables) this.#target(target);
        return;
      case 'FunctionDeclaration':
        if (node.identifier?.type === 'Identifier' && node.isLocal) this.#declare(node.identifier, undefined);
        else if (node.identifier !== null) this.#target(node.identifier);
        this.#function(node);
        return;
      case 'CallStatement':
        this.#expression(node.expression);
        return;
      case 'ReturnStatement':
        this.#all(node.arguments);
        return;
      case 'IfStatement':
        for (const clause of node.clauses) {
          if ('condition' in clause) this.#expression(clause.condition);
          this.block(clause.body);
        }
        return;
      case 'WhileStatement':
        this.#expression(node.condition);
        this.block(node.body);
        return;
      case 'RepeatStatement':
        this.block(node.body, undefined, () => this.#expression(node.condition));
        return;
      case 'DoStatement':
        this.block(node.body);
        return;
      case 'ForNumericStatement':
        this.#all([node.start, node.end, ...(node.step === null ? [] : [node.step])]);
        this.block(node.body, () => this.#declare(node.variable, undefined));
        return;
      case 'ForGenericStatement': {
        this.#all(node.iterators);
        const [iterator] = node.iterators;
        const list =
          iterator?.type === 'CallExpression' && this.pathOf(iterator.base) === 'ipairs'
            ? iterator.arguments[0]
            : undefined;
        this.block(node.body, () => {
          for (const [i, variable] of node.variables.entries())
            this.#declare(
              variable,
              i === 1 && list !== undefined ? { kind: 'element', of: list } : undefined,
            );
          return;
        });
        return;
      }
      default:
    }
  }

  #function(node: FunctionNode): void {
    const isMethod = node.identifier?.type === 'MemberExpression' && node.identifier.indexer === ':';
    this.block(node.body, () => {
      if (isMethod) this.#scopes.at(-1)?.set('self', { made: undefined, isAssigned: true });
      for (const parameter of node.parameters)
        if (parameter.type === 'Identifier') this.#declare(parameter, undefined);
    });
  }

  /** Something is put there. */
  #target(node: Expression): void {
    if (node.type === 'Identifier') {
      const local = this.#find(node.name);
      if (local !== undefined) local.isAssigned = true;
    } else if (node.type === 'MemberExpression') {
      this.#expression(node.base);
      this.written.add(node.identifier.name);
    } else if (node.type === 'IndexExpression') {
      this.#all([node.base, node.index]);
      if (node.index.type === 'StringLiteral') this.written.add(node.index.value);
    }
  }

  #all(nodes: readonly Expression[]): void {
    for (const node of nodes) this.#expression(node);
  }

  #expression(node: Expression): void {
    switch (node.type) {
      case 'Identifier': {
        const local = this.#find(node.name);
        if (local !== undefined) this.#found.set(node, local);
        return;
      }
      case 'MemberExpression':
        this.#expression(node.base);
        this.members.push(node);
        return;
      case 'IndexExpression':
        this.#all([node.base, node.index]);
        this.members.push(node);
        return;
      case 'CallExpression':
        this.#all([node.base, ...node.arguments]);
        return;
      case 'StringCallExpression':
        this.#all([node.base, node.argument]);
        return;
      case 'TableCallExpression':
        this.#all([node.base, node.arguments]);
        return;
      case 'FunctionDeclaration':
        this.#function(node);
        return;
      case 'BinaryExpression':
        if (node.operator === '==' || node.operator === '~=') this.comparisons.push(node);
        this.#all([node.left, node.right]);
        return;
      case 'LogicalExpression':
        this.#all([node.left, node.right]);
        return;
      case 'UnaryExpression':
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
}

/** What the variable at this place gets: of a call at the end one of its results. */
function madeOf(values: readonly Expression[], at: number): LocalName['made'] {
  const value = values[at];
  if (value !== undefined) return { kind: 'value', value, result: 0 };
  const last = values.at(-1);
  return last !== undefined && isCall(last)
    ? { kind: 'value', value: last, result: at - values.length + 1 }
    : undefined;
}

export function localsIn(chunk: Chunk): Locals {
  const walker = new Walker();
  walker.block(chunk.body);
  return walker;
}
