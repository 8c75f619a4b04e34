// A connection has one Lua thread for all its hooks: a policy that keeps coroutine.running() finds it again.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { PolicyInstance } from '../../../src/policy/instance.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let gate: Gate;
let clock: FakeClock;
beforeEach(async () => {
  gate = new Gate();
  clock = new FakeClock();
  engine = await TestEngine.start({ modules: [gate.module], clock });
});
afterEach(() => engine.engine.close());

const policy = `
  first = coroutine.running()
  local function same() return tostring(rawequal(first, coroutine.running())) end
  function hook.accept() return same() end
  function hook.mail() gate.wait('mail') return same() end
  function hook.rcpt() error('no') end
  function hook.data() gate.wait('never') end
  function hook.dot()
    xpcall(function() gate.wait('never') end, function() handled = true return 'handled' end)
  end
  function hook.noop() while true do end end
  function hook.quit() local co = coroutine.wrap(function() return coroutine.running() end) return tostring(co() ~= first) end
  function hook.reset() return tostring(handled) end
  function hook.help() first = coroutine.running() return same() end`;

async function cutOff(instance: PolicyInstance, hook: 'data' | 'dot'): Promise<void> {
  gate.automatic = false;
  const outcome = instance.call(hook, []);
  await gate.arrival('never');
  clock.advance(400_000);
  expect(await outcome).toMatchObject({ kind: 'limit', limit: 'wall-clock' });
}

it('is the same in all hooks, over waits, errors and cuts', async () => {
  gate.automatic = true;
  const instance = await engine.open(policy);
  expect(await reply(instance, 'accept')).toBe('true');
  expect(await reply(instance, 'mail')).toBe('true');
  expect(await reply(instance, 'quit')).toBe('true');
  expect(await instance.call('rcpt', [])).toMatchObject({ kind: 'error', message: 'test.lua:6: no' });
  expect(await reply(instance, 'accept')).toBe('true');
  await cutOff(instance, 'data');
  expect(await reply(instance, 'accept')).toBe('true');
  const waiting = instance.call('data', []);
  await gate.arrival('never');
  instance.cancel();
  expect(await waiting).toEqual({ kind: 'cancelled' });
  expect(await reply(instance, 'accept')).toBe('true');
  instance.close();
});

it('is another one after an exception went through it', async () => {
  const timed = await TestEngine.start({ modules: [gate.module], options: { 'hook-cpu-limit': '20' } });
  const instance = await timed.open(policy);
  expect(await instance.call('noop', [])).toMatchObject({ kind: 'limit', limit: 'cpu' });
  expect(await reply(instance, 'accept')).toBe('false');
  expect(await reply(instance, 'help')).toBe('true');
  expect(await reply(instance, 'accept')).toBe('true');
  instance.close();
  timed.engine.close();
});

it('forgets the handler of an xpcall in which it was cut off', async () => {
  const instance = await engine.open(policy);
  await cutOff(instance, 'dot');
  expect(await instance.call('rcpt', [])).toMatchObject({ kind: 'error', message: 'test.lua:6: no' });
  expect(await reply(instance, 'reset')).toBe('nil');
  instance.close();
});

it('is nobody else’s', async () => {
  const instance = await engine.open(policy);
  const threads = await instance.run('return tostring(first)', '=spec');
  instance.close();
  const other = await engine.open(policy);
  expect(await other.run('return tostring(first)', '=spec')).not.toEqual(threads);
  other.close();
});
