// The app over ports that others stand in for: whatever a policy does, nobody else is reached.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closedAccounts } from '../../src/accounts/place.ts';
import { type App, createApp } from '../../src/app.ts';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../src/bench/ports/resolver.ts';
import { Dicts } from '../../src/compat/dovecot/dict/dicts.ts';
import type { Delivery } from '../../src/delivery/port/delivery.ts';
import { realSystem } from '../../src/ops/system.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { CurrentPolicy } from '../../src/policy/current-policy.ts';
import type { Ports } from '../../src/ports.ts';
import type { ScriptEngine } from '../../src/script-engine.ts';

let directory: string;
let app: App;
let done: string[];

/** Ports that write down under `name` what they are asked for. */
function ports(name: string): Ports {
  const note = (text: string): void => void done.push(`${name}: ${text}`);
  const resolver = new FakeResolver();
  return {
    clock: new FakeClock(),
    random: () => 1,
    resolver: {
      query(question) {
        note(`A of ${question.name}`);
        return resolver.query(question);
      },
      reverse: () => resolver.reverse(),
      confirms: () => resolver.confirms(),
      addresses: (host) => resolver.addresses(host),
      close: () => note('resolver closed'),
    },
    mailer: {
      async deliver({ hosts }: Delivery) {
        note(`mail to ${hosts.join(' ')}`);
        return { kind: 'failed', host: 'x', stage: 'connect', code: 110, error: 'nobody', rcpts: [] };
      },
      open: () => Promise.reject(new Error('nobody opens a transaction here')),
      close: () => note('mailer closed'),
    },
    maildir: {
      store: () => Promise.reject(new Error('no maildir here')),
      look: () => Promise.reject(new Error('no maildir here')),
    },
    accounts: closedAccounts('no accounts here'),
    mailUsers: {
      user: () => {
        throw new Error('no mail here');
      },
    },
    services: {
      clamd: {
        async scan({ file }) {
          note(`clamd ${file.path}`);
          return { reply: undefined, infected: true, signature: 'Made.Up', error: undefined };
        },
      },
      rspamd: { check: () => Promise.reject(new Error('no rspamd here')) },
      spamd: { check: () => Promise.reject(new Error('not asked')) },
      http: { request: async () => ({ kind: 'failed', error: 'no web here' }) },
      tcp: { connect: async () => ({ kind: 'failed', error: 'nobody here' }) },
      close: () => note('services closed'),
    },
    dicts: new Dicts({
      ...{
        options: createOptions({}),
        resolver,
        clock: new FakeClock(),
        random: () => 1,
        log: new RecordLog(),
      },
      refuse: { connecting: 'no dict here', writing: 'no dict here' },
    }),
    stores: {
      has: () => true,
      open: () => ({ kind: 'refused', problem: 'no store here' }),
      close: async () => note('stores closed'),
    },
    authSources: [
      {
        name: 'users',
        isOn: () => true,
        async verify({ user }) {
          note(`password of ${user}`);
          return { kind: 'unknown' };
        },
        close: () => note('users closed'),
      },
    ],
    system: {
      ...realSystem,
      environment: { get: () => `${name} place`, all: () => ({}) },
      processes: {
        start(text) {
          note(`command ${text}`);
          return { kind: 'failed', text: 'not here', number: 1 };
        },
      },
    },
  };
}

const POLICY = `
function hook.noop()
  assert(not smtp.sendstring({ 'next.example' }, 'a@b.example', { 'c@d.example' }, 'text'))
  dns.open() dns.query('IN', 'A', 'name.example') dns.wait(true)
  service.clamd('/etc/hostname')
  local result = service.wait(1)
  os.execute('true')
  return '250 ' .. result.clamd.signature .. ' ' .. os.getenv('PLACE')
end`;

async function noop(into?: ScriptEngine): Promise<string | undefined> {
  const started = await CurrentPolicy.start(app.place(join(directory, 'policy.lua'), into));
  if (started.kind === 'failed') throw new Error(started.message);
  const opened = await started.current.policy.open({
    session: undefined as never,
    options: app.options,
    log: new RecordLog(),
  });
  if (opened.kind === 'failed') throw new Error('not opened');
  const outcome = await opened.instance.call('noop', []);
  opened.instance.close();
  return outcome.kind === 'returned' ? outcome.reply : JSON.stringify(outcome);
}

beforeEach(async () => {
  done = [];
  directory = await mkdtemp(join(tmpdir(), 'smtpe-app-'));
  await writeFile(join(directory, 'policy.lua'), POLICY);
  const options = createOptions({ 'host-name': 'mx.example' });
  app = await createApp({ options, log: new RecordLog(), onBroken() {} }, ports('one'));
});
afterEach(() => rm(directory, { recursive: true }));

it('reaches what it was given, and closes it', async () => {
  expect(await noop()).toBe('250 Made.Up one place');
  expect(done).toEqual([
    'one: mail to next.example',
    'one: A of name.example.',
    'one: clamd /etc/hostname',
    'one: command true',
  ]);
  done.length = 0;
  app.close();
  expect(done.sort()).toEqual(
    ['mailer', 'resolver', 'services', 'stores', 'users'].map((name) => `one: ${name} closed`),
  );
});

it('makes a second engine over other ports beside the first', async () => {
  const second = await app.createEngine(ports('two'), () => {});
  expect(await noop(second)).toBe('250 Made.Up two place');
  expect(done).toEqual([
    'two: mail to next.example',
    'two: A of name.example.',
    'two: clamd /etc/hostname',
    'two: command true',
  ]);
  expect(await noop()).toBe('250 Made.Up one place');
  second.engine.close();
  app.close();
  expect(done.filter((text) => text.startsWith('two') && text.endsWith('closed'))).toEqual([]);
});
