// A store under the whole program: workers that share it, what is left when it is killed, what is looked at when it starts, and what is not there as
// long as no policy asks.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { Program } from '../fakes/program.ts';
import { entry, OK, startFakeRedis } from '../fakes/redis-server.ts';
import { type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

async function start(settings: ServiceSettings): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start(settings);
  closes.push(() => service.remove());
  return service;
}

/** Each HELO is counted; the reply has the sum and the process. */
const COUNT = `
local file = io.open('/proc/self/stat')
local pid = file:read('n')
file:close()
function hook.helo() return '250 ' .. tostring(store.incr('sum', 1, 600)) .. ' ' .. pid end
`;

/** Replies to HELO, `times` of each of so many clients at once. */
async function heloes(port: number, clients: number, times: number): Promise<readonly string[]> {
  const all = Array.from({ length: clients }, async () => {
    const client = await SmtpClient.connect(port);
    await client.reply();
    const replies: string[] = [];
    for (let i = 0; i < times; i++) replies.push((await client.command('HELO c')).trimEnd());
    client.destroy();
    return replies;
  });
  return (await Promise.all(all)).flat();
}
const sums = (replies: readonly string[]): readonly number[] =>
  replies.map((reply) => Number(/^250 (\d+) /.exec(reply)?.[1])).toSorted((a, b) => a - b);
const upTo = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Directories of stores in memory of a process. */
async function memoryOf(pid: number): Promise<readonly string[]> {
  const names = await readdir('/dev/shm').catch(() => []);
  return names.filter((name) => new RegExp(`^smtpe-store-.*-${pid}-`).test(name));
}

describe('two workers with one store', () => {
  it('count exactly over SMTP, go on when one is killed, and leave nothing behind', async () => {
    // Each worker runs hook.init, before it serves; one of them does it for all.
    const init = `function hook.init() if store.add('sum', '1000', 600) then assert(store.incr('sum') == 1001) end end`;
    const service = await start({ policy: COUNT + init, options: ['workers=2'] });
    const port = await service.ready(2);
    const replies = [...(await heloes(port, 16, 20))];
    // The system may give one of them everything for a while.
    const answering = (): number => new Set(replies.map((reply) => reply.split(' ')[2])).size;
    for (let i = 0; i < 200 && answering() < 2; i++) replies.push(...(await heloes(port, 4, 1)));
    expect(answering()).toBe(2);
    const sum = 1001 + replies.length;
    expect(sums(replies)).toEqual(upTo(1002, sum));
    expect(await memoryOf(service.pid)).toHaveLength(1);
    const [victim] = await service.workers();
    if (victim !== undefined) process.kill(victim, 'SIGKILL');
    await service.said(/accepting connections/, 3);
    expect(sums(await heloes(port, 8, 5))).toEqual(upTo(sum + 1, sum + 40));
    expect((await service.program.stop()).code).toBe(0);
    expect(await memoryOf(service.pid)).toEqual([]);
  });
});

it('two services share a directory: one is killed, the other goes on, and the first comes back to the same sums', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-store-service-'));
  closes.push(() => rm(directory, { recursive: true, force: true }));
  const settings = { policy: COUNT, options: [`store=lmdb:${join(directory, 'store')}`] };
  const first = await start(settings);
  const firstPort = await first.port();
  const second = await start(settings);
  const secondPort = await second.port();
  await second.said(/store is used by another smtpe too/);
  const both = await Promise.all([heloes(firstPort, 4, 10), heloes(secondPort, 4, 10)]);
  expect(sums(both.flat())).toEqual(upTo(1, 80));
  // In the middle of writing: who waits there hears nothing more.
  const cut = heloes(firstPort, 4, 1000);
  const going = heloes(secondPort, 4, 50);
  await heloes(firstPort, 1, 3);
  first.signalGroup('SIGKILL');
  await first.program.ended;
  const answered = [...(await going), ...(await cut)].filter((reply) => reply !== '');
  expect(new Set(sums(answered)).size).toBe(answered.length);
  const again = await start(settings);
  const [next] = sums(await heloes(await again.port(), 1, 1));
  const most = sums(answered).at(-1) ?? 0;
  expect(next).toBeGreaterThan(most);
  expect(sums(await heloes(secondPort, 1, 1))).toEqual([(next ?? 0) + 1]);
});

it('smtpe store looks into it and changes it while workers write, and nothing is lost', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-store-verb-'));
  closes.push(() => rm(directory, { recursive: true, force: true }));
  const url = `store=lmdb:${join(directory, 'store')}`;
  const service = await start({ policy: COUNT, options: ['workers=2', url] });
  const port = await service.ready(2);
  expect(sums(await heloes(port, 2, 1))).toEqual([1, 2]);
  const verb = async (...args: string[]): Promise<string> => {
    const main = join(import.meta.dirname, '../../dist/main.js');
    const { code, stderr, stdout } = await new Program(process.execPath, [main, 'store', url, ...args]).ended;
    expect([code, stderr], args.join(' ')).toEqual([0, '']);
    return stdout;
  };
  const verbs = Promise.all([
    verb('list'),
    verb('set', 'by-hand', 'yes', '600'),
    verb('backup', join(directory, 'copy')),
  ]);
  let isOver = false;
  void verbs.finally(() => {
    isOver = true;
  });
  const replies: string[] = [];
  while (!isOver) replies.push(...(await heloes(port, 4, 10)));
  const [list] = await verbs;
  expect(list).toContain('sum\n');
  expect(sums(replies)).toEqual(upTo(3, 2 + replies.length));
  const entries = (await verb('export'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries).toEqual([
    expect.objectContaining({ key: 'by-hand', value: 'yes' }),
    expect.objectContaining({ key: 'sum', value: String(2 + replies.length) }),
  ]);
  expect(await readdir(join(directory, 'copy'))).toContain('data.mdb');
});

