// What a process that serves tells the administration of its sessions, and what it does to them by order.
import { expect, it } from 'vitest';
import { ProcessDesk } from '../../src/admin/process-desk.ts';
import { Gate } from '../../src/net/gate.ts';
import { MetricCells } from '../../src/observe/metric/cells.ts';
import { Tracer } from '../../src/observe/trace/tracer.ts';
import type { DeskAnswer, DeskQuestion, SessionRow } from '../../src/ops/desk.ts';
import { adminLayout } from '../fakes/admin-rig.ts';
import { ListenerSite } from '../fakes/listener-site.ts';
import { type RigSettings, SmtpRig } from '../fakes/smtp-rig.ts';

const gateOf = () => new Gate();

function deskOf(rig: SmtpRig, gate = gateOf()): { desk: ProcessDesk; cells: MetricCells } {
  const cells = new MetricCells(adminLayout);
  const desk = new ProcessDesk({
    ...{ clock: rig.deps.clock, cells, gate },
    sessions: () => rig.server.all,
    tracer: new Tracer(rig.log.bus, rig.deps.clock, () => rig.server.all),
    collect: () => Promise.resolve(),
    problems: () => Promise.resolve([]),
    connections: () => 0,
    limit: () => 0,
    switchVerbose: () => undefined,
    policyMetrics: () => [],
  });
  return { desk, cells };
}

async function rowsOf(desk: ProcessDesk, filter: Partial<DeskQuestion> = {}): Promise<readonly SessionRow[]> {
  const answer = await desk.ask({ kind: 'sessions', most: 100, ...filter } as DeskQuestion);
  return answer.kind === 'sessions' ? answer.rows : [];
}

/** The state of the only session as it comes to wait for that. */
async function reaches(desk: ProcessDesk, state: string): Promise<SessionRow> {
  for (;;) {
    const [row] = await rowsOf(desk);
    if (row?.state === state) return row;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('each state of a session, and what it waits for', async () => {
  let letGo = (): void => undefined;
  const waits = () =>
    new Promise<undefined>((resolve) => {
      letGo = () => resolve(undefined);
    });
  const settings: RigSettings = { hooks: { accept: waits, mail: waits, forward: () => '250 2.0.0 mine' } };
  const rig = new SmtpRig(settings);
  const { desk } = deskOf(rig);
  const client = rig.connect('192.0.2.7');
  expect(await reaches(desk, 'hook')).toMatchObject({ client: '192.0.2.7', hook: 'accept', commands: 0 });
  letGo();
  await client.reply();
  expect(await reaches(desk, 'command')).toMatchObject({ listener: 'default', bytes: 0 });
  await client.command('EHLO c.example');
  client.send('MAIL FROM:<a@b.example>\r\n');
  const row = await reaches(desk, 'hook');
  expect(row).toMatchObject({ hook: 'mail', hello: 'c.example', commands: 2, bytes: 41 });
  expect(row.hook_seconds).toBeGreaterThanOrEqual(0);
  letGo();
  await client.reply();
  await client.command('RCPT TO:<c@d.example>');
  expect(await reaches(desk, 'transaction')).toMatchObject({ sender: 'a@b.example', recipients: 1 });
  await client.command('DATA');
  await reaches(desk, 'content');
  client.send('Subject: x\r\n\r\n.\r\n');
  await client.reply();
  expect(await reaches(desk, 'command')).toMatchObject({ messages: 1, id: expect.stringMatching(/./) });
  await client.quit();
  expect(await rowsOf(desk)).toEqual([]);
});

it('filters by network and state, counts all and shows no more than was asked for', async () => {
  const rig = new SmtpRig();
  const { cells, desk } = deskOf(rig);
  const clients = await Promise.all(
    ['192.0.2.1', '192.0.2.2', '198.51.100.1'].map((from) => rig.greeted(from)),
  );
  await clients[0]?.openMessage();
  expect(
    (await rowsOf(desk, { client: '192.0.2.0/24' } as Partial<DeskQuestion>)).map((row) => row.client),
  ).toEqual([...['192.0.2.1', '192.0.2.2']]);
  expect(
    (await rowsOf(desk, { state: 'content' } as Partial<DeskQuestion>)).map((row) => row.client),
  ).toEqual(['192.0.2.1']);
  const two = await desk.ask({ kind: 'sessions', most: 2 });
  expect(two).toMatchObject({ total: 3, rows: [{}, {}] });
  await desk.ask({ kind: 'metrics' });
  const value = (name: 'smtpe_sessions' | 'smtpe_sessions_by_state', label: string) =>
    cells.values[adminLayout.family(name).at(label)];
  expect([value('smtpe_sessions', 'default'), value('smtpe_sessions_by_state', 'content')]).toEqual([3, 1]);
  for (const client of clients.slice(1)) await client.quit();
  await desk.ask({ kind: 'metrics' });
  expect([value('smtpe_sessions', 'default'), value('smtpe_sessions_by_state', 'command')]).toEqual([1, 0]);
});

it('closes a session by order: at rest, in a hook that waits, and again', async () => {
  const rig = new SmtpRig({ hooks: { noop: () => new Promise(() => undefined) } });
  const { desk } = deskOf(rig);
  for (const line of ['RSET', 'NOOP']) {
    const client = await rig.greeted();
    client.send(`${line}\r\n`);
    const { id } = await reaches(desk, line === 'NOOP' ? 'hook' : 'command');
    const close = (): Promise<DeskAnswer> => desk.ask({ kind: 'close', id });
    expect(await close()).toEqual({ kind: 'closed', found: true });
    expect(await client.rest()).toContain('421 4.3.2 mx.example closing connection\r\n');
    client.stream.end();
    await client.over;
    expect(await close()).toEqual({ kind: 'closed', found: false });
  }
  expect(rig.said.filter((line) => line === 'session is closed by order')).toHaveLength(2);
});

it('drains: new connections get 421 4.3.2, a message under way is finished, and the gate opens again', async () => {
  const gate = gateOf();
  const site = new ListenerSite({
    deps: { gate },
    hooks: { forward: () => '250 2.0.0 mine' },
  });
  const { desk } = deskOf(site.rig, gate);
  const client = site.arrive('192.0.2.1');
  await client.reply();
  await client.openMessage();
  await desk.ask({ kind: 'drain', on: true });
  const refused = site.arrive('192.0.2.2');
  expect(await refused.rest()).toBe('421 4.3.2 not taking connections at the moment, try again later\r\n');
  client.send('Subject: x\r\n\r\n.\r\n');
  expect(await client.reply()).toBe('250 2.0.0 mine\r\n');
  await desk.ask({ kind: 'drain', on: false });
  expect(await site.arrive('192.0.2.2').reply()).toMatch(/^220 /);
});
