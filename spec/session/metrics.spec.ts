// What is counted of sessions: the events that they tell, added up by the rules of the metrics table.
import { expect, it } from 'vitest';
import { MetricCells } from '../../src/observe/metric/cells.ts';
import { causeClass, countEvents, refusalOf, verbOf } from '../../src/observe/metric/count-events.ts';
import { MetricLayout, metricSets } from '../../src/observe/metric/layout.ts';
import type { MetricName } from '../../src/observe/metric/metric-table.ts';
import { hookNames } from '../../src/policy/hook-table.ts';
import { errorTable } from '../../src/smtp/server/reply-table.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../fakes/smtp-rig.ts';

const layout = new MetricLayout(
  metricSets({ hooks: hookNames, listeners: ['default'], stores: ['store'], files: [], workers: 1 }),
);

class CountedRig extends SmtpRig {
  readonly cells = new MetricCells(layout);
  readonly stop: () => void;

  constructor(settings: RigSettings = {}) {
    super(settings);
    this.stop = countEvents(this.deps.log.bus, this.cells);
  }

  value(name: MetricName, ...labels: readonly string[]): number | undefined {
    return this.cells.values[layout.family(name).at(...labels)];
  }

  /** The number of what a histogram has seen. */
  seen(name: MetricName, ...labels: readonly string[]): number {
    const family = layout.family(name);
    const at = family.at(...labels);
    return this.cells.values.subarray(at, at + family.width - 1).reduce((sum, one) => sum + one, 0);
  }
}

it('a session with a message: connection, commands, replies, recipients, message, hooks, end', async () => {
  const rig = new CountedRig({
    options: { 'smtp-default-at-dot': '250' },
    hooks: {
      rcpt: (_, address) => (String(address).startsWith('no') ? '550 5.7.1 no' : undefined),
      mail: async () => undefined,
    },
  });
  const client = await rig.greeted();
  await client.commands(
    'EHLO c.example',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<no@d.example>',
    'RCPT TO:<c@d.example>',
    'DATA',
  );
  client.send('Subject: x\r\n\r\nx\r\n.\r\n');
  await client.reply();
  await client.commands('FOO', 'AUTH PLAIN secret');
  await client.quit();
  expect(rig.value('smtpe_connections_total', 'default', 'accepted')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'RCPT', '2')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'RCPT', '5')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'DATA', '3')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'DATA', '2')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'unknown', '5')).toBe(1);
  expect(rig.value('smtpe_commands_total', 'QUIT', '2')).toBe(1);
  expect(rig.value('smtpe_replies_total', '220', 'default')).toBe(1);
  expect(rig.value('smtpe_replies_total', '550', 'hook')).toBe(1);
  expect(rig.value('smtpe_replies_total', '502', 'default')).toBe(2);
  expect(rig.value('smtpe_recipients_total', 'accepted')).toBe(1);
  expect(rig.value('smtpe_recipients_total', 'refused')).toBe(1);
  expect(rig.value('smtpe_messages_total', 'discarded')).toBe(1);
  expect(rig.value('smtpe_transactions_total', 'discarded')).toBe(1);
  expect(rig.seen('smtpe_message_bytes')).toBe(1);
  expect(rig.value('smtpe_hook_results_total', 'rcpt', 'reply5')).toBe(1);
  expect(rig.value('smtpe_hook_results_total', 'rcpt', 'none')).toBe(1);
  expect(rig.value('smtpe_hook_results_total', 'mail', 'none')).toBe(1);
  expect(rig.seen('smtpe_hook_seconds', 'rcpt')).toBe(2);
  expect(rig.seen('smtpe_hook_seconds', 'mail')).toBe(1);
  expect(rig.seen('smtpe_hook_cpu_seconds', 'rcpt')).toBe(2);
  expect(rig.seen('smtpe_hook_cpu_seconds', 'mail')).toBe(1);
  expect(rig.value('smtpe_session_end_total', 'quit')).toBe(1);
  expect(rig.seen('smtpe_session_seconds')).toBe(1);
});

it('a transaction that ends before its content is counted as one, by what was said', async () => {
  const rig = new CountedRig({ hooks: { rcpt: () => '550 5.7.1 no' } });
  const client = await rig.greeted();
  await client.commands('EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RSET');
  await client.quit();
  expect(rig.value('smtpe_transactions_total', 'refused')).toBe(1);
  expect(rig.value('smtpe_messages_total', 'refused')).toBe(0);
});

it('hooks that fail, drop and are cut off have a word each', async () => {
  const outcomes = {
    error: () => {
      throw new Error('x');
    },
    cpu_limit: () => ({ kind: 'limit', limit: 'cpu', message: 'x' }) as const,
    time_limit: () => ({ kind: 'limit', limit: 'wall-clock', message: 'x' }) as const,
    memory: () => ({ kind: 'limit', limit: 'memory', message: 'x' }) as const,
    drop: () => [true, '550 5.7.1 no'] as const,
    reply4: () => '450 4.7.1 later',
  };
  for (const [word, noop] of Object.entries(outcomes)) {
    const rig = new CountedRig({ hooks: { noop } });
    const client = await rig.greeted();
    await client.command('NOOP');
    client.stream.end();
    await client.over;
    expect(rig.value('smtpe_hook_results_total', 'noop', word), word).toBe(1);
  }
});

