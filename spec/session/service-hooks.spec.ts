// The service module inside hooks of real sessions: a filtered message on its way to the next hop, lines for the client, hooks that end or
// are cut off while services are at work.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { otherSockets, type ScriptedServer, startScripted } from '../../src/bench/ports/scripted-server.ts';
import { type FakeSpamd, spamdReply, startSpamd } from '../../src/bench/ports/spamd-server.ts';
import type { SmartHostDelivery } from '../../src/delivery/smart-host.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { headerModule } from '../../src/modules/header.ts';
import { createServiceModule } from '../../src/modules/service/service.ts';
import { createServices, type NetworkServices } from '../../src/service/services.ts';
import { TestEngine } from '../fakes/lua-engine.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';

const RECEIVED = 'Subject: hello\r\nX-A: 1\r\n\r\n.dot\r\nbody \xff\0line\r\n';
const FILTERED =
  'X-Spam-Status: Yes\r\nSubject: [SPAM] hello\r\nX-A: 1\r\n\r\n.dot\r\nbody \xff\0line\r\nmore\r\n';
const DELIVERED = { kind: 'delivered', host: 'hop', code: 250, text: '250 OK', rcpts: [] } as const;

let engine: TestEngine;
let services: NetworkServices;
let clock: FakeClock;
let directory: string;
const spools = new SpoolStore();
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
});
afterAll(() => rm(directory, { recursive: true }));

