// Policies that never end or want everything: each is stopped, it costs only its own connection, and the log says what happened.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LuaEngine } from '../../src/lua/engine.ts';
import { luaFunction } from '../../src/lua-api/function-spec.ts';
import { luaModule } from '../../src/lua-api/module-spec.ts';
import type { LimitName } from '../../src/policy/instance.ts';
import { reply, TestEngine, describe as text } from '../fakes/lua-engine.ts';

const api = luaModule({
  name: 'api',
  text: '',
  functions: [
    luaFunction({
      name: 'soon',
      params: [],
      suspends: true,
      text: '',
      call: () => ({ kind: 'suspension', describe: () => 'soon', done: Promise.resolve([1]), cancel() {} }),
    }),
  ],
});

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({
    modules: [api],
    options: { 'hook-cpu-limit': '100', 'lua-max-memory': '48' },
  });
});
beforeEach(() => {
  engine.log.lines.length = 0;
});

interface Runaway {
  readonly name: string;
  readonly body: string;
  /** The limit that stops it; where the machine decides which comes first, both. */
  readonly limit: readonly LimitName[];
  /** Lua notices some by itself and raises an error; then the policy can go on. */
  readonly orError?: RegExp;
}

const cpu: readonly (readonly [string, string])[] = [
  ['an empty loop', 'while true do end'],
  ['a loop of library calls', 'while true do ("x"):upper() end'],
  ['a loop inside pcall', 'while true do pcall(function() while true do end end) end'],
  ['a loop of pcalls that fail', 'while true do pcall(error, "x") end'],
  ['pcall inside pcall without end', 'local function f() while true do pcall(f) end end f()'],
  ['a loop inside xpcall', 'xpcall(function() while true do end end, function() while true do end end)'],
  ['a loop in the handler of xpcall', 'xpcall(error, function() while true do end end)'],
  ['a loop in a coroutine', 'coroutine.wrap(function() while true do end end)()'],
  [
    'a loop three coroutines deep in pcalls',
    'local function deep(n) if n == 0 then while true do end end while true do pcall(coroutine.wrap(function() deep(n - 1) end)) end end deep(3)',
  ],
  [
    'a loop that creates and resumes coroutines',
    'while true do coroutine.resume(coroutine.create(function() coroutine.yield() end)) end',
  ],
  [
    'a loop that closes coroutines whose variables loop',
    'local co = coroutine.create(function() local c <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)',
  ],
  ['a loop in a function called by gsub', '("x"):gsub("x", function() while true do end end)'],
  ['a loop in the comparison of table.sort', 'table.sort({ 3, 2, 1 }, function() while true do end end)'],
  ['a loop in __index', 'local x = setmetatable({}, { __index = function() while true do end end }).x'],
  ['a loop in __tostring', 'tostring(setmetatable({}, { __tostring = function() while true do end end }))'],
  [
    'a loop in __close, after an error',
    'local c <close> = setmetatable({}, { __close = function() while true do end end }) error("x")',
  ],
  ['a loop in a chunk', 'load("while true do end")()'],
  ['a loop in a reader of load', 'load(function() while true do end end)'],
  [
    'a loop over a table that never ends',
    'for i, v in ipairs(setmetatable({}, { __len = function() return 1 end })) do end for i in function() return 1 end do end',
  ],
  ['a loop that waits every time', 'while true do for i = 1, 1000 do end api.soon() end'],
  ['a catastrophic pattern', '("a"):rep(600):find(".-.-.-b")'],
  ['a catastrophic pattern in gsub', '("a"):rep(600):gsub("a-a-a-a-b", "")'],
  ['a catastrophic pattern in gmatch', 'for _ in ("a"):rep(600):gmatch("a*a*a*a*b") do end'],
  [
    'a catastrophic pattern in match, in pcall',
    'while true do pcall(string.match, ("a"):rep(600), "^.-.-.-.-b") end',
  ],
  ['a quadratic pattern on a long subject', '("x"):rep(2000000):find("x*y")'],
  ['%b without a partner on a long subject', '("("):rep(2000000):find("%b()")'],
];

