// The resolver against scripted servers on loopback; its clock stands still unless a test moves it.
import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import {
  FakeDnsServer,
  faults,
  rcodeAction,
  recordsAction,
  type SeenQuery,
} from '../../../src/bench/ports/dns-server.ts';
import { nameOctets, recordOctets } from '../../../src/bench/ports/dns-zone.ts';
import { rcode } from '../../../src/dns/resolver-api.ts';
import { openSockets, socketsClosed } from '../../fakes/open-sockets.ts';
import { waitUntil } from '../../fakes/wait-until.ts';
import {
  A,
  AAAA,
  CNAME,
  MX,
  NS,
  type ResolverSettings,
  type TestResolver,
  TXT,
  testResolver,
  values,
} from './support.ts';

const zone = [
  'a.test A 300 192.0.2.1',
  'other.test A 300 192.0.2.2',
  'six.test AAAA 300 2001:db8::6',
  'both.test AAAA 300 2001:db8::9',
  'both.test A 300 192.0.2.9',
  'alias.test CNAME 60 a.test.',
  'dangling.test CNAME 60 gone.test.',
  'mx.test MX 300 20 b.test.',
  'mx.test MX 300 10 c.test.',
  'mx.test MX 300 20 a.test.',
  'soa.test SOA 3600 ns.soa.test. root.soa.test. 1 2 3 4 120',
  'long.test TXT 300 x',
  '1.2.0.192.in-addr.arpa PTR 300 Mail.Example.TEST.',
  '2.2.0.192.in-addr.arpa PTR 300 evil\\010Bcc:x.test.',
  '2.2.0.192.in-addr.arpa PTR 300 good.test.',
  '3.2.0.192.in-addr.arpa PTR 300 a\\.b.test.',
];

const open: (FakeDnsServer | TestResolver)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function server(lines: readonly string[] = zone, settings: { tcp?: boolean; host?: string } = {}) {
  const fake = await FakeDnsServer.start(lines, settings);
  open.unshift(fake);
  return fake;
}

async function resolver(
  servers: FakeDnsServer | readonly FakeDnsServer[] | string,
  settings: ResolverSettings = {},
) {
  const made = await testResolver(servers, settings);
  open.unshift(made);
  return made;
}

describe('questions', () => {
  it('asks with EDNS 1232, recursion, a random id and a port of its own', async () => {
    const fake = await server();
    const dns = await resolver(fake);
    const names = Array.from({ length: 30 }, (_, i) => `n${i}.test`);
    await Promise.all(names.map((name) => dns.ask(name)));
    expect(fake.queries.map((query) => query.name).sort()).toEqual([...names].sort());
    expect(
      fake.queries.every((query) => query.ednsSize === 1232 && query.packet.readUInt16BE(2) === 0x0120),
    ).toBe(true);
    expect(new Set(fake.queries.map((query) => query.port)).size).toBe(30);
    expect(new Set(fake.queries.map((query) => query.id)).size).toBeGreaterThan(25);
  });

  it('believes that an answer is authenticated from a server on this machine, all of it, and again from memory', async () => {
    const secured = (_query: SeenQuery, reply: Buffer): Buffer => {
      reply.writeUInt16BE(reply.readUInt16BE(2) | 0x20, 2);
      return reply;
    };
    const fake = await server();
    const dns = await resolver(fake);
    expect(await dns.ask('a.test')).toMatchObject({ rcode: 0, authenticated: false });
    fake.script('other.test', { kind: 'packet', make: secured });
    for (let i = 0; i < 2; i++)
      expect(await dns.ask('other.test')).toMatchObject({ rcode: 0, authenticated: true });
    expect(fake.queries).toHaveLength(2);
  });

  it('takes ids from the randomness it was given', async () => {
    const fake = await server();
    const dns = await resolver(fake, { random: (limit) => (limit === 65_536 ? 0x1234 : 0) });
    await dns.ask('a.test');
    expect(fake.queries[0]?.id).toBe(0x1234);
  });

  it('shares sockets under load, so that no id is used twice on one', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'hold' });
    const dns = await resolver(fake);
    const asked = Array.from({ length: 200 }, (_, i) => dns.ask(`n${i}.test`));
    await fake.seen(200);
    const ports = new Set(fake.queries.map((query) => query.port));
    expect(ports.size).toBe(32);
    expect(new Set(fake.queries.map((query) => `${query.port} ${query.id}`)).size).toBe(200);
    fake.release();
    expect((await Promise.all(asked)).every((response) => response.rcode === rcode.NXDOMAIN)).toBe(true);
  });

  it('keeps the spelling of the asker, and asks in lower case', async () => {
    const fake = await server();
    const dns = await resolver(fake);
    const response = await dns.ask('A.Test.');
    expect(response.question.name).toBe('A.Test.');
    expect(values(response)).toEqual(['192.0.2.1']);
    expect(fake.queries[0]?.name).toBe('a.test');
  });

  it('sends no invalid name', async () => {
    const fake = await server();
    const dns = await resolver(fake);
    for (const name of ['a..b', 'x'.repeat(64), 'a b', 'a\0b.test', 'a\n', '', '\xff.test']) {
      const response = await dns.ask(name);
      expect(response).toMatchObject({
        rcode: rcode.ERRNO,
        ttl: 0,
        error: expect.stringMatching(/^invalid name: /),
      });
    }
    for (const type of [-1, 0, 41, 251, 252, 65_536, 1.5]) {
      expect((await dns.ask('a.test', type)).error).toMatch(/cannot be asked/);
    }
    expect(fake.queries).toEqual([]);
  });

  it('makes international names ASCII', async () => {
    const fake = await server(['xn--bcher-kva.test A 300 192.0.2.7']);
    const dns = await resolver(fake);
    const name = Buffer.from('b\u00fccher.test').toString('latin1');
    expect(await dns.ask(name)).toMatchObject({
      question: { name },
      answer: [{ name: 'xn--bcher-kva.test.' }],
    });
  });

  it('works over IPv6', async () => {
    const fake = await server(zone, { host: '::1' });
    const dns = await resolver(fake);
    expect(values(await dns.ask('a.test'))).toEqual(['192.0.2.1']);
  });
});

