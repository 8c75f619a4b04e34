// Thousands of connections that wait, fail, are killed and are cut off leave nothing: no Lua memory, no references, no functions, no
// timers, no files. SMTPE_SOAK=n makes it n times as long.

import { expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { LuaEngine } from '../../../src/lua/engine.ts';
import { luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { LuaObject } from '../../../src/lua-api/value.ts';
import { hookNames } from '../../../src/policy/hook-table.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

const rounds = 40 * Number(process.env.SMTPE_SOAK ?? 1);

const thing = { name: 'thing', text: '', methods: [] } as const;
const things = luaModule({
  name: 'things',
  text: '',
  functions: [
    luaFunction({ name: 'new', params: [], text: '', call: () => [new LuaObject(thing, {})] }),
    luaFunction({ name: 'table', params: [], text: '', call: (context) => [context.createLiveTable()] }),
  ],
  classes: [thing],
});

it('leaves nothing behind', async () => {
  const gate = new Gate();
  gate.automatic = true;
  const clock = new FakeClock();
  const engine = await TestEngine.start({ modules: [gate.module, things], clock });
  const policy = await engine.load(`
    local name, n = nil, 0
    string.mine = function(s) return s end
    function hook.accept(who) name = who client.who = who end
    for _, h in ipairs { "mail", "rcpt", "data", "dot", "reset", "quit", "close" } do
      hook[h] = function(what)
        n = n + 1
        local t = { things.new(), things.table(), newproxy(true) }
        assert(gate.wait(name .. h) == name .. h)
        assert(client.who == name and ("x"):mine() == "x")
        local co = coroutine.wrap(function() coroutine.yield(gate.wait("c")) return gate.wait("d") end)
        co()
        gate.lazy = gate.lazy or nil
        kept = { co, t, io.open("/dev/null") }
        if what == "error" then error({ name }) end
        if what == "loop" then while true do end end
        if what == "never" then gate.wait("never") end
        return name
      end
    end`);
  const core = LuaEngine.coreOf(engine.engine);
  const measure = () => {
    engine.engine.collect();
    engine.engine.collect();
    return {
      lua: core.account.used,
      references: core.api.lua_rawlen(core.main, -1_001_000),
      functions: core.api.__indirect_function_table.length,
      objects: core.objects.count,
      files: engine.engine.openFiles,
      stack: core.api.lua_gettop(core.main),
      freeStack: core.api.emscripten_stack_get_free(),
      timers: clock.pending,
      instances: policy.instances,
    };
  };
  async function round(i: number): Promise<void> {
    const sessions = Array.from({ length: 20 }, async (_, k) => {
      const id = `${i}-${k}`;
      const instance = await engine.open(policy, id);
      instance.call('accept', [id]);
      for (const hook of hookNames) {
        if (!instance.has(hook) || hook === 'accept') continue;
        const what = ['', 'error', '', 'never', ''][(i + k + hook.length) % 5] ?? '';
        const outcome = instance.call(hook, [what]);
        if (what === 'never') {
          await gate.arrival('never');
          if (k % 2 === 0) instance.cancel();
          else clock.advance(400_000);
          await outcome;
        } else {
          const end = await outcome;
          if (what === 'error') expect(end.kind).toMatch(/error|limit/);
          else if (end.kind === 'returned') expect(end.reply).toBe(id);
          else expect(end.kind).toBe('limit');
        }
        instance.forget('gate', 'lazy');
      }
      // Some leave while their hook is waiting.
      if (k % 3 === 0) void instance.call('mail', ['never']);
      instance.close();
    });
    await Promise.all(sessions);
    engine.log.lines.length = 0;
    gate.waiting.length = 0;
  }
  for (let i = 0; i < 10; i++) await round(i);
  const before = measure();
  for (let i = 0; i < rounds; i++) await round(i);
  const after = measure();
  expect(after).toMatchObject({
    references: before.references,
    functions: before.functions,
    objects: 0,
    files: 0,
    stack: before.stack,
    freeStack: before.freeStack,
    timers: 0,
    instances: 0,
  });
  expect(after.lua - before.lua).toBeLessThan(20_000);
});

it('gives up threads that were killed', async () => {
  const engine = await TestEngine.start({ options: { 'hook-cpu-limit': '10' } });
  const policy = await engine.load(
    'function hook.mail() coroutine.wrap(function() while true do pcall(function() while true do end end) end end)() end',
  );
  const core = LuaEngine.coreOf(engine.engine);
  const kill = async (): Promise<void> => {
    const instance = await engine.open(policy);
    expect(await instance.call('mail', [])).toMatchObject({ kind: 'limit' });
    instance.close();
  };
  for (let i = 0; i < 5; i++) await kill();
  engine.engine.collect();
  const before = core.account.used;
  for (let i = 0; i < 40; i++) await kill();
  engine.engine.collect();
  expect(core.account.used - before).toBeLessThan(5000);
  expect(core.api.lua_gettop(core.main)).toBe(0);
  expect(core.broken).toBe(false);
});
