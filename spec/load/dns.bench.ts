// What the module dns costs, run by hand: `npx vitest bench --run --project load spec/load/dns.bench.ts`. Wanted (and shown as ratios): 200 sessions at
// once, each with 10 uncached look-ups at a server that takes 50 ms, take at most 1.5 times as long as one session; a cached look-up
// costs less than 5 µs.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, bench, describe } from 'vitest';
import type { Suspension } from '../../src/lua-api/function-spec.ts';
import { type DnsRig, dnsRig } from '../fakes/dns-rig.ts';

const child: ChildProcess = fork(join(import.meta.dirname, 'slow-name-server.mjs'), { execArgv: [] });
const [port] = (await once(child, 'message')) as [number];
const first = await dnsRig(`127.0.0.1:${port}`);
const sessions = Array.from({ length: 200 }, () => first.another());
afterAll(() => {
  for (const session of sessions) session.close();
  first.close();
  child.kill();
});

let serial = 0;

async function finished(dns: DnsRig): Promise<void> {
  const waiting = dns.start('wait', true);
  if ('kind' in waiting) await (waiting as Suspension).done;
}

/** Ten names, all asked before one dns.wait. */
async function together(dns: DnsRig): Promise<void> {
  dns.start('open');
  for (let i = 0; i < 10; i++) dns.start('query', 1, 1, `n${serial++}.example.test`);
  await finished(dns);
  dns.start('close');
}

/** Ten names, each waited for. */
async function inTurn(dns: DnsRig): Promise<void> {
  for (let i = 0; i < 10; i++) {
    dns.start('open');
    dns.start('query', 1, 1, `n${serial++}.example.test`);
    await finished(dns);
    dns.start('close');
  }
}

const few = { iterations: 10, time: 0, warmupIterations: 2, warmupTime: 0 };

describe('10 look-ups in one dns.wait', () => {
  bench('1 session', () => together(first), few);
  bench('200 sessions', async () => void (await Promise.all(sessions.map(together))), few);
});

describe('10 look-ups, one dns.wait for each', () => {
  bench('1 session', () => inTurn(first), few);
  bench('200 sessions', async () => void (await Promise.all(sessions.map(inTurn))), few);
});

describe('1,000 cached look-ups', () => {
  const question = { name: 'cached.example.test', type: 1, class: 1 };
  bench(
    'of the resolver',
    () => {
      for (let i = 0; i < 1000; i++) void first.resolver.query(question);
    },
    { setup: async () => void (await first.resolver.query(question)), time: 1000 },
  );
  bench(
    'by open, query, wait, close',
    () => {
      for (let i = 0; i < 1000; i++) {
        first.start('open');
        first.start('query', 1, 1, 'cached.example.test');
        first.start('wait', true);
        first.start('close');
      }
    },
    { setup: async () => void (await first.resolver.query(question)), time: 1000 },
  );
});