/** Every start of a user removes what his processes have left: these are of one whom nobody else is. */
const ALONE = { owner: 54_322, as: { uid: 54_322, gid: 54_322 } };

it.runIf(process.getuid?.() === 0)(
  'what a killed service has left in memory goes at the next start; what another one has stays',
  async () => {
    const [killed, other] = await Promise.all([
      start({ policy: COUNT, ...ALONE }),
      start({ policy: COUNT, ...ALONE }),
    ]);
    const port = await other.port();
    await Promise.all([heloes(await killed.port(), 1, 1), heloes(port, 1, 3)]);
    killed.signalGroup('SIGKILL');
    await killed.program.ended;
    expect(await memoryOf(killed.pid)).toHaveLength(1);
    const next = await start({ policy: COUNT, ...ALONE });
    await next.said(/stores in memory of a process that died removed/);
    expect(sums(await heloes(await next.port(), 1, 1))).toEqual([1]);
    expect(await memoryOf(killed.pid)).toEqual([]);
    expect(sums(await heloes(port, 1, 1))).toEqual([4]);
    // Nobody else would remove what these have.
    for (const service of [next, other]) expect((await service.program.stop()).code).toBe(0);
  },
);

describe('the start', () => {
  it.each([
    [
      'a required Redis that is not there',
      ['+store-required'],
      /store=redis:\S+: it cannot be reached, and store-required wants it/,
    ],
    [
      'a directory that is none',
      ['store=lmdb:DIR/policy.lua'],
      /store=lmdb:\S+policy\.lua: \S+ is no directory/,
    ],
  ])('fails with %s, and says so', async (_, options, cause) => {
    const away = `store=redis://127.0.0.1:${await closedPort()}`;
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
    const service = await ServiceUnderTrial.start(
      { policy: COUNT, options: [away, ...options.map((option) => option.replace('DIR', directory))] },
      directory,
    );
    closes.push(() => service.remove());
    const { code, stderr } = await service.program.ended;
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(cause);
    expect(stderr).not.toMatch(/accepting connections/);
  });
});

describe('a store that nobody uses', () => {
  /** Packages that each process of a service had loaded. */
  async function loaded(directory: string): Promise<readonly string[]> {
    const texts = await Promise.all(
      (await readdir(directory)).map((name) => readFile(join(directory, name), 'latin1')),
    );
    return texts.flatMap((text) => text.split('\n')).filter((name) => /lmdb|redis/.test(name));
  }

  async function startSpied(
    settings: ServiceSettings,
  ): Promise<{ service: ServiceUnderTrial; spied: string }> {
    const spied = await mkdtemp(join(tmpdir(), 'smtpe-loaded-'));
    closes.push(() => rm(spied, { recursive: true, force: true }));
    const spy = join(import.meta.dirname, '../fakes/loaded-modules.cjs');
    const env = { NODE_OPTIONS: `--require ${spy}`, LOADED_MODULES: spied };
    return { service: await start({ ...settings, env }), spied };
  }

  it('is not opened, and neither LMDB nor ioredis is loaded; SIGHUP may begin to use it', async () => {
    const { service, spied } = await startSpied({
      policy: "-- store.get is not called\nfunction hook.helo() return '250 without' end",
      options: ['workers=2'],
    });
    const port = await service.ready(2);
    expect(new Set(await heloes(port, 8, 1))).toEqual(new Set(['250 without']));
    for (const pid of await service.workers()) {
      expect(await readFile(`/proc/${pid}/maps`, 'latin1')).not.toMatch(/lmdb|smtpe-store/);
    }
    expect(await memoryOf(service.pid)).toEqual([]);
    await service.policy(COUNT);
    service.program.signal('SIGHUP');
    await service.said(/policy reloaded/, 2);
    expect(sums(await heloes(port, 8, 5))).toEqual(upTo(1, 40));
    expect(await memoryOf(service.pid)).toHaveLength(1);
    expect((await service.program.stop()).code).toBe(0);
    expect(await memoryOf(service.pid)).toEqual([]);
    const packages = await loaded(spied);
    expect(packages).toContain('lmdb');
    expect(packages.filter((name) => /redis/.test(name))).toEqual([]);
  });

  it('on another machine is not connected to, nor is its client loaded; with one call both are', async () => {
    for (const uses of [false, true]) {
      const redis = await startFakeRedis(([name]) => (name === 'GET' ? entry('there') : OK));
      closes.push(() => redis.close());
      const { service, spied } = await startSpied({
        policy: `function hook.helo() return '250 ' .. ${uses ? "store.get('k')" : "'without'"} end`,
        options: [`store=redis://127.0.0.1:${redis.port}`],
      });
      expect(await heloes(await service.port(), 1, 1)).toEqual([uses ? '250 there' : '250 without']);
      expect(redis.server.connections).toHaveLength(uses ? 1 : 0);
      await service.program.stop();
      expect(await loaded(spied)).toEqual(uses ? expect.arrayContaining(['ioredis']) : []);
    }
  });

  it('and cannot be opened keeps a policy out that begins to use it', async () => {
    const service = await start({
      policy: "function hook.helo() return '250 old' end",
      options: ['store=lmdb:/proc/self/store'],
    });
    const port = await service.port();
    await service.policy(COUNT);
    service.program.signal('SIGHUP');
    await service.said(/policy not reloaded, the old one stays: store=lmdb:\/proc\/self\/store: /);
    expect(await heloes(port, 1, 1)).toEqual(['250 old']);
  });
});
