// A run of Lua that takes long is interrupted again and again: the event loop comes round, other connections are served, and what the
// policy computes is the same. What it may use in all is limited, and it can be ended between two slices.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { LuaEngine } from '../../../../src/lua/engine.ts';
import { noScriptTexts } from '../../../../src/lua/run/script-files.ts';
import { LuaError } from '../../../../src/lua-api/function-spec.ts';
import type { PolicyInstance } from '../../../../src/policy/instance.ts';
import { Gate } from '../../../fakes/gate-module.ts';
import { reply, TestEngine } from '../../../fakes/lua-engine.ts';
import { allowed } from '../../../fakes/pace.ts';
import { standstill } from '../../../fakes/standstill.ts';

/** Milliseconds of processor time, on a quiet machine. */
const STANDSTILL = 50;
/** Milliseconds of processor time for which a policy may delay others, on a quiet machine. */
const DELAY = 30;

let engine: TestEngine;
let gate: Gate;
beforeAll(async () => {
  gate = new Gate();
  engine = await TestEngine.start({ modules: [gate.module], options: { 'hook-cpu-limit': '1000' } });
});
beforeEach(() => {
  gate.automatic = true;
  engine.log.lines.length = 0;
});

const burn = `
  local function burn(ms)
    -- A machine that does something else in between has not burnt anything here.
    local clock, left = os.clock, ms / 1000
    local last = clock()
    while left > 0 do
      local now = clock()
      left = left - math.min(now - last, 0.0005)
      last = now
    end
  end`;

describe('a run that takes long', () => {
  const cases: readonly [string, string, readonly unknown[]][] = [
    ['at top level', 'burn(60) return 1', [1]],
    ['in pcall', 'return pcall(function() burn(60) error("x", 0) end)', [false, 'x']],
    ['in the function of xpcall', 'return xpcall(function() burn(60) return 2 end, print)', [true, 2]],
    [
      'in a coroutine, between its own yields',
      `local co = coroutine.wrap(function(a) burn(40) local b = coroutine.yield(a + 1) burn(40) coroutine.yield() burn(30) return b end)
       return co(1), co(5), co(), pcall(co)`,
      [2, undefined, 5, false, 'cannot resume dead coroutine'],
    ],
    [
      'three coroutines deep, with pcall between them',
      `local function deep(n)
         if n == 0 then burn(60) return "deep" end
         local ok, value = pcall(coroutine.wrap(function() return deep(n - 1) end))
         burn(20)
         return value
       end
       return deep(3)`,
      ['deep'],
    ],
    [
      'in metamethods',
      'return setmetatable({}, { __index = function(_, k) burn(60) return k end }).a',
      ['a'],
    ],
    [
      'in __pairs',
      'for k in pairs(setmetatable({}, { __pairs = function() burn(60) return next, { x = 1 } end })) do return k end',
      ['x'],
    ],
    ['in an iterator', 'for k in function(_, k) burn(60) return not k and 1 or nil end do return k end', [1]],
    [
      'in a function called by gsub',
      'return (("ab"):gsub("%a", function(c) burn(40) return c:upper() end))',
      ['AB'],
    ],
    [
      'in the comparison of table.sort',
      'local t = { 3, 1, 2 } table.sort(t, function(a, b) burn(20) return a < b end) return table.concat(t)',
      ['123'],
    ],
    [
      'in a reader of load',
      'local n = 0 return load(function() n = n + 1 burn(20) return n == 1 and "return " or n == 2 and "7" or nil end)()',
      [7],
    ],
    ['in a chunk', 'return load("local burn = ... burn(60) return 8")(burn)', [8]],
    [
      'between waits',
      'local a = gate.wait("a") burn(40) local b = gate.wait("b") burn(40) return a .. b',
      ['ab'],
    ],
    [
      'in __close',
      'local x do local c <close> = setmetatable({}, { __close = function() burn(60) x = 1 end }) end return x',
      [1],
    ],
    ['in a pattern', `return (("a"):rep(120):find(".-.-.-b"))`, [undefined]],
    [
      'in %q of a long text',
      `local text = ('a"\\n\\0'):rep(5e5) local q = ('%q'):format(text) return #q, q:sub(1, 9), q:sub(-3)`,
      [4_500_002, '"a\\"\\\n\\00', '00"'],
    ],
    [
      'in a long plain search',
      'return (("a"):rep(2e7) .. "b"):find(("a"):rep(1000) .. "b", 1, true)',
      [19_999_001, 20_000_001],
    ],
  ];
  for (const [name, source, expected] of cases) {
    it(`gives way and goes on ${name}`, async () => {
      const other = await engine.open('function hook.noop() return "here" end', 'other');
      let rounds = 0;
      let ended = false;
      const count = (): void => {
        rounds += 1;
        if (!ended) setImmediate(count);
      };
      setImmediate(count);
      const running = engine.eval(`${burn}\n${source}`);
      expect(await reply(other, 'noop')).toBe('here');
      expect(await running).toEqual(expected);
      ended = true;
      expect(rounds).toBeGreaterThan(1);
      expect(LuaEngine.coreOf(engine.engine).slices.interrupted).toBe(false);
      other.close();
    });
  }

  it('gives the same results whenever it is interrupted', async () => {
    const source = `
      local function mix(n, seed)
        local t, s = {}, seed
        for i = 1, n do
          s = (s * 1103515245 + 12345) % 2147483648
          t[#t + 1] = ("%d"):format(s):gsub("%d", function(d) return d == "7" and "x" end)
        end
        table.sort(t, function(a, b) return a < b end)
        return table.concat(t, ",")
      end
      local sum = {}
      for k = 1, 20 do
        sum[k] = coroutine.wrap(function() coroutine.yield() return select(2, pcall(mix, 300, k)) end)
      end
      for k = 1, 20 do sum[k]() end
      for k = 1, 20 do sum[k] = sum[k]() end
      return table.concat(sum, ";")`;
    const alone = (await TestEngine.start({ clock: new FakeClock() })).eval(source);
    const patient = await TestEngine.start({ options: { 'hook-cpu-limit': '15000' } });
    const together = Array.from({ length: 3 }, () => patient.eval(source));
    const [first] = await alone;
    for (const running of together) expect((await running)[0]).toBe(first);
  });
});

