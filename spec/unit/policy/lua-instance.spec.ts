import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { CallContext, Slot } from '../../../src/lua-api/call-context.ts';
import { luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { SliceBatch } from '../../../src/lua-api/value.ts';
import { optionsOf } from '../../../src/options/options.ts';
import type { PolicyInstance } from '../../../src/policy/instance.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { reply, TestEngine, describe as text } from '../../fakes/lua-engine.ts';

const events: string[] = [];
const slot: Slot<{ name: string }> = {
  name: 'spec',
  create: () => ({ name: 'value' }),
  endOfHook: () => events.push('end of hook'),
  dispose: () => events.push('disposed'),
};
const contexts: CallContext[] = [];
const slots = luaModule({
  name: 'slots',
  text: '',
  functions: [
    luaFunction({
      name: 'use',
      params: [],
      text: '',
      call: (context) => {
        contexts.push(context);
        return [context.slot(slot).name, optionsOf(context).values['host-name']];
      },
    }),
  ],
});

let engine: TestEngine;
let gate: Gate;
let clock: FakeClock;
beforeAll(async () => {
  gate = new Gate();
  clock = new FakeClock();
  engine = await TestEngine.start({ modules: [gate.module, slots], clock });
});
beforeEach(() => {
  gate.automatic = false;
  gate.cancelled.length = 0;
  engine.log.lines.length = 0;
  events.length = 0;
  contexts.length = 0;
});

describe('what a hook returns', () => {
  const cases: readonly [string, string | undefined, boolean][] = [
    ['', undefined, false],
    ['return', undefined, false],
    ['return nil', undefined, false],
    ['return "550 no"', '550 no', false],
    ['return 250', '250', false],
    ['return 250.0', '250', false],
    ['return nil, nil, nil, nil', undefined, false],
    ['return true, "421 bye"', '421 bye', true],
    ['return false, "421 bye"', '421 bye', false],
    ['return nil, "421 bye"', '421 bye', false],
    ['return true', undefined, true],
    ['return false', undefined, false],
    ['return true, nil', undefined, true],
    ['return "\\0\\255"', '\u0000\u00ff', false],
  ];
  for (const [body, replyText, drop] of cases) {
    it(`${body || 'nothing'}: ${replyText ?? 'no reply'}${drop ? ', drop' : ''}`, async () => {
      const instance = await engine.open(`function hook.mail() ${body} end`);
      expect(instance.call('mail', [])).toMatchObject({ kind: 'returned', reply: replyText, drop });
      instance.close();
    });
  }
});

describe('a result that is no answer', () => {
  it.each([
    'return 250.5',
    'return 0/0',
    'return 1/0',
    'return 0, "421 bye"',
    'return "x", "421 bye"',
    'return "x", true, "421 bye"',
    'return "550 no", true',
    'return "550 no", false',
    'return "550 no", nil',
    'return 550, true',
    'return 550, "5.7.1 no"',
    'return nil, true',
    'return true, true',
    'return true, false',
    'return true, {}',
    'return nil, nil, "550 no"',
    'return nil, nil, nil, nil, nil, "550 no"',
    'return false, "550 no", nil',
    'return {}',
    'return { "550 no" }',
    'return print',
    'return coroutine.create(print)',
    'return newproxy()',
    'return ("550 no"):gsub("x", "y")',
  ])('%s', async (body) => {
    const instance = await engine.open(`function hook.mail() ${body} end`);
    expect(instance.call('mail', [])).toMatchObject({ kind: 'misshapen' });
    instance.close();
  });

  it("at file level is nobody's business", async () => {
    const instance = await engine.open('function hook.mail() return "250 x" end return {}, 1, 2');
    expect(await reply(instance, 'mail')).toBe('250 x');
    instance.close();
  });
});

describe('hooks', () => {
  it('are there when the policy has them', async () => {
    const instance = await engine.open('function hook.mail() end hook.rcpt = false');
    expect([instance.has('mail'), instance.has('rcpt'), instance.has('data')]).toEqual([true, false, false]);
    expect(instance.call('data', [])).toEqual({ kind: 'undefined' });
    instance.close();
    expect(instance.has('mail')).toBe(false);
  });

  it('can be set, changed and removed at run time', async () => {
    const instance = await engine.open(`
      function hook.mail() function hook.rcpt() return "one" end end
      function hook.data() hook.rcpt = function() return "two" end end
      function hook.rset() hook.rcpt = nil end`);
    expect(instance.has('rcpt')).toBe(false);
    instance.call('mail', []);
    expect(await reply(instance, 'rcpt')).toBe('one');
    instance.call('data', []);
    expect(await reply(instance, 'rcpt')).toBe('two');
    instance.call('rset', []);
    expect(instance.has('rcpt')).toBe(false);
    instance.close();
  });

  it('are found in a table that the policy put in the place of `hook`', async () => {
    const instance = await engine.open('hook = { mail = function() return "mine" end }');
    expect(await reply(instance, 'mail')).toBe('mine');
    instance.call('mail', []);
    instance.close();
  });

  it('are found through a metatable', async () => {
    const instance = await engine.open(`
      setmetatable(hook, { __index = function(_, name) if name == "mail" then return function(a) return name .. a end end end })`);
    expect(instance.has('mail')).toBe(true);
    expect(await reply(instance, 'mail', '!')).toBe('mail!');
    expect(instance.call('rcpt', [])).toEqual({ kind: 'undefined', asked: true });
    instance.close();
  });

  it('may be callable tables', async () => {
    const instance = await engine.open(
      'hook.mail = setmetatable({}, { __call = function(_, a) return a end })',
    );
    expect(await reply(instance, 'mail', 'x')).toBe('x');
    instance.close();
  });

  it('do not make a promise when they do not wait', async () => {
    const instance = await engine.open('function hook.mail() return gate.ready("now") end');
    expect(instance.call('mail', [])).toMatchObject({ reply: 'now' });
    instance.close();
  });

  it.each([
    ['hook = nil', 'table', 'nil'],
    ['hook = "x"', 'table', 'string'],
    ['hook.mail = "x"', 'hook', 'string'],
    ['hook.mail = 550', 'hook', 'number'],
    ['hook.mail = true', 'hook', 'boolean'],
    ['hook.mail = {}', 'hook', 'table'],
    ['hook.mail = setmetatable({}, {})', 'hook', 'table'],
    ['setmetatable(hook, { __index = function() return "x" end })', 'hook', 'string'],
    ['setmetatable(hook, { __index = { mail = {} } })', 'hook', 'table'],
  ])('cannot be called, and are no silence, with %s', async (text, what, type) => {
    const instance = await engine.open(text);
    expect(instance.has('mail')).toBe(true);
    expect(instance.call('mail', [])).toEqual({ kind: 'not-callable', what, type });
    const batch = new SliceBatch();
    batch.bytes = Buffer.from('ab');
    [batch.starts[0], batch.ends[0], batch.starts[1], batch.ends[1], batch.count] = [0, 1, 1, 2, 2];
    if (what === 'table') {
      expect(await instance.callEach('body', batch)).toEqual({
        done: 1,
        outcome: { kind: 'not-callable', what, type },
      });
    }
    instance.close();
  });
});

describe('errors', () => {
  async function failed(policy: string): Promise<{ outcome: unknown; instance: PolicyInstance }> {
    const instance = await engine.open(policy, 'abc');
    return { outcome: await instance.call('mail', []), instance };
  }

  it('are logged once with hook, place, traceback and session', async () => {
    const { outcome, instance } = await failed(
      'local function inner() error("oops") end\nfunction hook.mail() inner() end',
    );
    expect(outcome).toMatchObject({ kind: 'error', message: 'test.lua:1: oops' });
    expect(engine.log.lines).toEqual([
      {
        level: 'err',
        message: 'hook.mail: test.lua:1: oops',
        fields: {
          id: 'abc',
          hook: 'hook.mail',
          traceback: expect.stringMatching(
            /^stack traceback:\n[\s\S]*test\.lua:1: in [\s\S]*test\.lua:2: in /,
          ),
        },
      },
    ]);
    instance.close();
  });

  for (const [name, raise, message] of [
    [
      'a table with __tostring',
      'error(setmetatable({}, { __tostring = function() return "custom" end }))',
      'custom',
    ],
    ['a table', 'error({})', '(error object is a table value)'],
    ['nil', 'error()', '(error object is a nil value)'],
    ['an undefined function', 'nonsense()', "test.lua:1: attempt to call a nil value (global 'nonsense')"],
    [
      'a wrong argument of a library function',
      'string.rep()',
      "test.lua:1: bad argument #1 to 'rep' (string expected, got nil)",
    ],
    ['a string without position', 'error("bare", 0)', 'bare'],
  ] as const) {
    it(`of ${name} have a text`, async () => {
      const { outcome, instance } = await failed(`function hook.mail() ${raise} end`);
      expect(outcome).toMatchObject({ kind: 'error', message });
      instance.close();
    });
  }

  it('leave the instance usable', async () => {
    const { instance } = await failed(
      'n = 0 function hook.mail() n = n + 1 error("x") end function hook.quit() return n end',
    );
    instance.call('mail', []);
    expect(await reply(instance, 'quit')).toBe('2');
    instance.close();
  });

  it('close to-be-closed variables', async () => {
    const { instance } = await failed(`
      closed = "no"
      function hook.mail() local c <close> = setmetatable({}, { __close = function() closed = "yes" end }) error("x") end
      function hook.quit() return closed end`);
    expect(await reply(instance, 'quit')).toBe('yes');
    instance.close();
  });

  it('at file level make opening fail, logged', async () => {
    const policy = await engine.load('\nerror("at start")');
    const opened = await policy.open({
      session: undefined as never,
      options: engine.options,
      log: engine.log,
    });
    expect(opened).toMatchObject({
      kind: 'failed',
      outcome: { kind: 'error', message: 'test.lua:2: at start' },
    });
    expect(engine.log.short).toEqual(['err script: test.lua:2: at start']);
    expect(policy.instances).toBe(0);
  });
});

describe('client', () => {
  it('has the fields that the session set, until it removes them', async () => {
    const instance = await engine.open(
      'function hook.mail() return tostring(client.address) .. tostring(client.id_trans) end',
    );
    instance.setClient({ address: '192.0.2.1', id_trans: 't1' });
    expect(await reply(instance, 'mail')).toBe('192.0.2.1t1');
    instance.setClient({ id_trans: undefined });
    expect(await reply(instance, 'mail')).toBe('192.0.2.1nil');
    instance.close();
  });

  it('keeps what the policy stores in it', async () => {
    const instance = await engine.open(
      'client.mine = 1 function hook.mail() client.mine = client.mine + 1 return client.mine end',
    );
    expect(await reply(instance, 'mail')).toBe('2');
    instance.close();
  });

  it('has new fields when a waiting hook goes on', async () => {
    const instance = await engine.open('function hook.mail() gate.wait("x") return client.input end');
    const outcome = instance.call('mail', []);
    instance.setClient({ input: 'MAIL' });
    gate.open('x');
    expect(await outcome).toMatchObject({ reply: 'MAIL' });
    instance.close();
  });
});

describe('lazy fields', () => {
  it('are read once, and again after forget', async () => {
    const instance = await engine.open('function hook.mail() return gate.quick .. "," .. gate.quick end');
    const first = await reply(instance, 'mail');
    const [a, b] = first.split(',');
    expect(a).toBe(b);
    expect(await reply(instance, 'mail')).toBe(first);
    instance.forget('gate', 'quick');
    expect(await reply(instance, 'mail')).not.toBe(first);
    instance.close();
  });

  it('are seen by pairs and rawget once read, and belong to their connection', async () => {
    const policy = await engine.load(`
      function hook.mail() local n = gate.quick for k, v in pairs(gate) do if k == "quick" then return n .. "," .. v end end end
      function hook.rcpt() return rawget(gate, "quick") end`);
    const one = await engine.open(policy);
    const two = await engine.open(policy);
    const [n, seen] = (await reply(one, 'mail')).split(',');
    expect(n).toBe(seen);
    expect(await reply(one, 'rcpt')).toBe(n);
    expect(await reply(two, 'rcpt')).toBe('');
    one.forget('gate', 'quick');
    expect((await reply(one, 'mail')).split(',')[0]).not.toBe(n);
    one.close();
    two.close();
  });
});

describe('live tables', () => {
  it('grow while the policy holds them', async () => {
    const instance = await engine.open(
      'slots.use() function hook.mail(t) kept = t end function hook.rcpt() return #kept .. (kept.key or "") .. (kept[2] or "") end',
    );
    const table = contexts.at(-1)?.createLiveTable();
    if (table === undefined) throw new Error('no context');
    instance.call('mail', [table]);
    table.append('a');
    expect(await reply(instance, 'rcpt')).toBe('1');
    table.append('b');
    table.set('key', 'k');
    expect(await reply(instance, 'rcpt')).toBe('2kb');
    table.release();
    table.append('c');
    expect(await reply(instance, 'rcpt')).toBe('2kb');
    instance.close();
  });
});

describe('slots', () => {
  it('are made once per connection, told of the end of hooks, and disposed with it', async () => {
    const instance = await engine.open('function hook.mail() return (slots.use()) end');
    expect(await reply(instance, 'mail')).toBe('value');
    expect(await reply(instance, 'mail')).toBe('value');
    expect(events).toEqual(['end of hook', 'end of hook']);
    expect(contexts[0]).toBe(contexts[1]);
    instance.close();
    instance.close();
    expect(events).toEqual(['end of hook', 'end of hook', 'disposed']);
  });
});

describe('run', () => {
  it('gives all values of a chunk in the environment of the connection', async () => {
    const instance = await engine.open('x = 5');
    expect(instance.run('return x, nil, "s", { 1 }', '=stdin')).toMatchObject({
      kind: 'returned',
      values: [5, undefined, 's', new Map([[1, 1]])],
    });
    expect(await instance.run('x = gate.ready(6)', '=stdin')).toMatchObject({ values: [] });
    expect(instance.run('return x', '=stdin')).toMatchObject({ values: [6] });
    instance.close();
  });

  it('tells what is wrong with a chunk', async () => {
    const instance = await engine.open('');
    expect(instance.run('return +', '=stdin')).toMatchObject({
      kind: 'error',
      message: "stdin:1: unexpected symbol near '+'",
    });
    expect(await instance.run('return 1', '=stdin')).toMatchObject({ values: [1] });
    instance.close();
  });
});

describe('cutting off', () => {
  const waiting = `
    log = ""
    function hook.mail()
      local c <close> = setmetatable({}, { __close = function() log = log .. "closed" end })
      pcall(function() coroutine.wrap(function() gate.wait("never") end)() end)
      log = log .. "went on"
    end
    function hook.quit() return log end`;

  it('cancels the pending operation and closes variables; the instance stays usable', async () => {
    const instance = await engine.open(waiting);
    const outcome = instance.call('mail', []);
    await gate.arrival('never');
    instance.cancel();
    expect(await outcome).toEqual({ kind: 'cancelled' });
    expect(gate.cancelled).toEqual(['never']);
    expect(await reply(instance, 'quit')).toBe('closed');
    instance.close();
  });

  it('happens when the instance is closed', async () => {
    const instance = await engine.open(waiting);
    const outcome = instance.call('mail', []);
    await gate.arrival('never');
    instance.close();
    expect(await outcome).toEqual({ kind: 'cancelled' });
    expect(gate.cancelled).toEqual(['never']);
    expect(instance.call('quit', [])).toEqual({ kind: 'cancelled' });
    expect(clock.pending).toBe(0);
  });

  it('ignores an answer that comes too late', async () => {
    const instance = await engine.open(`${waiting}`);
    const outcome = instance.call('mail', []);
    await gate.arrival('never');
    const late = gate.waiting[0];
    instance.cancel();
    late?.resolve(['late']);
    await outcome;
    expect(await reply(instance, 'quit')).toBe('closed');
    instance.close();
  });

  it('happens by itself when a hook takes too long, and says what it was waiting for', async () => {
    const instance = await engine.open(
      'function hook.mail()\n  gate.begin("query")\n  gate.wait("slow")\nend',
      'abc',
    );
    const outcome = instance.call('mail', []);
    await gate.arrival('slow');
    clock.advance(299_999);
    expect(gate.cancelled).toEqual([]);
    clock.advance(1);
    expect(await outcome).toEqual({
      kind: 'limit',
      limit: 'wall-clock',
      message:
        'test.lua:3: still running after 300 s; pending: gate slow for 300.000 s; background query for 300.000 s',
    });
    expect(gate.cancelled).toEqual(['slow']);
    expect(engine.log.lines).toMatchObject([
      {
        level: 'err',
        message: expect.stringMatching(/^hook\.mail: stopped: test\.lua:3: still running/),
        fields: { id: 'abc', limit: 'wall-clock' },
      },
    ]);
    instance.close();
  });

  it('stops the timer when the hook ends in time', async () => {
    const instance = await engine.open('function hook.mail() gate.wait("x") end');
    const outcome = instance.call('mail', []);
    gate.open('x');
    expect(text(await outcome)).toBe('returned');
    expect(clock.pending).toBe(0);
    instance.close();
  });

  it('happens when there are too many operations pending', async () => {
    const small = await TestEngine.start({ modules: [gate.module], options: { 'hook-max-pending': '3' } });
    const instance = await small.open(
      'function hook.mail()\n for i = 1, 10 do pcall(gate.begin, "q" .. i) end end',
    );
    expect(await instance.call('mail', [])).toMatchObject({
      kind: 'limit',
      limit: 'pending',
      message: expect.stringMatching(
        /^test\.lua:2: more than 3 operations pending; the next would be background q4/,
      ),
    });
    instance.close();
  });
});