const others: readonly Runaway[] = [
  {
    name: 'recursion without end',
    body: 'local function f() return 1 + f() end f()',
    limit: ['cpu', 'memory'],
    orError: /stack overflow/,
  },
  {
    name: 'recursion through pcall',
    body: 'local function f() return pcall(f) and 1 end f() f()',
    limit: ['cpu'],
    orError: /./,
  },
  {
    name: 'recursion through metamethods',
    body: 'local mt = {} mt.__index = function(t, k) return t[k .. "x"] end local x = setmetatable({}, mt).x',
    limit: ['cpu'],
    orError: /C stack overflow/,
  },
  {
    name: 'recursion through coroutines',
    body: 'local function f() coroutine.wrap(f)() end f()',
    limit: ['cpu'],
    orError: /C stack overflow/,
  },
  {
    name: 'an expression nested too deep',
    body: 'assert(load(("("):rep(10000)))',
    limit: ['cpu'],
    orError: /overflow/,
  },
  {
    name: 'a huge string',
    body: 'local s = ("x"):rep(1e9)',
    limit: ['memory'],
    orError: /resulting string too large/,
  },
  {
    name: 'a string that doubles',
    body: 'local s = "x" while true do s = s .. s end',
    limit: ['memory', 'cpu'],
  },
  {
    name: 'a string that doubles, in pcall',
    body: 'while true do pcall(function() local s = "x" while true do s = s .. s end end) end',
    limit: ['memory', 'cpu'],
  },
  {
    name: 'comparisons of strings of 10 MB',
    body: 'local a = ("x"):rep(1e7) local b = a .. "y" while a < b do end',
    limit: ['cpu'],
  },
  {
    name: 'a table that grows',
    body: 'local t = {} for i = 1, 1e9 do t[i] = i end',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'strings that are kept',
    body: 'kept = {} for i = 1, 1e9 do kept[i] = ("x"):rep(10000) .. i end',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'coroutines that are kept',
    body: 'kept = {} for i = 1, 1e9 do kept[i] = coroutine.create(print) end',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'a huge concatenation',
    body: 'local t = {} for i = 1, 10000 do t[i] = ("x"):rep(10000) end local s = table.concat(t)',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'a huge format',
    body: 'local s = ("x"):rep(1e7) local r = ("%s"):rep(10):format(s, s, s, s, s, s, s, s, s, s)',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'hoarding inside pcall',
    body: 'kept = {} while true do pcall(function() while true do kept[#kept + 1] = ("x"):rep(100000) .. #kept end end) end',
    limit: ['cpu', 'memory'],
  },
  {
    name: 'too many results',
    body: 'return select("#", table.unpack({}, 1, 1e7))',
    limit: ['cpu'],
    orError: /too many results/,
  },
  {
    name: 'a table moved without end',
    body: 'table.move({}, 1, 2 ^ 52, 2)',
    limit: ['cpu'],
    orError: /too many elements/,
  },
  {
    name: 'a length that is a lie',
    body: 'table.insert(setmetatable({}, { __len = function() return 2 ^ 52 end }), 1, "x")',
    limit: ['cpu'],
    orError: /too long/,
  },
];

const runaways: readonly Runaway[] = [
  ...cpu.map(([name, body]) => ({ name, body, limit: ['cpu'] as const })),
  ...others,
];