describe('processor time', () => {
  it('of one that never ends holds up nobody for long', async () => {
    const policy = await engine.load(
      'function hook.mail() while true do end end function hook.noop() return "here" end',
    );
    const [bad, good] = [await engine.open(policy, 'bad'), await engine.open(policy, 'good')];
    const longest = await standstill(async () => {
      const running = bad.call('mail', []);
      expect(running).toBeInstanceOf(Promise);
      expect(await reply(good, 'noop')).toBe('here');
      expect(await running).toMatchObject({ kind: 'limit', limit: 'cpu' });
    });
    expect(longest).toBeLessThan(allowed(STANDSTILL));
    bad.close();
    good.close();
  });

  it('of thirty that never end is shared among them, and the event loop comes round all the time', async () => {
    const policy = await engine.load(
      'function hook.mail() while true do end end function hook.noop() return "here" end',
    );
    const few = await TestEngine.start({ options: { 'hook-cpu-limit': '60' } });
    const shared = await few.load('function hook.mail() while true do end end');
    const instances = await Promise.all(Array.from({ length: 30 }, (_, i) => few.open(shared, `bad ${i}`)));
    const good = await engine.open(policy, 'good');
    const longest = await standstill(async () => {
      const running = instances.map((instance) => instance.call('mail', []));
      expect(await reply(good, 'noop')).toBe('here');
      for (const outcome of await Promise.all(running))
        expect(outcome).toMatchObject({ kind: 'limit', limit: 'cpu' });
    });
    expect(longest).toBeLessThan(allowed(STANDSTILL));
    for (const instance of [...instances, good]) instance.close();
  });

  for (const [name, body] of [
    [
      'a policy that yields all the time',
      'local x = ("a"):rep(300000) while true do x:upper() coroutine.yield() end',
    ],
    [
      'a policy that waits all the time',
      'local x = ("a"):rep(300000) while true do x:upper() gate.wait("x") end',
    ],
    [
      'coroutines that do little each',
      'local function f(d) if d == 0 then return end for i = 1, 5 do coroutine.wrap(f)(d - 1) end end f(40)',
    ],
    [
      'many coroutines in turn',
      'local all = {} for i = 1, 5000 do all[i] = coroutine.wrap(function() while true do coroutine.yield() end end) end while true do for i = 1, #all do all[i]() end end',
    ],
    [
      'a function that a C function calls',
      'string.format("%s", setmetatable({}, { __tostring = function() while true do end end }))',
    ],
    ['a handler of errors', 'xpcall(error, function() while true do end end)'],
  ] as const) {
    it(`is counted from resume to yield: ${name}`, async () => {
      const instance = await engine.open(`function hook.mail() ${body} end`);
      const before = process.cpuUsage();
      const longest = await standstill(async () => {
        expect(await instance.call('mail', [])).toMatchObject({ kind: 'limit', limit: 'cpu' });
      });
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(4000);
      expect(longest).toBeLessThan(allowed(STANDSTILL));
      instance.close();
    });
  }
});

