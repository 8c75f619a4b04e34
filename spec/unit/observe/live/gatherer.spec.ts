// What a process tells of each second: counts and transactions from events, names of causes from a closed set, and never more than a batch
// may have, whatever strangers do.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { causeName, LiveGatherer } from '../../../../src/observe/live/gatherer.ts';
import { LatencyCounts } from '../../../../src/observe/live/latency.ts';
import type { LiveBatch } from '../../../../src/observe/live/live-batch.ts';
import { mailEvent } from '../../../fakes/mail-event.ts';

const START = 1_700_000_000_000;

function gather() {
  const clock = new FakeClock(START + 300);
  const log = new RecordLog();
  const batches: LiveBatch[] = [];
  const gatherer = new LiveGatherer(log.bus, clock, (batch) => batches.push(batch));
  return { clock, log, batches, gatherer };
}

const refusal = (cause: string, reply = '550 5.7.1 no') => ({
  reply,
  cause,
  command: 'RCPT TO:<x>',
  client: '192.0.2.1',
});

describe('a second', () => {
  it('has connections, what became of transactions, who said no, and how long things took', () => {
    const { batches, clock, log } = gather();
    log.emit('link-connect', { client: '192.0.2.1', port: 1 });
    log.emit('link-connect', { client: '192.0.2.2', port: 1 });
    log.emit('link-greeted', { by: 'banner' });
    log.emit('link-greeted', { by: 'hook.accept' });
    log.emit('link-closed', {});
    log.emit('link-refused', {
      reply: '421 4.7.0 too many',
      cause: 'clientConnections',
      client: '192.0.2.3',
    });
    log.emit('link-lost', { cause: 'ECONNRESET' });
    log.emit('protocol-refusal', refusal('hook.rcpt'));
    log.emit('protocol-refusal', refusal('hook.rcpt'));
    log.emit('protocol-refusal', refusal('mx1:25: 451 later', '451 later'));
    log.emit('hook-called', { hook: 'rcpt', result: 'reply5', seconds: 0.01, processor: 0 });
    log.emit('next-hop-tried', { host: 'mx1:25', stage: 'dot', result: 'delivered', seconds: 0.2 });
    const session = log.child({ id: 'S1' });
    for (const result of ['accepted', 'discarded', 'refused', 'deferred', 'lost'])
      session.emit('mail', mailEvent({ result, message_id: '<m@x>' }));
    expect(batches).toEqual([]);
    clock.advance(700);
    const [batch] = batches;
    expect(batch?.second).toMatchObject({
      ...{ at: START / 1000, connections: 4, turned_away: 3, sessions: 1 },
      ...{ accepted: 2, refused: 1, deferred: 1, lost: 1, bytes: 500 },
      refused_by: { 'hook.rcpt': 2 },
      deferred_by: { clientConnections: 1, 'next hop': 1 },
    });
    expect(batch?.mails).toHaveLength(5);
    expect(batch?.mails[0]).toMatchObject({
      ...{ time: START + 300, session: 'S1', mail: { result: 'accepted', message_id: '<m@x>' } },
    });
    const hook = new LatencyCounts();
    hook.addSparse(batch?.second.hooks.rcpt ?? []);
    expect(hook.quantiles.count).toBe(1);
    expect(hook.quantiles.p50).toBeGreaterThan(0.0085);
    expect(hook.quantiles.p50).toBeLessThan(0.0118);
    expect(Object.keys(batch?.second.next_hops ?? {})).toEqual(['mx1:25']);
  });

  it('in which nothing happened is not told; the end tells what is left, and then nothing is heard any more', () => {
    const { batches, clock, gatherer, log } = gather();
    clock.advance(5000);
    expect(batches).toEqual([]);
    log.emit('link-connect', { client: '192.0.2.1', port: 1 });
    clock.advance(1000);
    clock.advance(3000);
    expect(batches.map(({ second }) => [second.at - START / 1000, second.sessions])).toEqual([[5, 1]]);
    log.emit('mail', mailEvent());
    gatherer.stop();
    expect(batches[1]).toMatchObject({ second: { at: START / 1000 + 9, accepted: 1 } });
    log.emit('mail', mailEvent());
    clock.advance(5000);
    expect(batches).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('is bounded: rows, characters, names', () => {
    const { batches, clock, log } = gather();
    for (let i = 0; i < 1500; i++) log.emit('mail', mailEvent({ transaction: `T${i}` }));
    for (let i = 0; i < 100; i++) {
      log.emit('next-hop-tried', { host: `mx${i}`, stage: 'dot', result: 'delivered', seconds: 1 });
      log.emit('protocol-refusal', refusal(`name${'x'.repeat(i)}`));
      log.emit('protocol-refusal', refusal(`a sentence ${i}`));
    }
    clock.advance(700);
    const [first] = batches;
    expect(first?.mails).toHaveLength(1000);
    expect(first?.left_out).toBe(500);
    expect(first?.mails[999]?.mail.transaction).toBe('T1499');
    expect(Object.keys(first?.second.next_hops ?? {})).toHaveLength(33);
    expect(Object.keys(first?.second.refused_by ?? {}).length).toBeLessThanOrEqual(33);
    const to = Array.from({ length: 100 }, (_, i) => ({
      to: `${'x'.repeat(40)}${i}@example.com`,
      status: 250,
    }));
    for (let i = 0; i < 1000; i++) log.emit('mail', mailEvent({ to }));
    clock.advance(1000);
    expect(JSON.stringify(batches[1]).length).toBeLessThan(1024 * 1024);
    expect((batches[1]?.mails.length ?? 0) + (batches[1]?.left_out ?? 0)).toBe(1000);
  });
});

it.each([
  ['hook.rcpt', 'hook.rcpt'],
  ['hook.reply, in place of 250: mx1', 'hook.reply'],
  ['clientRate', 'clientRate'],
  ['default', 'default'],
  ['proxy: not done within 5 s', 'proxy'],
  ['tls: no shared cipher', 'tls'],
  ['smtp-default-at-dot=451', 'smtp-default-at-dot'],
  ['mx1.example.net:25: 550 5.1.1 no such user', 'next hop'],
  ['x'.repeat(1000), 'next hop'],
])('the cause %j is called %j', (cause, name) => {
  expect(causeName(cause)).toBe(name);
});

it('quantiles of many times are right within an eighth, whoever adds them up', () => {
  const [one, two] = [new LatencyCounts(), new LatencyCounts()];
  for (let i = 1; i <= 1000; i++) (i % 2 === 0 ? one : two).observe(i / 1000);
  const sum = new LatencyCounts();
  sum.add(one);
  sum.addSparse(two.sparse);
  const { count, p50, p95, p99 } = sum.quantiles;
  expect(count).toBe(1000);
  for (const [value, right] of [
    [p50, 0.5],
    [p95, 0.95],
    [p99, 0.99],
  ] as const)
    expect(Math.abs(value / right - 1)).toBeLessThan(0.13);
  const odd = new LatencyCounts();
  for (const seconds of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 1e9]) odd.observe(seconds);
  expect(odd.quantiles.count).toBe(5);
  expect(new LatencyCounts().quantiles).toEqual({ count: 0, p50: 0, p95: 0, p99: 0 });
});
