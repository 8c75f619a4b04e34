// Every answer of the original program for the modules that need no network, given by ours, or listed with the reason in differences.ts.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LuaResults } from '../../../src/lua-api/function-spec.ts';
import { md5Module } from '../../../src/modules/md5.ts';
import { netModule } from '../../../src/modules/net.ts';
import { textModule } from '../../../src/modules/text.ts';
import { uriModule } from '../../../src/modules/uri.ts';
import type { LuaPolicy } from '../../../src/policy/loader.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callMethod, callModule } from '../../fakes/call-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';
import { utilModule } from '../../fakes/util-module.ts';
import {
  expectedResults,
  type Plain,
  plainResults,
  readVectors,
  toLua,
  type Vector,
  type VectorValue,
} from '../../fakes/vectors.ts';
import { type Difference, differences } from './differences.ts';

const modules = { md5: md5Module, net: netModule, text: textModule, uri: uriModule, util: utilModule };
type ModuleName = keyof typeof modules;
const context = fakeCallContext();

function keyOf(fn: string, args: readonly VectorValue[]): string {
  return `${fn} ${JSON.stringify(args)}`;
}
const byCase = new Map(differences.map((each) => [keyOf(each.fn, each.args), each]));

type Results = readonly Plain[] | { readonly error: string };

/** Makes the call of a vector with these arguments. */
type Caller = (fn: string, args: readonly VectorValue[]) => Promise<Results>;

/** md5 cases stand for a whole life of an object, see spec/vectors/README.md. */
function runMd5(name: string, args: readonly VectorValue[]): LuaResults {
  const [object] = callModule(md5Module, 'new', context) as LuaResults;
  const method = (called: string, ...values: readonly VectorValue[]) =>
    callMethod(object, called, context, ...values.map(toLua)) as LuaResults;
  if (name.startsWith('use_')) return method(name, ...args);
  const add = name === 'digest' || name === 'done_twice' ? 'append' : name;
  for (const arg of args) method(add, arg);
  const first = method('done');
  return name === 'done_twice' ? [...first, ...method('done')] : first;
}

/** Calls the implementation. */
const directly: Caller = async (fn, args) => {
  const [module, name] = fn.split('.') as [ModuleName, string];
  try {
    if (module === 'md5') return plainResults(runMd5(name, args));
    const result = callModule(modules[module], name, context, ...args.map(toLua));
    return plainResults('kind' in result ? await result.done : result);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
};

/** A value as Lua source, octet for octet. */
function luaSource(value: VectorValue): string {
  const lua = toLua(value);
  if (lua === undefined) return 'nil';
  if (typeof lua !== 'string') return String(lua);
  return `"${lua.replace(/[^A-Za-z0-9 ]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`)}"`;
}

function luaCall(fn: string, args: readonly VectorValue[]): string {
  const name = fn.slice(fn.indexOf('.') + 1);
  const list = args.map(luaSource);
  if (!fn.startsWith('md5.')) return `return ${fn}(${list.join(', ')})`;
  if (name.startsWith('use_')) return `return md5.new():${name}(${list.join(', ')})`;
  const add = name === 'digest' || name === 'done_twice' ? 'append' : name;
  const calls = list.map((each) => `sum:${add}(${each}) `).join('');
  return `local sum = md5.new() ${calls}return sum:done()${name === 'done_twice' ? ', sum:done()' : ''}`;
}

/** Calls it as a policy does, in a running engine. */
const throughLua: Caller = async (fn, args) => {
  const instance = await engine.open(policy);
  try {
    const outcome = await instance.run(luaCall(fn, args), '=policy');
    if (outcome.kind === 'returned') return plainResults(outcome.values);
    if (outcome.kind !== 'error') throw new Error(outcome.kind);
    return { error: outcome.message.replace(/^policy:1: /, '') };
  } finally {
    instance.close();
  }
};

let engine: TestEngine;
let policy: LuaPolicy;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: Object.values(modules) });
  policy = await engine.load('');
});
afterAll(() => engine.engine.close());

function theirs(vector: Vector): Results {
  return vector.returns === undefined ? { error: vector.error ?? '' } : expectedResults(vector.returns);
}

function ours(vector: Vector, difference: Difference): Results {
  const result = difference.ours;
  if ('error' in result) return result;
  if ('returns' in result) return result.returns;
  const original = theirs(vector);
  if ('error' in original || !('changed' in result)) throw new Error('nothing to change');
  return [{ ...(original[0] as object), ...result.changed }];
}

function check(vector: Vector, result: Results): void {
  const difference = byCase.get(keyOf(vector.fn, vector.args));
  expect(result).toEqual(difference === undefined ? theirs(vector) : ours(vector, difference));
  if (difference === undefined) return;
  expect(result, 'no difference any more: take it off the list').not.toEqual(theirs(vector));
}

const names = ['text', 'net', 'uri', 'md5', 'util'] as const;
const vectors = names.flatMap((name) => readVectors(name));

const ordinary = vectors.filter((vector) => vector.setup === undefined && vector.returns_shape === undefined);
const paths = vectors.filter((vector) => vector.setup !== undefined);
const named = (list: readonly Vector[]) =>
  list.map((vector) => [keyOf(vector.fn, vector.args), vector] as const);

describe.each([
  ['called directly', directly],
  ['called from Lua', throughLua],
] as const)('%s', (_, call) => {
  it.each(named(ordinary))('%s', async (_, vector) => {
    check(vector, await call(vector.fn, vector.args));
  });

  it.each(named(paths))('%s', async (_, vector) => {
    const before = process.cwd();
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-mkpath-'));
    try {
      process.chdir(directory);
      for (const entry of vector.setup ?? []) await makeEntry(directory, entry);
      const args = vector.args.map((arg) => (typeof arg === 'string' ? arg.replace('$TMP', directory) : arg));
      expect(await call(vector.fn, args)).toEqual(theirs(vector));
      const difference = byCase.get(keyOf(vector.fn, vector.args))?.ours;
      const tree = difference !== undefined && 'tree' in difference ? difference.tree : vector.tree_after;
      expect(await treeOf(directory)).toEqual(tree);
    } finally {
      process.chdir(before);
      await rm(directory, { recursive: true });
    }
  });

  it('util.cpucount gives a positive integer', async () => {
    const [count] = (await call('util.cpucount', [])) as readonly Plain[];
    expect(Number.isInteger(count) && Number(count) > 0).toBe(true);
  });
});

/** `d:PATH`, `f:PATH` or `l:NAME=TARGET`. */
async function makeEntry(directory: string, entry: string): Promise<void> {
  const [path = '', target = ''] = entry.slice(2).split('=');
  if (entry.startsWith('d:')) await mkdir(join(directory, path), { recursive: true });
  else if (entry.startsWith('f:')) await writeFile(join(directory, path), '');
  else await symlink(target, join(directory, path));
}

async function treeOf(directory: string, prefix = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of (await readdir(join(directory, prefix), { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = prefix + entry.name;
    found.push(entry.isDirectory() ? `${path}/` : path);
    if (entry.isDirectory()) found.push(...(await treeOf(directory, `${path}/`)));
  }
  return found;
}

it('has no difference without a case', () => {
  const cases = new Set(vectors.map((vector) => keyOf(vector.fn, vector.args)));
  expect(
    differences.filter((each) => each.fn !== 'constant' && !cases.has(keyOf(each.fn, each.args))),
  ).toEqual([]);
});