describe('answers', () => {
  it('gives what the server gave', async () => {
    const dns = await resolver(await server());
    expect(await dns.ask('a.test')).toMatchObject({
      rcode: 0,
      ttl: 300,
      error: undefined,
      authority: [],
      extra: [],
    });
    expect(await dns.ask('gone.test')).toMatchObject({ rcode: rcode.NXDOMAIN, answer: [], ttl: 0 });
    expect(await dns.ask('a.test', TXT)).toMatchObject({ rcode: 0, answer: [] });
    expect(await dns.ask('none.soa.test')).toMatchObject({
      rcode: rcode.NXDOMAIN,
      ttl: 120,
      authority: [{ type: 6 }],
    });
  });

  it('sorts MX by preference, equal ones as received', async () => {
    const dns = await resolver(await server());
    expect(values(await dns.ask('mx.test', MX))).toEqual(['c.test.', 'b.test.', 'a.test.']);
  });

  it('keeps the aliases that the server followed', async () => {
    const fake = await server();
    const dns = await resolver(fake);
    expect(values(await dns.ask('alias.test'))).toEqual(['a.test.', '192.0.2.1']);
    expect(values(await dns.ask('alias.test', CNAME))).toEqual(['a.test.']);
    expect(fake.queries.length).toBe(2);
  });
});

describe('cache', () => {
  it('answers at once, with the time that is left, in any spelling', async () => {
    const fake = await server();
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    await dns.ask('a.test');
    clock.advance(100_000);
    const response = dns.query({ name: 'A.TEST.', type: A, class: 1 });
    expect(response).not.toBeInstanceOf(Promise);
    expect(response).toMatchObject({ question: { name: 'A.TEST.' }, ttl: 200, answer: [{ ttl: 200 }] });
    clock.advance(200_000);
    await dns.ask('a.test');
    expect(fake.queries.length).toBe(2);
  });

  it('keeps denials as the SOA says, failures and denials without SOA not at all', async () => {
    const fake = await server([...zone, 'bad.test FAIL 2']);
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const counts: number[] = [];
    for (const name of ['none.soa.test', 'gone.test', 'bad.test']) {
      const before = fake.queries.length;
      await dns.ask(name);
      await dns.ask(name);
      counts.push(fake.queries.length - before);
    }
    expect(counts).toEqual([1, 2, 2]);
    clock.advance(120_000);
    await dns.ask('none.soa.test');
    expect(fake.queries.length).toBe(6);
  });

  it('keeps types and classes apart', async () => {
    const dns = await resolver(await server());
    await dns.ask('a.test');
    expect(dns.query({ name: 'a.test', type: AAAA, class: 1 })).toBeInstanceOf(Promise);
    expect(dns.query({ name: 'a.test', type: A, class: 3 })).toBeInstanceOf(Promise);
    expect(dns.query({ name: 'a.test', type: A, class: 1 })).not.toBeInstanceOf(Promise);
  });

  it('is off with dns-cache-size=0', async () => {
    const fake = await server();
    const dns = await resolver(fake, { options: { 'dns-cache-size': '0' } });
    await dns.ask('a.test');
    await dns.ask('a.test');
    expect(fake.queries.length).toBe(2);
  });
});