beforeEach(async () => {
  clock = new FakeClock();
  services = createServices({ clock, resolver: { addresses: async () => [] } });
  engine = await TestEngine.start({
    clock,
    modules: [
      headerModule,
      createServiceModule({ clock, services, spool: spools, nextId: () => '0'.repeat(18) }),
    ],
    files: { onPath: (path) => spools.find(path)?.onDiskSync() },
  });
});
afterEach(async () => {
  engine.engine.close();
  services.close();
  for (const clean of cleanups.splice(0)) await clean();
  expect(await readdir(directory)).toEqual([]);
  expect(spools.size).toBe(0);
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function spamd(...args: Parameters<typeof startSpamd>): Promise<FakeSpamd> {
  const server = await startSpamd(...args);
  cleanups.push(() => server.close());
  return server;
}

/** A server that takes everything and says nothing. */
async function silent(): Promise<ScriptedServer> {
  const server = await startScripted((connection) => connection.hold);
  cleanups.push(() => server.close());
  return server;
}

interface Played {
  readonly rig: SmtpRig;
  readonly reply: string;
  readonly forwarded: readonly string[];
}

/** One message through a session with this policy. */
async function play(source: string, memory = '262144'): Promise<Played> {
  const forwarded: string[] = [];
  const rig = await rigFor(source, memory, async ({ message }) => {
    if (message === undefined) throw new Error('nothing to forward');
    const pieces: Buffer[] = [];
    for await (const piece of message.read()) pieces.push(piece);
    forwarded.push(Buffer.concat(pieces).toString('latin1'));
    return DELIVERED;
  });
  const client = await rig.greeted();
  await client.openMessage();
  client.send(RECEIVED.replace(/^\./m, '..'), '.\r\n');
  const reply = await client.reply();
  await client.quit();
  return { rig, reply, forwarded };
}

async function rigFor(
  source: string,
  memory: string,
  smartHost: (delivery: SmartHostDelivery) => Promise<typeof DELIVERED>,
): Promise<SmtpRig> {
  const policy = await engine.load(source);
  return new SmtpRig({
    policy,
    clock,
    smartHost,
    options: { 'spool-dir': directory, 'spool-memory': memory, 'smtp-smart-host': 'hop' },
    deps: { spools, log: engine.log },
  });
}

const messages = () => engine.log.lines.map((line) => line.message).join('\n');

describe.each([
  ['in memory', '262144'],
  ['on disk', '0'],
])('a message %s', (_where, memory) => {
  it('is forwarded as spamd gave it back', async () => {
    const server = await spamd(() => spamdReply(true, 9, `Return-Path: <a@b.example>\r\n${FILTERED}`));
    const { reply, forwarded } = await play(
      `function hook.dot(path)
        header.add('X-Policy: before')
        assert(service.spamd(path, '${server.host}', 'PROCESS'))
        local r = service.wait(1).spamd
        assert(r.replaced and r.is_spam, r.error)
        assert(select(2, header.find('subject')) == '[SPAM] hello')
      end`,
      memory,
    );
    expect(reply).toMatch(/^250 /);
    expect(forwarded).toEqual([FILTERED]);
    expect(server.commands[0]?.message.toString('latin1')).toBe(
      'Return-Path: <a@b.example>\r\nSubject: hello\r\nX-A: 1\r\nX-Policy: before\r\n\r\n.dot\r\nbody \xff\0line\r\n',
    );
  });

  it('can be edited behind that', async () => {
    const server = await spamd(() => spamdReply(true, 9, FILTERED));
    const { forwarded } = await play(
      `function hook.dot(path)
        service.spamd(path, '${server.host}', 'PROCESS')
        assert(service.wait(1).spamd.replaced)
        header.modify('subject', 1, 'changed')
        header.add('X-After: 1')
      end`,
      memory,
    );
    expect(forwarded).toEqual([
      'X-Spam-Status: Yes\r\nsubject: changed\r\nX-A: 1\r\nX-After: 1\r\n\r\n.dot\r\nbody \xff\0line\r\nmore\r\n',
    ]);
  });

  it('is forwarded as it was received when spamd fails, or nobody waits', async () => {
    const server = await spamd(() => spamdReply(true, 9, FILTERED).subarray(0, -1));
    const failed = await play(
      `function hook.dot(path)
        service.spamd(path, '${server.host}', 'PROCESS')
        assert(service.wait(1).spamd.error)
      end`,
      memory,
    );
    expect(failed.forwarded).toEqual([RECEIVED]);
    const good = await spamd(() => spamdReply(true, 9, FILTERED));
    const notAwaited = await play(
      `function hook.dot(path) assert(service.spamd(path, '${good.host}', 'PROCESS')) end`,
      memory,
    );
    expect(notAwaited.forwarded).toEqual([RECEIVED]);
  });

  it('cannot be replaced in other hooks', async () => {
    const server = await spamd(() => spamdReply(true, 9, FILTERED));
    const { forwarded, reply } = await play(
      `local function try(path)
        service.spamd(path, '${server.host}', 'PROCESS')
        local r = service.wait(1).spamd
        assert(r.is_spam and not r.replaced and r.error, 'replaced')
      end
      function hook.eoh() try(client.msg_file) end
      function hook.forward(path) try(path) end`,
      memory,
    );
    expect(reply).toMatch(/^250 /);
    expect(forwarded).toEqual([RECEIVED]);
    expect(messages()).toContain('a message can be replaced only while hook.dot runs');
  });
});

describe('service.client.write', () => {
  it('is in order with the replies, waited for or not', async () => {
    const rig = await rigFor(
      `function hook.help()
        assert(service.client.write('214-one\\r\\n', 5))
        service.wait(0)
        assert(service.client.write('214-two\\r\\n', 5))
        assert(next(service.wait(1)) == nil)
        assert(service.client.write('214-three\\r\\n'))
        return '214 end'
      end`,
      '0',
      async () => DELIVERED,
    );
    const client = await rig.greeted();
    expect(await client.command('HELP')).toBe('214-one\r\n214-two\r\n214-three\r\n214 end\r\n');
    await client.quit();
  });
});

describe('services that nobody waits for', () => {
  it('are given up when the hook ends', async () => {
    const server = await silent();
    const before = otherSockets(server);
    const { reply } = await play(`function hook.dot(path) assert(service.clamd(path, '${server.host}')) end`);
    expect(reply).toMatch(/^250 /);
    await settle();
    expect(server.connections).toHaveLength(1);
    expect(otherSockets(server)).toBe(before);
  });

  it('are given up when the client leaves, and the message with them', async () => {
    const server = await silent();
    const before = otherSockets(server);
    const rig = await rigFor(
      `function hook.dot(path) service.clamd(path, '${server.host}') service.wait(1) end`,
      '0',
      async () => DELIVERED,
    );
    const client = await rig.greeted();
    await client.openMessage();
    client.send(RECEIVED, '.\r\n');
    while (server.connections.length === 0) await settle();
    client.reset();
    await client.over;
    await settle();
    expect(otherSockets(server)).toBe(before);
    expect(rig.delivered).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('are named with host and time when the hook is cut off', async () => {
    const server = await silent();
    const rig = await rigFor(
      `function hook.dot(path)
        assert(service.clamd(path, 'localhost:${server.port}', 1000))
        assert(service.spamd(path, '${server.host}', 'CHECK', nil, 1000))
        service.wait(1)
      end`,
      '0',
      async () => DELIVERED,
    );
    const client = await rig.greeted();
    await client.openMessage();
    client.send(RECEIVED, '.\r\n');
    while (server.connections.length < 2) await settle();
    await settle();
    clock.advance(300_000);
    expect(await client.reply()).toMatch(/^421 /);
    await client.quit();
    expect(messages()).toContain(
      `service.wait (2 pending: clamd localhost:${server.port} 300.0 s, spamd ${server.host} 300.0 s)`,
    );
    expect(rig.delivered).toEqual([]);
  });
});
