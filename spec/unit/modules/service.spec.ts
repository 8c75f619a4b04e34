import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startClamd } from '../../../src/bench/ports/clamd-server.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { httpReply, startHttp } from '../../../src/bench/ports/http-server.ts';
import {
  closedPort,
  otherSockets,
  type ScriptedServer,
  startScripted,
} from '../../../src/bench/ports/scripted-server.ts';
import { spamdReply, startSpamd } from '../../../src/bench/ports/spamd-server.ts';
import type { Suspension } from '../../../src/lua-api/function-spec.ts';
import { SpoolStore } from '../../../src/message/spool.ts';
import { createServiceModule } from '../../../src/modules/service/service.ts';
import { createServices } from '../../../src/service/services.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Rig, serviceRig, toPlain } from '../../fakes/service-rig.ts';
import { readVectors } from '../../fakes/vectors.ts';

const MESSAGE = 'Subject: hello\r\n\r\nbody\r\n';
const OPTIONS = { 'http-allow-reserved': '127.0.0.0/8' };

let clock: FakeClock;
let message: MessageSession;
let rig: Rig;
const servers: { readonly server: ScriptedServer; close(): Promise<void> }[] = [];

function keep<T extends { readonly server: ScriptedServer; close(): Promise<void> }>(server: T): T {
  servers.push(server);
  return server;
}

