// Workers with listening sockets of their own (option workers-reuse-port): refused where Node.js cannot open them; where it can, clients are shared out
// and none is lost when the policy is read again, a worker is replaced or one is killed. SMTPE_TEST_NODE names a node of version 23.1 or later for the
// second when the one that runs this is older.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNew = major > 23 || (major === 23 && minor >= 1);
const node = isNew ? process.execPath : process.env.SMTPE_TEST_NODE;

const services: ServiceUnderTrial[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.remove();
});

// Many starts of processes one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

async function start(settings: ServiceSettings = {}): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start({
    ...(node !== undefined && { node }),
    ...settings,
    options: ['workers=2', '+workers-reuse-port', 'verbose=+smtp', ...(settings.options ?? [])],
  });
  services.push(service);
  return service;
}

async function banner(port: number): Promise<string> {
  const client = await SmtpClient.connect(port);
  const reply = await client.reply();
  client.destroy();
  return reply.slice(0, 3);
}

const all = (count: number, one: () => Promise<string>): Promise<readonly string[]> =>
  Promise.all(Array.from({ length: count }, one));

it.skipIf(isNew)(
  'a Node.js that has no such sockets is refused at the start, with what would be right',
  async () => {
    const service = await start({ node: process.execPath });
    const { code, stderr } = await service.program.ended;
    expect(stderr).toMatch(
      /command line: \+workers-reuse-port needs Node\.js 23\.1 or later, and this is [\d.]+; start smtpe with that, or remove it/,
    );
    expect(code).toBe(64);
  },
);

describe.skipIf(node === undefined)('each worker has a queue of its own', () => {
  /** Processes that have said something to a client. */
  const busy = ({ program }: ServiceUnderTrial): readonly string[] => [
    ...new Set([...program.stderr.matchAll(/smtpe\[(\d+)\][^\n]*220 /g)].map(([, pid]) => pid ?? '')),
  ];

  it('and clients are shared out among them', async () => {
    const service = await start();
    const port = await service.ready(2);
    expect(new Set(await all(40, () => banner(port)))).toEqual(new Set(['220']));
    await service.said(/220 /, 40);
    const workers = (await service.workers()).map(String);
    expect([...busy(service)].toSorted()).toEqual([...workers].toSorted());
  });

  it('and nobody is lost while the policy is read again and each worker is replaced', async () => {
    const service = await start();
    const port = await service.ready(2);
    let isOver = false;
    const heard: string[] = [];
    const watch = (async () => {
      while (!isOver) {
        heard.push(...(await all(4, () => banner(port))));
        await pause(50);
      }
    })();
    service.program.signal('SIGHUP');
    await service.said(/policy reloaded/, 2);
    const first = await service.workers();
    for (const [at, pid] of first.entries()) {
      process.kill(pid, 'SIGTERM');
      await service.said(/accepting connections/, 3 + at);
    }
    await vi.waitFor(async () => {
      const now = await service.workers();
      expect(now.filter((pid) => first.includes(pid))).toEqual([]);
    }, 20_000);
    isOver = true;
    await watch;
    expect(heard.length).toBeGreaterThan(20);
    expect(new Set(heard)).toEqual(new Set(['220']));
    expect((await service.program.stop()).code).toBe(0);
  });

  it('and those that wait for a worker that is killed are served by its successor', async () => {
    const service = await start();
    const port = await service.ready(2);
    const [worker = 0] = await service.workers();
    process.kill(worker, 'SIGSTOP');
    const clients = await Promise.all(Array.from({ length: 40 }, () => SmtpClient.connect(port)));
    const heard: string[] = [];
    const replies = clients.map(async (client) => {
      heard.push((await client.reply()).slice(0, 3));
      client.destroy();
    });
    // Those of the other one are served.
    await service.said(/220 /, 1);
    process.kill(worker, 'SIGKILL');
    await Promise.all(replies);
    expect(heard).toEqual(Array(40).fill('220'));
    const [successor] = (await service.workers()).slice(-1);
    expect(busy(service)).toContain(String(successor));
  });

  it('and a second service at the same port is refused all the same', async () => {
    const port = await (await start()).ready(2);
    const other = await start({ options: [`smtp-server-port=${port}`] });
    const { code, stderr } = await other.program.ended;
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: another program listens there`);
    expect(code).toBe(70);
  });
});