it('how sessions end: lost in a message, dropped, at the end of the server', async () => {
  const rig = new CountedRig({ hooks: { noop: () => [true, '550 5.7.1 no'] } });
  const lost = await rig.greeted();
  await lost.openMessage();
  lost.reset();
  await lost.over;
  const dropped = await rig.greeted();
  await dropped.command('NOOP');
  dropped.stream.end();
  await dropped.over;
  const left = await rig.greeted();
  const closing = rig.server.close(1);
  await left.rest();
  left.stream.end();
  await closing;
  expect(rig.value('smtpe_messages_total', 'lost')).toBe(1);
  for (const reason of ['lost', 'dropped', 'shutdown'])
    expect(rig.value('smtpe_session_end_total', reason), reason).toBe(1);
});

it('no name of a stranger makes a series, and nobody counts when told to stop', async () => {
  const rig = new CountedRig();
  const client = await rig.greeted();
  const before = rig.cells.values.length;
  for (let i = 0; i < 200; i++) await client.command(i % 2 === 0 ? `HELO name${i}.example` : `X${i}`);
  expect(rig.value('smtpe_commands_total', 'HELO', '2')).toBeGreaterThan(0);
  expect(rig.cells.values.length).toBe(before);
  rig.stop();
  const counted = [...rig.cells.values];
  await client.command('NOOP');
  expect([...rig.cells.values]).toEqual(counted);
  expect(rig.deps.log.wants('command-answered')).toBe(false);
  expect(rig.deps.log.wants('hook-called')).toBe(false);
});

it('causes of replies: every error of the table is the engine or a limit, and its limits name an option', () => {
  const named = Object.entries(errorTable).map(([name]) => [name, causeClass(name)] as const);
  expect(new Set(named.map(([, word]) => word))).toEqual(new Set(['engine', 'limit']));
  for (const [name, word] of named) {
    if (/^limit-/.test(errorTable[name as keyof typeof errorTable].when)) {
      // A line is a matter of syntax, the others of amount.
      expect(word, name).toBe(name === 'lineTooLong' ? 'engine' : 'limit');
    }
  }
  expect(causeClass('default')).toBe('default');
  expect(causeClass('hook.rcpt')).toBe('hook');
  expect(causeClass('192.0.2.1:25 took it for 1 of 1 recipients: 250 OK')).toBe('forward');
  expect(causeClass('smtp-default-at-dot=451: nobody took the message')).toBe('default');
  expect(causeClass('__proto__')).toBe('forward');
});

it.each<
  readonly [
    what: string,
    settings: RigSettings,
    work: (client: RigClient, rig: SmtpRig) => Promise<unknown>,
    result: string,
  ]
>([
  ['the banner', {}, (client) => client.reply(), 'accepted'],
  [
    'a banner of the policy',
    { hooks: { accept: () => '220 hello' } },
    (client) => client.reply(),
    'accepted',
  ],
  ['a refusal', { hooks: { accept: () => '554 5.7.1 no' } }, (client) => client.reply(), 'refused_policy'],
  ['one for now', { hooks: { accept: () => '421 4.7.0 no' } }, (client) => client.reply(), 'refused_policy'],
  [
    'dropped',
    { hooks: { accept: () => ({ kind: 'returned', reply: undefined, drop: true, values: [] }) } },
    (client) => client.rest(),
    'refused_policy',
  ],
  ['a result that is none', { hooks: { accept: () => '9' } }, (client) => client.rest(), 'other'],
  ['too many', { options: { 'rate-client': '1' } }, (client) => client.rest(), 'refused_rate'],
  [
    'gone before',
    { hooks: { accept: () => new Promise(() => undefined) } },
    async (client) => client.reset(),
    'lost',
  ],
  [
    'ended by order',
    { hooks: { accept: () => new Promise(() => undefined) } },
    async (_, { server }) => {
      for (const session of server.all) session.close();
    },
    'other',
  ],
])('a connection is counted once, by what becomes of it: %s', async (_, settings, work, result) => {
  const rig = new CountedRig(settings);
  if (result === 'refused_rate') await (await rig.greeted()).quit();
  const all = ['accepted', 'refused_policy', 'refused_rate', 'refused_limit', 'proxy_error', 'lost', 'other'];
  const counts = () => all.map((name) => rig.value('smtpe_connections_total', 'default', name) ?? 0);
  const before = counts();
  const client = rig.connect();
  await work(client, rig);
  client.stream.end();
  await client.over;
  expect(counts().map((count, i) => count - (before[i] ?? 0))).toEqual(
    all.map((name) => (name === result ? 1 : 0)),
  );
});

it('another client by XCLIENT is no other connection', async () => {
  let calls = 0;
  const rig = new CountedRig({
    options: { 'smtp-xclient-hosts': '127.0.0.1' },
    hooks: { accept: () => (++calls > 1 ? '554 5.7.1 no' : undefined) },
  });
  const client = rig.connect('127.0.0.1');
  await client.reply();
  await client.command('EHLO x');
  expect(await client.command('XCLIENT ADDR=192.0.2.9')).toMatch(/^554/);
  await client.quit();
  expect(rig.value('smtpe_connections_total', 'default', 'accepted')).toBe(1);
  expect(rig.value('smtpe_connections_total', 'default', 'refused_policy')).toBe(0);
});

it('what becomes of connections and what is a verb', () => {
  expect(
    ['connections', 'descriptors', 'serverRate', 'proxyHeader', 'proxy: x', 'tls: x', 'constructor'].map(
      refusalOf,
    ),
  ).toEqual([
    ...['refused_limit', 'refused_limit', 'refused_rate', 'proxy_error', 'proxy_error', 'tls_error', 'other'],
  ]);
  expect(
    ['mail FROM:<a@b>', 'RCPT\tTO:', 'constructor', '', 'EHLO', 'MAIL:', 'AUTH ...'].map(verbOf),
  ).toEqual([...['MAIL', 'RCPT', 'unknown', 'unknown', 'EHLO', 'MAIL', 'AUTH']]);
});