/** A promise and the function that settles it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

function suspended(outcome: ReturnType<Rig['start']>): Suspension {
  if (!('kind' in outcome)) throw new Error('it did not suspend');
  return outcome;
}

beforeEach(async () => {
  clock = new FakeClock();
  message = await messageSession(MESSAGE);
  rig = serviceRig({ clock, message, options: OPTIONS });
});

afterEach(async () => {
  rig.close();
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
  expect(clock.pending).toBe(0);
  await message.dispose();
});

describe('service.wait', () => {
  it('gives an empty table at once when nothing was started', () => {
    expect(rig.start('wait', 1)).toEqual([{}]);
    expect(rig.start('wait', 0)).toEqual([{}]);
    expect(rig.start('wait')).toEqual([{}]);
    expect(rig.start('wait', true)).toEqual([{}]);
  });

  it('waits for three services together: as long as the slowest takes', async () => {
    const answer = gate();
    const asked = [gate(), gate(), gate()];
    const reply = async (which: number, text: string | Buffer) => {
      asked[which]?.open();
      await answer.opened;
      return text;
    };
    const clamd = keep(await startClamd(() => reply(0, '/x: OK\n')));
    const spamd = keep(await startSpamd(() => reply(1, spamdReply(false, 1, ''))));
    const http = keep(await startHttp(() => reply(2, httpReply(200, 'OK', [], 'hi'))));
    expect(await rig.call('clamd', message.spool.path, clamd.host)).toBe(true);
    expect(await rig.call('spamd', message.spool.path, spamd.host)).toBe(true);
    expect(await rig.call('http.request', `${http.origin}/`, 'GET')).toBe(true);
    const waiting = suspended(rig.start('wait', 1));
    // All three are at work before the first has answered.
    await Promise.all(asked.map((each) => each.opened));
    clock.advance(100);
    expect(waiting.describe()).toBe(
      `service.wait (3 pending: clamd ${clamd.host} 0.1 s, spamd ${spamd.host} 0.1 s, http 127.0.0.1 0.1 s)`,
    );
    answer.open();
    const result = toPlain((await waiting.done)[0]);
    expect(result.clamd).toMatchObject({ is_infected: false, elapsed_time: 0.1 });
    expect(result.spamd).toMatchObject({ is_spam: false, elapsed_time: 0.1 });
    expect(result.http?.entries).toMatchObject([{ rcode: 200, elapsed_time: 0.1 }]);
    expect(await rig.wait()).toEqual({});
  });

  it('wait(0) returns with the first, and gives each result once', async () => {
    const [slow, slower] = [gate(), gate()];
    const one = keep(await startClamd(() => '/x: OK\n'));
    const two = keep(await startSpamd(() => slow.opened.then(() => spamdReply(true, 9, ''))));
    const three = keep(await startHttp(() => slower.opened.then(() => httpReply(200, 'OK', []))));
    await rig.call('clamd', message.spool.path, one.host);
    await rig.call('spamd', message.spool.path, two.host);
    await rig.call('http.request', `${three.origin}/`);
    expect(Object.keys(await rig.wait(0))).toEqual(['clamd']);
    const second = rig.wait(false);
    slow.open();
    expect(Object.keys(await second)).toEqual(['spamd']);
    const last = rig.wait(1);
    slower.open();
    expect(Object.keys(await last)).toEqual(['http']);
    expect(rig.start('wait', 0)).toEqual([{}]);
  });

  it('gives all of a kind; the fields are those of the last that did not fail', async () => {
    const [first, second] = [gate(), gate()];
    const one = keep(await startClamd(() => first.opened.then(() => 'stream: Eicar FOUND\n')));
    const two = keep(await startClamd(() => second.opened.then(() => 'x ERROR\n')));
    const logged = async (count: number) => {
      while (rig.log.lines.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await rig.call('clamd', message.spool.path, `localhost:${one.server.port}`);
    await rig.call('clamd', message.spool.path, `localhost:${two.server.port}`);
    expect(await rig.call('clamd', message.spool.path, `127.0.0.1:${await closedPort()}`)).toBe(false);
    first.open();
    await logged(2);
    second.open();
    const { clamd } = await rig.wait();
    expect(clamd?.entries.map((entry) => entry.is_infected ?? entry.error)).toEqual([
      expect.stringContaining('connection refused'),
      true,
      'clamd said: x ERROR',
    ]);
    expect(clamd).toMatchObject({
      is_infected: true,
      signature: 'Eicar',
      service_host: `localhost:${one.server.port}`,
    });
    expect(clamd).not.toHaveProperty('error');
  });

  it('with failures only, the fields are those of the last failure', async () => {
    expect(await rig.call('clamd', message.spool.path, 'a b:c:d')).toBe(false);
    expect(await rig.call('clamd', '', '127.0.0.1')).toBe(false);
    const { clamd } = await rig.wait();
    expect(clamd?.entries).toHaveLength(2);
    expect(clamd?.error).toContain('the file name is empty');
  });
});

describe('starting', () => {
  it('suspends until a connection is made, and says what it waits for', async () => {
    const server = keep(await startClamd(() => '/x: OK\n'));
    const start = suspended(rig.start('clamd', message.spool.path, server.host));
    clock.advance(1200);
    expect(start.describe()).toBe(`service.clamd (connecting: ${server.host} 1.2 s)`);
    expect(await start.done).toEqual([true]);
    await rig.wait();
  });

  it('can be cut off while it connects', async () => {
    const rejecting = serviceRig({ clock, message, names: {} });
    const start = suspended(rejecting.start('clamd', message.spool.path, 'never.example'));
    start.cancel();
    expect(await start.done).toEqual([false]);
    expect(rejecting.start('wait', 1)).toEqual([{}]);
    expect(rejecting.log.lines).toEqual([]);
  });

  it('ends the hook when too many are started and not fetched', async () => {
    rig.set('hook-max-pending', '3');
    for (let i = 0; i < 3; i++) await rig.call('http.request', 'not a url');
    const text = 'more than 3 operations pending; the next would be';
    expect(() => rig.start('http.request', 'not a url')).toThrow(`${text} http`);
    expect(() => rig.start('clamd', message.spool.path, '127.0.0.1')).toThrow(`${text} clamd 127.0.0.1`);
    expect(() => rig.start('client.write', '250 ok\r\n')).toThrow(`${text} client`);
    expect((await rig.wait()).http?.entries).toHaveLength(3);
    expect(await rig.call('http.request', 'not a url')).toBe(false);
  });
});

describe('giving up', () => {
  async function three(): Promise<ScriptedServer> {
    const scripted = await startScripted((connection) => connection.hold);
    keep({ server: scripted, close: () => scripted.close() });
    expect(await rig.call('clamd', message.spool.path, scripted.host)).toBe(true);
    expect(await rig.call('spamd', message.spool.path, scripted.host)).toBe(true);
    expect(await rig.call('http.request', `http://${scripted.host}/`)).toBe(true);
    return scripted;
  }

  it.each<[string, () => void]>([
    ['service.reset', () => void rig.start('reset')],
    ['the end of the hook', () => rig.endOfHook()],
    ['the end of the connection', () => rig.close()],
    ['the hook being cut off in service.wait', () => suspended(rig.start('wait', 1)).cancel()],
  ])('%s closes everything and leaves no result', async (_what, give) => {
    const before = otherSockets();
    const server = await three();
    give();
    for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(otherSockets(server)).toBe(before);
    expect(clock.pending).toBe(0);
    expect(rig.start('wait', 1)).toEqual([{}]);
    expect(rig.log.lines).toEqual([]);
  });
});

describe('service.client.write', () => {
  it('sends at once and in order, with the time-out in seconds', async () => {
    expect(rig.start('client.write', '250-one\r\n', 5)).toEqual([true]);
    expect(rig.start('client.write', '250-t\xe9o\0\r\n', 0.5)).toEqual([true]);
    expect(rig.start('client.write', '250-three\r\n')).toEqual([true]);
    expect(message.written).toEqual([
      { text: '250-one\r\n', timeoutMs: 5000 },
      { text: '250-t\xe9o\0\r\n', timeoutMs: 500 },
      { text: '250-three\r\n', timeoutMs: 300_000 },
    ]);
    expect(await rig.wait()).toEqual({});
  });

  it('makes service.wait wait until it is on its way', async () => {
    const sent = gate();
    message.writeOutcome = sent.opened.then(() => ({ kind: 'written' }));
    rig.start('client.write', '250-one\r\n', 5);
    const waiting = suspended(rig.start('wait', 0));
    expect(waiting.describe()).toBe('service.wait (1 pending: client ABCDEF123450000100 0.0 s)');
    sent.open();
    expect(await waiting.done).toEqual([{}]);
  });

  it.each([
    [{ kind: 'timeout' } as const, 'the client took nothing for 5 s'],
    [{ kind: 'closed' } as const, 'the client has closed the connection'],
  ])('gives a result when it failed: %j', async (outcome, error) => {
    message.writeOutcome = outcome;
    rig.start('client.write', '250-one\r\n', 5);
    expect((await rig.wait()).client).toMatchObject({ error, service_name: 'client', entries: [{ error }] });
  });

  it('raises an error without a client, without text, and for a time-out of nothing', () => {
    expect(() => serviceRig({ clock }).start('client.write', 'x')).toThrow(
      'service.client.write: there is no client here',
    );
    expect(() => rig.start('client.write')).toThrow(
      "bad argument #1 to 'service.client.write' (string expected, got no value)",
    );
    expect(() => rig.start('client.write', 'x', 0)).toThrow('a timeout must be more than 0 seconds, got 0');
  });
});

describe('the module table', () => {
  const module = createServiceModule({
    clock: new FakeClock(),
    services: createServices({ clock: new FakeClock(), resolver: { addresses: async () => [] } }),
    spool: new SpoolStore(),
    nextId: () => '',
  });

  it('has what the API text names, and rspamd', () => {
    const names = [
      ...module.functions.map((each) => each.name),
      ...module.modules.flatMap((inner) => inner.functions.map((each) => `${inner.name}.${each.name}`)),
    ];
    expect(names.sort()).toEqual([
      'clamd',
      'client.write',
      'http.request',
      'reset',
      'rspamd',
      'spamd',
      'wait',
    ]);
  });

  it('has the codes of the original, both ways', () => {
    const table = module.modules
      .find((inner) => inner.name === 'http')
      ?.tables.find((each) => each.name === 'code');
    expect(table?.reverse).toBe(true);
    const byName = new Map(table?.constants.map((each) => [each.name, each.value]));
    const byCode = new Map(table?.constants.map((each) => [each.value, each.name]));
    const cases = readVectors('constants').filter((each) =>
      String(each.args[0]).startsWith('service.http.code'),
    );
    expect(cases).toHaveLength(63);
    for (const { args, returns = [] } of cases) {
      const name = /\.code\.(\w+)$/.exec(String(args[0]))?.[1];
      const code = /\.code\[(\d+)\]$/.exec(String(args[0]))?.[1];
      expect(name === undefined ? byCode.get(Number(code)) : byName.get(name)).toBe(returns[0]);
    }
  });
});