describe('twenty that cannot be interrupted hold up nobody together', () => {
  const stubborn = `
    local stubborn = setmetatable({}, { __tostring = function()
      local clock = os.clock
      local till = clock() + 0.035
      while clock() < till do end
      return 'x'
    end })
    function hook.mail() tostring(stubborn) return 'done' end
    function hook.rcpt() gate.wait('all') tostring(stubborn) return 'done' end
    function hook.noop() pcall(gate.wait, 'all') tostring(stubborn) return 'done' end
    function hook.data()
      local last <close> = setmetatable({}, { __close = function() tostring(stubborn) end })
      gate.wait('all')
    end`;
  const count = 20;
  const open = async (): Promise<Awaited<ReturnType<TestEngine['open']>>[]> => {
    const policy = await engine.load(stubborn);
    return Promise.all(Array.from({ length: count }, (_, i) => engine.open(policy, `stubborn ${i}`)));
  };
  const waits = async (): Promise<void> => {
    while (gate.waiting.length < count) await new Promise<void>((resolve) => setImmediate(resolve));
  };

  it('when they begin at once', async () => {
    const instances = await open();
    const longest = await standstill(async () => {
      expect(await Promise.all(instances.map((one) => reply(one, 'mail')))).toEqual(
        instances.map(() => 'done'),
      );
    });
    expect(longest).toBeLessThan(allowed(STANDSTILL));
    for (const one of instances) one.close();
  });

  it.each([
    ['rcpt', 'answered', (): void => gate.open('all')],
    ['noop', 'refused', (): void => gate.fail('all', new LuaError('no'))],
  ] as const)('when what they wait for (hook.%s) is %s at once', async (hook, _how, settle) => {
    gate.automatic = false;
    const instances = await open();
    const running = instances.map((one) => reply(one, hook));
    await waits();
    const longest = await standstill(async () => {
      for (let i = 0; i < count; i++) settle();
      expect(await Promise.all(running)).toEqual(instances.map(() => 'done'));
    });
    expect(longest).toBeLessThan(allowed(STANDSTILL));
    for (const one of instances) one.close();
  });

  /** The most processor time that passes, milliseconds, from when a neighbour's hook is to be called until it has answered. */
  const delayOf = async (neighbour: PolicyInstance, work: Promise<unknown>): Promise<number> => {
    const processorTime = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    let longest = 0;
    let ended = false;
    const all = work.finally(() => {
      ended = true;
    });
    let asked = processorTime();
    while (!ended) {
      expect(await reply(neighbour, 'helo', 'x')).toBe('here');
      longest = Math.max(longest, processorTime() - asked);
      // The next one comes while the loop may stand still.
      asked = processorTime();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    await all;
    return longest;
  };

  it.each([
    ['another policy', 'function hook.helo() return "here" end'],
    ['the same policy', `${stubborn} function hook.helo() return "here" end`],
  ])(
    'and a neighbour of %s waits for less than 0.1 s, when they begin and when they go on',
    async (_whose, policy) => {
      gate.automatic = false;
      const shared = await engine.load(policy);
      const neighbour = await engine.open(shared, 'neighbour');
      const own = policy.includes('stubborn');
      const instances = own
        ? await Promise.all(Array.from({ length: count }, (_, i) => engine.open(shared, `stubborn ${i}`)))
        : await open();
      const beginning = Promise.all(instances.map((one) => reply(one, 'mail')));
      expect(await delayOf(neighbour, beginning)).toBeLessThan(allowed(DELAY));
      const running = instances.map((one) => reply(one, 'rcpt'));
      await waits();
      for (let i = 0; i < count; i++) gate.open('all');
      expect(await delayOf(neighbour, Promise.all(running))).toBeLessThan(allowed(DELAY));
      for (const one of [...instances, neighbour]) one.close();
    },
  );

  it('when all are ended at once', async () => {
    gate.automatic = false;
    const instances = await open();
    const running = instances.map((one) => one.call('data', []));
    await waits();
    const longest = await standstill(async () => {
      for (const one of instances) one.close();
      for (const outcome of await Promise.all(running)) expect(outcome).toMatchObject({ kind: 'cancelled' });
    });
    expect(longest).toBeLessThan(allowed(STANDSTILL));
    expect(gate.cancelled.filter((name) => name === 'all')).toHaveLength(count);
  });
});

describe('between two slices a run is ended', () => {
  const endless = 'function hook.mail() while true do end end function hook.rcpt() return "ok" end';

  it('when its client goes', async () => {
    const instance = await engine.open(endless);
    const running = instance.call('mail', []);
    instance.cancel();
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(await reply(instance, 'rcpt')).toBe('ok');
    instance.close();
  });

  it('when its connection is closed', async () => {
    const instance = await engine.open(endless);
    const running = instance.call('mail', []);
    instance.close();
    expect(await running).toEqual({ kind: 'cancelled' });
  });

  it('in a coroutine inside a coroutine', async () => {
    const instance = await engine.open(
      'function hook.mail() coroutine.wrap(function() pcall(coroutine.wrap(function() while true do end end)) end)() end function hook.rcpt() return "ok" end',
    );
    const running = instance.call('mail', []);
    await new Promise((resolve) => setImmediate(resolve));
    instance.cancel();
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(await reply(instance, 'rcpt')).toBe('ok');
    instance.close();
  });

  it('in a pattern', async () => {
    const instance = await engine.open(
      'function hook.mail() return ("a"):rep(600):find(".-.-.-b") end function hook.rcpt() return ("a"):rep(60):find(".-.-.-b") end',
    );
    const running = instance.call('mail', []);
    await new Promise((resolve) => setImmediate(resolve));
    instance.cancel();
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(await instance.call('rcpt', [])).toMatchObject({ kind: 'returned' });
    instance.close();
  });

  it('when its time is over, and the log says where it was', async () => {
    const short = await TestEngine.start({ options: { 'hook-cpu-limit': '60000', 'hook-time-limit': '1' } });
    const instance = await short.open(endless);
    expect(await instance.call('mail', [])).toMatchObject({
      kind: 'limit',
      limit: 'wall-clock',
      message: expect.stringMatching(/^test\.lua:1: still running after 1 s/),
    });
    instance.close();
  });

  for (const hook of ['close', 'error'] as const) {
    it(`after hook-close-limit when hook.${hook} waits, as nobody's place is to be held for long`, async () => {
      const short = await TestEngine.start({ modules: [gate.module], options: { 'hook-close-limit': '1' } });
      const instance = await short.open(
        'function hook.close() gate.wait("never") end function hook.error() gate.wait("never") end',
      );
      gate.automatic = false;
      expect(await instance.call(hook, ['0'])).toMatchObject({
        kind: 'limit',
        limit: 'wall-clock',
        message: expect.stringMatching(/still running after 1 s/),
      });
      instance.close();
    });
  }
});

describe('globals that serve several calls', () => {
  it('let no other call in between two slices, but where one waits', async () => {
    const patient = await TestEngine.start({
      modules: [gate.module],
      options: { 'hook-cpu-limit': '10000' },
    });
    gate.automatic = false;
    const { engine: lua } = patient;
    const scripts = lua.newScriptFiles({ packagePath: '', texts: noScriptTexts });
    const globals = lua.newSharedGlobals(scripts);
    const limits = { cpu: 5000, time: 60_000, pending: 10, memory: 1 };
    const order: string[] = [];
    const call = (name: string, source: string): Promise<unknown> => {
      const owner = {
        id: name,
        options: patient.options,
        capabilities: {},
        log: patient.log,
        limits: () => limits,
        close: () => undefined,
      };
      const script = lua.newScript(owner, scripts, globals);
      return Promise.resolve(script.run(source, '=spec', () => 'ok')).then((outcome) => {
        order.push(name);
        script.close(() => undefined);
        return outcome;
      });
    };
    // x is 0 whenever somebody looks, unless he looks in the middle of what another does.
    const work =
      'x = x or 0 assert(x == 0) x = 1 local t = os.clock() while os.clock() - t < 0.05 do end assert(x == 1) x = 0';
    const first = call('first', `${work} gate.wait('a') ${work}`);
    const second = call('second', work);
    const third = call('third', 'assert((x or 0) == 0)');
    await gate.arrival('a');
    const fourth = call('fourth', work);
    gate.open('a');
    expect(await Promise.all([first, second, third, fourth])).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(order.toSorted()).toEqual(['first', 'fourth', 'second', 'third']);
    globals.release();
    expect(patient.log.lines).toEqual([]);
  });
});