describe('a hook that runs away', () => {
  for (const { name, body, limit, orError } of runaways) {
    it(`with ${name} is stopped; others are served and the log says why`, async () => {
      const policy = await engine.load(`
        local calls = 0
        function hook.mail()
          ${body}
        end
        function hook.rcpt() calls = calls + 1 return calls end`);
      const [bad, good] = [await engine.open(policy, 'bad'), await engine.open(policy, 'good')];
      expect(await reply(good, 'rcpt')).toBe('1');
      const outcome = await bad.call('mail', []);
      expect(await reply(good, 'rcpt')).toBe('2');
      // The connection itself can still be told goodbye, unless its Lua was given up for what it held.
      const after = await bad.call('rcpt', []);
      if (after.kind !== 'limit' && after.kind !== 'undefined')
        expect(after).toMatchObject({ kind: 'returned', reply: '1' });
      const [line] = engine.log.lines;
      if (orError !== undefined && outcome.kind === 'error') {
        expect(outcome.message).toMatch(orError);
        expect(line?.message).toMatch(/^hook\.mail: /);
      } else if (orError !== undefined && outcome.kind === 'returned') {
        expect(engine.log.lines).toEqual([]);
      } else {
        expect(text(outcome)).toMatch(/^limit: (test\.lua|\[string "while true do end"\]):\d+: /);
        expect(limit).toContain(outcome.kind === 'limit' ? outcome.limit : undefined);
        expect(line).toMatchObject({
          level: 'err',
          message: expect.stringMatching(
            /^hook\.mail: stopped: \S+.*:\d+: (used more than (100|50) ms of processor time|not enough memory|holds (about|more than))/,
          ),
          fields: { id: 'bad', hook: 'hook.mail' },
        });
        if (line?.fields.limit === 'cpu')
          expect(line?.fields.traceback).toMatch(/^stack traceback:\n[\s\S]*test\.lua:\d+:/);
      }
      expect(LuaEngine.coreOf(engine.engine).broken).toBe(false);
      bad.close();
      good.close();
      policy.retire();
    });
  }

  it('leaves nothing behind', () => {
    engine.engine.collect();
    expect(engine.engine.memoryUse().lua).toBeLessThan(300_000);
    expect(engine.engine.holdings().objects).toBe(0);
  });
});

describe('file level that runs away', () => {
  it('makes opening fail', async () => {
    const policy = await engine.load('while true do end');
    const opened = await policy.open({
      session: undefined as never,
      options: engine.options,
      log: engine.log,
    });
    expect(opened).toMatchObject({ kind: 'failed', outcome: { kind: 'limit', limit: 'cpu' } });
    expect(engine.log.short[0]).toMatch(/^err script: stopped: test\.lua:1: used more than/);
  });
});

describe('an error text that runs away', () => {
  it('is given up', async () => {
    const instance = await engine.open(
      'function hook.mail() error(setmetatable({}, { __tostring = function() while true do end end })) end',
    );
    expect(await instance.call('mail', [])).toMatchObject({
      kind: 'error',
      message: '(error object without a text)',
    });
    instance.close();
  });
});

describe('cutting off a hook whose variables do not want to be closed', () => {
  it('ends all the same', async () => {
    const instance = await engine.open(`
      function hook.mail() local c <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() while true do coroutine.yield() end end
      function hook.rcpt() return "ok" end`);
    const outcome = instance.call('mail', []);
    instance.cancel();
    expect(await outcome).toEqual({ kind: 'cancelled' });
    expect(await reply(instance, 'rcpt')).toBe('ok');
    instance.close();
  });
});