describe('identical questions', () => {
  it('share one query; each asker has its own spelling, deadline and way out', async () => {
    const fake = await server();
    fake.script('a.test', { kind: 'hold' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const abort = new AbortController();
    const first = dns.ask('a.test', A, 500);
    const second = dns.ask('A.TEST', A, 5000);
    const third = dns.query({ name: 'a.test.', type: A, class: 1 }, { signal: abort.signal });
    await fake.seen(1);
    clock.advance(500);
    expect(await first).toMatchObject({
      rcode: rcode.TIMEDOUT,
      error: expect.stringContaining('within 0.5 s'),
    });
    abort.abort();
    expect(await third).toMatchObject({ rcode: rcode.ERRNO, error: 'cancelled' });
    fake.release();
    expect(await second).toMatchObject({ rcode: 0, question: { name: 'A.TEST' } });
    expect(fake.queries.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('are dropped when nobody waits any more', async () => {
    const fake = await server();
    fake.script('a.test', { kind: 'hold' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const abort = new AbortController();
    const asked = dns.query({ name: 'a.test', type: A, class: 1 }, { signal: abort.signal });
    await fake.seen(1);
    abort.abort();
    expect((await asked).error).toBe('cancelled');
    expect(clock.pending).toBe(0);
    // A new question is a new query.
    void dns.ask('a.test');
    await fake.seen(2);
    expect(dns.query({ name: 'b.test', type: A, class: 1 }, { signal: abort.signal })).toMatchObject({
      error: 'cancelled',
    });
  });
});

describe('a signal', () => {
  it('is listened to once, and ends all that wait with it', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const abort = new AbortController();
    const asked = Array.from({ length: 100 }, (_, i) =>
      dns.query({ name: `n${i}.test`, type: A, class: 1 }, { signal: abort.signal }),
    );
    const other = dns.ask('other.test', A, 1000);
    expect(getEventListeners(abort.signal, 'abort').length).toBe(1);
    abort.abort();
    expect(new Set((await Promise.all(asked)).map((response) => response.error))).toEqual(
      new Set(['cancelled']),
    );
    clock.advance(1000);
    expect((await other).rcode).toBe(rcode.TIMEDOUT);
    expect(clock.pending).toBe(0);
  });
});

describe('retries', () => {
  it('asks again after 1, 2, 4 ... seconds until the deadline', async () => {
    const fake = await server();
    fake.script('a.test', { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = dns.ask('a.test');
    const sentAt: number[] = [];
    const start = clock.now();
    for (const step of [0, 1000, 2000, 4000, 8000, 16_000]) {
      clock.advance(step);
      sentAt.push(clock.now() - start);
      await fake.seen(sentAt.length);
    }
    clock.advance(13_999);
    expect(fake.queries.length).toBe(6);
    clock.advance(1);
    expect(await asked).toMatchObject({
      rcode: rcode.TIMEDOUT,
      ttl: 0,
      error: `no answer within 45 s: 6 queries to ${fake.address}; last failure: ${fake.address}: no answer in time`,
    });
    expect(new Set(fake.queries.map((query) => query.id)).size).toBeGreaterThan(1);
    expect(fake.queries.map((query) => query.edns)).toEqual([true, true, false, false, false, false]);
    expect(clock.pending).toBe(0);
  });

  it('takes a late answer to an earlier query', async () => {
    const fake = await server();
    fake.script('a.test', { kind: 'hold' }, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = dns.ask('a.test');
    await fake.seen(1);
    clock.advance(1000);
    await fake.seen(2);
    fake.release();
    expect(values(await asked)).toEqual(['192.0.2.1']);
    expect(clock.pending).toBe(0);
  });

  it('asks the next server when one is silent', async () => {
    const [one, two] = [await server(), await server()];
    one.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver([one, two], { clock });
    const asked = dns.ask('a.test');
    await one.seen(1);
    clock.advance(1000);
    expect(values(await asked)).toEqual(['192.0.2.1']);
    expect([one.queries.length, two.queries.length]).toEqual([1, 1]);
  });

  it.each(['2', '5', '3x'])('asks the next server on rcode %s', async (code) => {
    const [one, two] = [await server([`a.test FAIL ${Number.parseInt(code, 10)}`]), await server()];
    const dns = await resolver([one, two]);
    const response = await dns.ask('a.test');
    // NXDOMAIN is an answer.
    expect(response.rcode).toBe(code === '3x' ? rcode.NXDOMAIN : 0);
    expect(two.queries.length).toBe(code === '3x' ? 0 : 1);
  });

  it('gives the failure when all servers fail, the most telling one', async () => {
    const [refuses, fails] = [await server(['a.test FAIL 5']), await server(['a.test FAIL 2'])];
    const clock = new FakeClock();
    expect(await (await resolver([refuses, fails], { clock })).ask('a.test')).toMatchObject({
      rcode: rcode.SERVFAIL,
      error: undefined,
    });
    expect((await (await resolver(refuses, { clock })).ask('a.test')).rcode).toBe(rcode.REFUSED);
    expect(clock.pending).toBe(0);
  });

  it('gives the failure of one server after the other had two rounds of silence', async () => {
    const [fails, silent] = [await server(['a.test FAIL 2']), await server()];
    silent.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver([fails, silent], { clock });
    const asked = dns.ask('a.test');
    await silent.seen(1);
    clock.advance(1000);
    await silent.seen(2);
    clock.advance(2000);
    expect((await asked).rcode).toBe(rcode.SERVFAIL);
    expect(fails.queries.length).toBe(1);
  });

  it('gives the failure of one server at the deadline too', async () => {
    const [fails, silent] = [await server(['a.test FAIL 2']), await server()];
    silent.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver([fails, silent], { clock });
    const asked = dns.ask('a.test', A, 900);
    await silent.seen(1);
    clock.advance(900);
    expect(await asked).toMatchObject({
      rcode: rcode.SERVFAIL,
      error: expect.stringContaining('within 0.9 s'),
    });
  });

  it('moves on at once from a closed port, and gives up after three rounds', async () => {
    const gone = await FakeDnsServer.start();
    await gone.close();
    const fake = await server();
    const clock = new FakeClock();
    expect(values(await (await resolver([gone, fake], { clock })).ask('a.test'))).toEqual(['192.0.2.1']);
    const dns = await resolver(gone, { clock });
    const asked = dns.ask('a.test');
    const failures = (): number => dns.log.short.filter((line) => line.includes('ECONNREFUSED')).length;
    for (const [round, step] of [1000, 2000, 4000].entries()) {
      while (failures() <= round) await new Promise(setImmediate);
      clock.advance(step);
    }
    expect(await asked).toMatchObject({
      rcode: rcode.ERRNO,
      error: expect.stringMatching(/^no name server can be reached: 3 queries to .*ECONNREFUSED$/),
    });
    expect(clock.pending).toBe(0);
  });
});

describe('EDNS', () => {
  it('asks again without when the server does not know it, and remembers that', async () => {
    for (const withQuestion of [true, false]) {
      const fake = await server();
      fake.script((query) => query.edns, rcodeAction(1, withQuestion));
      const clock = new FakeClock();
      const dns = await resolver(fake, { clock });
      expect(values(await dns.ask('a.test'))).toEqual(['192.0.2.1']);
      await dns.ask('other.test');
      expect(fake.queries.map((query) => query.edns)).toEqual([true, false, false]);
      clock.advance(900_000);
      await dns.ask('six.test', AAAA);
      expect(fake.queries.map((query) => query.edns)).toEqual([true, false, false, true, false]);
    }
  });

  it('tells FORMERR and NOTIMP when they are not about EDNS', async () => {
    const fake = await server(['bad.test FAIL 1', 'not.test FAIL 4', ...zone]);
    const dns = await resolver(fake);
    expect((await dns.ask('bad.test')).rcode).toBe(rcode.FORMAT);
    expect((await dns.ask('not.test')).rcode).toBe(rcode.NOT_IMPLEMENTED);
    await dns.ask('a.test');
    expect(fake.queries.map((query) => query.edns)).toEqual([true, false, true, false, true]);
  });
});

describe('truncation', () => {
  async function truncating() {
    const fake = await server();
    fake.script((query) => !query.tcp, faults.truncated);
    return fake;
  }

  it('asks by TCP', async () => {
    const fake = await truncating();
    const dns = await resolver(fake);
    expect(values(await dns.ask('a.test'))).toEqual(['192.0.2.1']);
    expect(fake.queries.map((query) => query.tcp)).toEqual([false, true]);
  });

  it('does not with dns-ignore-tcp, and does not keep the answer', async () => {
    const fake = await truncating();
    const dns = await resolver(fake, { options: { 'dns-ignore-tcp': '+' } });
    expect(await dns.ask('a.test')).toMatchObject({ rcode: 0, answer: [], ttl: 0 });
    await dns.ask('a.test');
    expect(fake.queries.map((query) => query.tcp)).toEqual([false, false]);
  });
});

describe('aliases', () => {
  it('are followed when the server did not', async () => {
    const fake = await server();
    fake.script('alias.test', recordsAction(recordOctets('alias.test', CNAME, 60, nameOctets('next.test'))));
    fake.script('next.test', recordsAction(recordOctets('next.test', CNAME, 50, nameOctets('A.test'))));
    const dns = await resolver(fake);
    const response = await dns.ask('alias.test');
    expect(values(response)).toEqual(['next.test.', 'A.test.', '192.0.2.1']);
    expect(response.ttl).toBe(50);
    expect(fake.queries.map((query) => query.name)).toEqual(['alias.test', 'next.test', 'a.test']);
    fake.script('alias.test', recordsAction(recordOctets('alias.test', CNAME, 60, nameOctets('gone.test'))));
    expect((await dns.ask('alias.test', AAAA)).rcode).toBe(rcode.NXDOMAIN);
  });

  it('are not followed for ever', async () => {
    const fake = await server([]);
    for (let i = 0; i < 20; i++) {
      fake.script(
        `n${i}.test`,
        recordsAction(recordOctets(`n${i}.test`, CNAME, 60, nameOctets(`n${i + 1}.test`))),
      );
    }
    fake.script('loop.test', recordsAction(recordOctets('loop.test', CNAME, 60, nameOctets('loop.test'))));
    fake.script('odd.test', recordsAction(recordOctets('odd.test', CNAME, 60, nameOctets('a\\.b.test'))));
    const dns = await resolver(fake);
    expect(await dns.ask('n0.test')).toMatchObject({
      rcode: rcode.SERVFAIL,
      error: 'the answer has more than 11 aliases',
    });
    expect(fake.queries.length).toBe(12);
    expect(await dns.ask('loop.test')).toMatchObject({
      rcode: rcode.SERVFAIL,
      error: expect.stringContaining('back to themselves'),
    });
    expect(await dns.ask('odd.test')).toMatchObject({
      rcode: rcode.SERVFAIL,
      error: expect.stringContaining('a\\.b.test.'),
    });
  });
});

describe('limits', () => {
  it('refuses more than dns-max-queries in flight', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'hold' });
    const dns = await resolver(fake, { options: { 'dns-max-queries': '2' } });
    const asked = [dns.ask('a.test'), dns.ask('other.test')];
    await fake.seen(2);
    for (let i = 0; i < 5; i++) {
      expect(await dns.ask(`n${i}.test`)).toMatchObject({
        rcode: rcode.ERRNO,
        error: 'too many queries in flight (dns-max-queries=2)',
      });
    }
    expect(dns.log.short.filter((line) => line.startsWith('warning'))).toEqual([
      'warning dns: too many queries in flight (dns-max-queries=2)',
    ]);
    // One that is in flight already costs nothing.
    asked.push(dns.ask('a.test'));
    fake.release();
    expect((await Promise.all(asked)).map((response) => response.rcode)).toEqual([0, 0, 0]);
    fake.script(() => true, { kind: 'answer' });
    expect((await dns.ask('n.test')).rcode).toBe(rcode.NXDOMAIN);
  });
});

describe('close', () => {
  it('ends what is under way, leaves nothing, and may be called twice', async () => {
    const before = openSockets();
    const fake = await server();
    fake.script('tcp.test', faults.truncated, { kind: 'drop' });
    fake.script('a.test', { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = [dns.ask('a.test'), dns.ask('tcp.test')];
    await fake.seen(3);
    dns.close();
    dns.close();
    for (const response of await Promise.all(asked)) {
      expect(response).toMatchObject({ rcode: rcode.ERRNO, error: 'the resolver is closed' });
    }
    expect((await dns.ask('other.test')).error).toBe('the resolver is closed');
    expect(clock.pending).toBe(0);
    await waitUntil(() => expect(fake.connections).toBe(0));
    await fake.close();
    open.splice(open.indexOf(fake), 1);
    await socketsClosed(before);
  });
});

describe('reverse', () => {
  it('gives the first usable name, in lower case, without the final dot', async () => {
    const dns = await resolver(await server());
    expect(await dns.reverse('192.0.2.1')).toBe('mail.example.test');
    expect(await dns.reverse('::ffff:192.0.2.1')).toBe('mail.example.test');
    expect(await dns.reverse('192.0.2.2')).toBe('good.test');
    expect(await dns.reverse('192.0.2.3')).toBeUndefined();
    expect(await dns.reverse('192.0.2.99')).toBeUndefined();
    expect(await dns.reverse('not an address')).toBeUndefined();
  });

  it('gives up in time and says so', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = dns.reverse('192.0.2.1', { timeoutMs: 300 });
    await fake.seen(1);
    clock.advance(300);
    expect(await asked).toBeUndefined();
    expect(dns.log.short.at(-1)).toMatch(/^info no name of 192\.0\.2\.1: no answer within 0\.3 s/);
  });
});

describe('addresses', () => {
  it('gives all of them, IPv4 first', async () => {
    const dns = await resolver(await server());
    expect(await dns.addresses('both.test')).toEqual(['192.0.2.9', '2001:db8::9']);
    expect(await dns.addresses('six.test.')).toEqual(['2001:db8::6']);
    expect(await dns.addresses('alias.test')).toEqual(['192.0.2.1']);
    expect(await dns.addresses('dangling.test')).toEqual([]);
    expect(await dns.addresses('gone.test')).toEqual([]);
  });

  it('asks for no address and for no name of this machine', async () => {
    const fake = await server();
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-hosts-'));
    const hosts = join(directory, 'hosts');
    await writeFile(
      hosts,
      '# comment\n::9 MailHub\n192.0.2.5\tmailhub hub.test # here\nnot an address\n192.0.2.6 hub.test\n',
    );
    const dns = await resolver(fake, { hosts });
    expect(await dns.addresses('192.0.2.77')).toEqual(['192.0.2.77']);
    expect(await dns.addresses('2001:db8::77')).toEqual(['2001:db8::77']);
    expect(await dns.addresses('mailhub')).toEqual(['192.0.2.5', '::9']);
    expect(await dns.addresses('HUB.test.')).toEqual(['192.0.2.5', '192.0.2.6']);
    expect(await dns.addresses('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await dns.addresses('x.localhost')).toEqual(['127.0.0.1', '::1']);
    expect(fake.queries).toEqual([]);
    // A policy's look-ups are DNS only.
    expect((await dns.ask('mailhub')).rcode).toBe(rcode.NXDOMAIN);
    await rm(directory, { recursive: true });
  });

  it('asks DNS when there is no hosts file', async () => {
    const dns = await resolver(await server(), { hosts: '/nonexistent' });
    expect(await dns.addresses('a.test')).toEqual(['192.0.2.1']);
  });
});

describe('log', () => {
  it('traces under the word dns', async () => {
    const fake = await server(['a.test FAIL 2']);
    const dns = await resolver(fake);
    await dns.ask('a.test', NS);
    expect(dns.log.short).toEqual([
      `info dns IN,NS,a.test.: ${fake.address}: rcode 2`,
      expect.stringMatching(/^info dns IN,NS,a\.test\.: SERVER in \d+ ms: 0 records, kept 0 s$/),
    ]);
  });
});
