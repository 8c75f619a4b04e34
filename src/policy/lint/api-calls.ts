// Names and arguments of the API (the tables of the modules) that can be seen to be wrong: net.contain_ip, dns.query('IN', 'MXX', ...).
// Says nothing of a module that the policy makes a global of its own, nothing of a field that it tests for or sets itself.

import { nearestName } from '../../base/nearest-name.ts';
import type { FunctionSpec } from '../../lua-api/function-spec.ts';
import type { ModuleSpec } from '../../lua-api/module-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { literalOf } from './literal.ts';
import type { Mistake } from './mistake.ts';
import type { Call, Use } from './names.ts';
import type { Expression } from './syntax.ts';

/** What stands behind the dot of a module; a function has what it takes. */
type Entry =
  | { readonly kind: 'table'; readonly entries: Entries }
  | FunctionEntry
  | { readonly kind: 'value' };
type Entries = ReadonlyMap<string, Entry>;
interface FunctionEntry {
  readonly kind: 'function';
  readonly spec: FunctionSpec;
}

function entriesOf(module: ModuleSpec): Entries {
  const entries = new Map<string, Entry>();
  for (const list of [module.constants, module.fields, module.lazyFields]) {
    for (const { name } of list) entries.set(name, { kind: 'value' });
  }
  for (const spec of module.functions) entries.set(spec.name, { kind: 'function', spec });
  for (const table of module.tables) {
    entries.set(table.name, {
      kind: 'table',
      entries: new Map(table.constants.map(({ name }) => [name, { kind: 'value' }])),
    });
  }
  for (const inner of module.modules) entries.set(inner.name, { kind: 'table', entries: entriesOf(inner) });
  return entries;
}

export interface Api {
  readonly modules: Entries;
}

export function apiOf(modules: readonly ModuleSpec[]): Api {
  return {
    modules: new Map(modules.map((module) => [module.name, { kind: 'table', entries: entriesOf(module) }])),
  };
}

type Found =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'unknown'; readonly name: string; readonly hint: string }
  /** Not of the API, or deeper than its tables know. */
  | { readonly kind: 'foreign' };

function find(api: Api, path: readonly string[]): Found {
  const [root = '', ...rest] = path;
  let entry = api.modules.get(root);
  if (entry === undefined) return { kind: 'foreign' };
  let name = root;
  for (const field of rest) {
    if (entry.kind !== 'table') return { kind: 'foreign' };
    const next: Entry | undefined = entry.entries.get(field);
    if (next === undefined) {
      // A table of codes has numbers for keys too.
      const near = nearestName(field, [...entry.entries.keys()]);
      return {
        kind: 'unknown',
        name: `${name}.${field}`,
        hint: near === undefined ? '' : `; did you mean ${name}.${near}?`,
      };
    }
    entry = next;
    name += `.${field}`;
  }
  return { kind: 'entry', entry };
}

/** Reads of names that the API does not have. `own`: paths that the policy sets or tests, joined by dots. */
export function unknownApiNames(
  reads: readonly Use[],
  api: Api,
  own: ReadonlySet<string>,
): readonly Mistake[] {
  const seen = new Set<string>();
  return reads.flatMap(({ path, at }) => {
    if (own.has(path[0] ?? '')) return [];
    const found = find(api, path);
    if (found.kind !== 'unknown' || own.has(found.name) || seen.has(found.name)) return [];
    seen.add(found.name);
    return [{ ...at, text: `there is no ${found.name}${found.hint}` }];
  });
}

/** An argument that more values may follow: a call or `...` at the end. */
const isOpen = (node: Expression | undefined): boolean =>
  node !== undefined &&
  ['CallExpression', 'StringCallExpression', 'TableCallExpression', 'VarargLiteral'].includes(node.type);

/** The value that a parameter would be given; undefined where nobody can know. */
function knownValue(node: Expression | undefined): { readonly value: LuaValue } | undefined {
  const literal = node === undefined ? ({ kind: 'nil' } as const) : literalOf(node);
  switch (literal?.kind) {
    case 'nil':
      return { value: undefined };
    case 'boolean':
    case 'number':
      return { value: literal.value };
    case 'string':
      return literal.open ? undefined : { value: literal.text };
    default:
      return undefined;
  }
}

/** What is wrong with the arguments of one call, or undefined. */
function wrongArguments(name: string, spec: FunctionSpec, args: readonly Expression[]): string | undefined {
  const open = isOpen(args.at(-1));
  for (const [i, param] of spec.params.entries()) {
    const node = args[i];
    if (open && i >= args.length - 1) return undefined;
    const known = knownValue(node);
    if (known === undefined) continue;
    const read = param.read(known.value);
    if (read.ok) continue;
    const got = node === undefined ? 'nothing' : JSON.stringify(known.value ?? null).replace('null', 'nil');
    return `${name}: argument ${i + 1} (${param.name}): ${read.expected} expected, got ${got}`;
  }
  return undefined;
}

/** Calls of API functions with literal arguments that they do not take. */
export function wrongApiCalls(
  calls: readonly Call[],
  api: Api,
  own: ReadonlySet<string>,
): readonly Mistake[] {
  return calls.flatMap(({ path, at, args, method }) => {
    if (method || own.has(path[0] ?? '') || own.has(path.join('.'))) return [];
    const found = find(api, path);
    if (found.kind !== 'entry' || found.entry.kind !== 'function') return [];
    const text = wrongArguments(path.join('.'), found.entry.spec, args);
    return text === undefined ? [] : [{ ...at, text }];
  });
}