describe('memory that a connection keeps from hook to hook', () => {
  it('is taken from the connection that holds most, not from whoever needs the next byte', async () => {
    const policy = await engine.load(`
      local kept = {}
      function hook.mail() for i = 1, 20 do kept[#kept + 1] = ("x"):rep(100000) .. #kept end return "kept" end
      function hook.rcpt() return (("x"):rep(1000000)):len() end`);
    const hog = await engine.open(policy, 'hog');
    const modest = await Promise.all(
      Array.from({ length: 20 }, (_, i) => engine.open(policy, `modest ${i}`)),
    );
    let stopped: unknown;
    for (let i = 0; i < 60 && stopped === undefined; i++) {
      const outcome = await hog.call('mail', []);
      if (outcome.kind !== 'returned') stopped = outcome;
      for (const instance of modest) expect(await reply(instance, 'rcpt')).toBe('1000000');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stopped).toMatchObject({
      kind: 'limit',
      limit: 'memory',
      message: expect.stringMatching(/holds (about|more than) \d+ bytes of the 50331648/),
    });
    expect(hog.has('mail')).toBe(false);
    expect(hog.call('close', [0])).toEqual({ kind: 'undefined' });
    expect(engine.log.lines.filter((line) => line.fields.id !== 'hog')).toEqual([]);
    for (const instance of [hog, ...modest]) instance.close();
  });

  it('is not taken from one that only made garbage, and the figures are true', async () => {
    const own = await TestEngine.start({ options: { 'lua-max-memory': '48', 'hook-cpu-limit': '10000' } });
    const policy = await own.load(`
      local kept = {}
      function hook.mail() for i = 1, 60 do local x = ("g"):rep(5000000) .. i end return "done" end
      function hook.noop() for i = 1, 50 do local x = ("n"):rep(100000) .. i end return "done" end
      function hook.rcpt() kept[#kept + 1] = ("k"):rep(4000000) .. #kept return "kept" end`);
    const alice = await own.open(policy, 'alice');
    const bob = await own.open(policy, 'bob');
    const others = await Promise.all(Array.from({ length: 5 }, (_, i) => own.open(policy, `other ${i}`)));
    own.log.lines.length = 0;
    for (let i = 0; i < 3; i++) await alice.call('mail', []);
    for (const other of others) await reply(other, 'noop');
    let stopped: unknown;
    for (let i = 0; i < 20 && stopped === undefined; i++) {
      const outcome = await bob.call('rcpt', []);
      if (outcome.kind !== 'returned') stopped = outcome;
      for (const other of others) expect(await reply(other, 'noop')).toBe('done');
    }
    expect(stopped).toMatchObject({ kind: 'limit', limit: 'memory' });
    const held = Number(/holds (?:about|more than) (\d+) bytes/.exec(JSON.stringify(stopped))?.[1]);
    expect(held).toBeGreaterThan(20_000_000);
    expect(held).toBeLessThan(50_331_648);
    expect(own.log.lines.map((line) => line.fields.id)).toEqual(['bob']);
    expect(await alice.call('noop', [])).toMatchObject({ kind: 'returned', reply: 'done' });
    for (const instance of [alice, bob, ...others]) instance.close();
  });

  it('is found wherever it is held: locals of a run that is interrupted, coroutines, upvalues, metatables, keys', async () => {
    for (const holder of [
      'local t = {} for i = 1, 9 do t[i] = ("x"):rep(4000000) .. i end while true do end',
      'local t = {} for i = 1, 9 do t[i] = ("x"):rep(4000000) .. i end keep = function() return t end',
      'keep = coroutine.create(function() local t = {} for i = 1, 9 do t[i] = ("x"):rep(4000000) .. i end coroutine.yield() return t end) coroutine.resume(keep)',
      'keep = setmetatable({}, { t = {} }) for i = 1, 9 do getmetatable(keep).t[("x"):rep(4000000) .. i] = i end',
      'for i = 1, 9 do string["f" .. i] = ("x"):rep(4000000) .. i end',
    ]) {
      const own = await TestEngine.start({ options: { 'hook-cpu-limit': '5000', 'lua-max-memory': '64' } });
      const policy = await own.load(`function hook.mail() ${holder} end
        function hook.rcpt() more = more or {} for i = 1, 4 do more[#more + 1] = ("y"):rep(1000000) .. #more end return "kept" end`);
      const [hog, modest] = [await own.open(policy, 'hog'), await own.open(policy, 'modest')];
      const endless = holder.includes('while true');
      const running = hog.call('mail', []);
      if (!endless) await running;
      for (let i = 0; i < 6 && own.log.lines.length === 0; i++) {
        await modest.call('rcpt', []);
      }
      // The first hook after its Lua was ended says so.
      const outcome = endless ? await running : await hog.call('rcpt', []);
      expect(outcome, holder).toMatchObject({ kind: 'limit', limit: 'memory' });
      expect(
        own.log.lines.map((line) => line.fields.id),
        holder,
      ).toEqual(['hog']);
      for (const instance of [hog, modest]) instance.close();
    }
  });
});
