// What is told of hooks that only Lua can find: a trace ends what it began, and the time that Lua took counts, whether it has found one or not.
import { beforeAll, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { Hooks } from '../../../../src/smtp/server/hooks.ts';
import { Gate } from '../../../fakes/gate-module.ts';
import { TestEngine } from '../../../fakes/lua-engine.ts';

const gate = new Gate();
gate.automatic = true;
let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: [gate.module], clock: new FakeClock() });
});

/** The hooks of a policy, and what is told of them. */
async function open(policy: string, isTraced: boolean) {
  const told: string[] = [];
  const log = new RecordLog();
  if (isTraced) {
    log.bus.on('hook-begins', ({ hook }) => told.push(`${hook} begins`));
    log.bus.on('hook-ends', ({ hook, result }) => told.push(`${hook} ends: ${result}`));
  }
  log.bus.on('hook-called', ({ hook, result }) => told.push(`${hook}: ${result}`));
  const hooks = new Hooks(await engine.open(policy), {
    ...{ log, clock: new FakeClock(), revision: 1, secret: () => false, hide: (text: string) => text },
  });
  return { hooks, told };
}

const called = ['rcpt begins', 'rcpt ends: nothing', 'rcpt: none'];
const silent = { kind: 'silent', drop: false };
const asks =
  'setmetatable(hook, { __index = function(_, name) if name == "mail" then return print end end })';
const waits = 'setmetatable(hook, { __index = function() gate.wait("x") end })';

it.each([
  ['no hook', '', []],
  ['a hook', 'function hook.rcpt() end', called],
  ['a metatable that has none', asks, called],
  ['a metatable that waits and has none', waits, called],
  ['a table that is gone', 'hook = nil', ['rcpt begins', 'rcpt ends: hook is no table', 'rcpt: error']],
  ['a hook that takes itself away', 'function hook.rcpt() hook.rcpt = nil end', called],
])('with %s', async (_, policy, all) => {
  for (const isTraced of [true, false]) {
    const { hooks, told } = await open(policy, isTraced);
    const answer = await hooks.call('rcpt', ['a@b']);
    if (policy !== 'hook = nil') expect(answer).toEqual(silent);
    const wanted = isTraced ? all : all.filter((line) => line.startsWith('rcpt:'));
    expect(told.map((line) => line.replace(/^(rcpt ends: )(?!nothing).*/, '$1hook is no table'))).toEqual(
      wanted,
    );
    hooks.close();
  }
});
