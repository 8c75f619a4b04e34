// The face of lua/: what layers other than the SMTP policy use of it. No spec here touches a Lua stack.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createLuaEngine, type LuaEngine } from '../../../src/lua/engine.ts';
import { type Reader, rowReader, type Script, type ScriptOwner } from '../../../src/lua/script.ts';
import { noScriptTexts } from '../../../src/lua/source.ts';
import { entryTable } from '../../../src/lua-api/entry-table.ts';
import { SliceBatch } from '../../../src/lua-api/value.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { libLuaDirectory } from '../../fakes/lua-engine.ts';

const globals = entryTable(undefined, ['init', 'begin', 'save', 'print', 'each']);
const fields = entryTable('plugin', ['init', 'line']);
const limits = { cpu: 1000, time: 1000, pending: 10, memory: 1 };

const all: Reader<unknown> = (results) =>
  Array.from({ length: results.count }, (_, place) => results.value(place));
const first: Reader<unknown> = (results) => results.value(0);

let engine: LuaEngine;
let gate: Gate;
let clock: FakeClock;
let log: RecordLog;
let owner: ScriptOwner;
beforeEach(async () => {
  gate = new Gate();
  clock = new FakeClock();
  log = new RecordLog();
  const options = createOptions();
  engine = await createLuaEngine({
    log,
    clock,
    options,
    modules: [gate.module],
    libLuaDirectory,
    files: { onPath() {} },
    shape: { tables: ['plugin'], fieldsModule: undefined },
  });
  owner = { id: 'x', options, capabilities: {}, log, limits: () => limits, close: () => undefined };
});
afterEach(() => {
  engine.close();
  expect(log.lines).toEqual([]);
});

async function load(source: string): Promise<Script> {
  const compiled = engine.compile(source, '=test.lua');
  if (compiled.kind === 'failed') throw new Error(compiled.message);
  const script = engine.newScript(owner, engine.newScriptFiles({ packagePath: '', texts: noScriptTexts }));
  expect(await script.load(compiled.factory, () => 'loaded')).toBe('loaded');
  compiled.factory.release();
  return script;
}

describe('entries', () => {
  it('are globals of the script or fields of its tables, never functions of the library', async () => {
    const script = await load(
      'function init(a, b) return a, b end function plugin.init(a) return "field", a end',
    );
    expect([script.has(globals.init), script.has(fields.init)]).toEqual([true, true]);
    expect([script.has(globals.print), script.has(globals.save), script.has(fields.line)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(script.call(globals.init, ['x', 2], all)).toEqual(['x', 2]);
    expect(script.call(fields.init, [true], all)).toEqual(['field', true]);
    expect(script.call(globals.print, ['x'], all)).toEqual({ kind: 'undefined' });
    script.close(() => undefined);
  });

  it('say what stands in the place of a function', async () => {
    const script = await load('init = 5 plugin = nil save = false');
    expect(script.call(globals.init, [], all)).toEqual({
      kind: 'not-callable',
      what: 'hook',
      type: 'number',
    });
    expect(script.call(fields.init, [], all)).toEqual({ kind: 'not-callable', what: 'table', type: 'nil' });
    expect(script.call(globals.save, [], all)).toEqual({ kind: 'undefined' });
  });

  it('are found by a metatable that the script gives its globals', async () => {
    const script = await load(
      'setmetatable(_G, { __index = function(_, name) if name == "save" then return function(x) return x .. "!" end end end })',
    );
    expect(script.call(globals.save, ['a'], all)).toEqual(['a!']);
    expect(script.call(globals.begin, ['a'], all)).toEqual({ kind: 'undefined', asked: true });
  });

  it('are called for each value of a batch', async () => {
    const script = await load(
      'seen = "" function each(line) seen = seen .. line .. "," if line == "b" then return "stop" end end',
    );
    const batch = new SliceBatch();
    batch.bytes = Buffer.from('abc');
    for (let i = 0; i < 3; i++) {
      batch.starts[i] = i;
      batch.ends[i] = i + 1;
    }
    batch.count = 3;
    expect(script.callEach(globals.each, batch, rowReader(first))).toEqual({ done: 2, last: 'stop' });
    expect(script.run('return seen', '=spec', first)).toBe('a,b,');
  });
});

describe('results', () => {
  it('may be held, are given back as they were, and end with the script', async () => {
    const script = await load(`
      function begin(user) return { user = user, saved = 0 }, function(x) return x * 2 end end
      function save(context) context.saved = context.saved + 1 return context.user, context.saved, rawequal(context, last) and "same" end
      function init(context) last = context end`);
    const before = engine.holdings();
    const held = script.call(globals.begin, ['ann'], (results) => ({
      kind: 'held' as const,
      context: results.hold(0),
      double: results.hold(1),
    }));
    if (held instanceof Promise || held.kind !== 'held') throw new Error('not held');
    script.call(globals.init, [held.context], all);
    expect(script.call(globals.save, [held.context], all)).toEqual(['ann', 1, 'same']);
    expect(script.call(globals.save, [held.context], all)).toEqual(['ann', 2, 'same']);
    const double = script.held(held.double, 'double');
    expect(double.call([21], all)).toEqual([42]);
    held.context.release();
    expect(script.call(globals.save, [held.context], all)).toMatchObject({ kind: 'error' });
    double.release();
    expect(double.call([21], all)).toEqual({ kind: 'undefined' });
    script.call(globals.begin, ['bob'], (results) => void results.hold(0));
    script.close(() => undefined);
    expect(double.call([1], all)).toEqual({ kind: 'cancelled' });
    engine.collect();
    expect(engine.holdings().anchored).toBeLessThan(before.anchored);
  });

  it('tell their types', async () => {
    const script = await load(
      'function init() return nil, true, 1, "x", {}, init, coroutine.create(init) end',
    );
    const types: Reader<unknown> = (results) => Array.from({ length: 8 }, (_, place) => results.type(place));
    expect(script.call(globals.init, [], types)).toEqual(
      'nil boolean number string table function thread nil'.split(' '),
    );
  });
});

describe('held functions', () => {
  it('wait, fail and are cut off as entries are', async () => {
    const script = await load(`
      function begin() return function(what) if what == "fail" then error("no", 0) end return gate.wait(what) end end`);
    const ref = script.call(globals.begin, [], (results) => results.hold(0));
    if (ref instanceof Promise || ref.kind !== 'ref') throw new Error('no function');
    const held = script.held(ref, 'the handler');
    expect(held.call(['fail'], all)).toMatchObject({ kind: 'error', message: 'no' });
    const waiting = held.call(['a'], all);
    await gate.arrival('a');
    expect(() => script.call(globals.begin, [], all)).toThrow(
      'begin was called while the handler is still running',
    );
    gate.open('a', 'opened');
    expect(await waiting).toEqual(['opened']);
    const late = held.call(['b'], all);
    await gate.arrival('b');
    clock.advance(1001);
    expect(await late).toMatchObject({ kind: 'limit', limit: 'wall-clock' });
  });
});
