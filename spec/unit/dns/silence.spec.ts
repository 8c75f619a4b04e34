// Name servers that leave out what a resolver needs: one family of addresses, everything with EDNS, or everything; and a resolv.conf that
// changes under look-ups. The clock stands still unless a test moves it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { FakeDnsServer, type SeenQuery } from '../../../src/bench/ports/dns-server.ts';
import { rcode } from '../../../src/dns/resolver-api.ts';
import { waitUntil } from '../../fakes/wait-until.ts';
import {
  A,
  AAAA,
  PTR,
  type ResolverSettings,
  type TestResolver,
  TXT,
  testResolver,
  values,
} from './support.ts';

const zone = [
  'both.test A 300 192.0.2.9',
  'both.test AAAA 300 2001:db8::9',
  'a.test A 300 192.0.2.1',
  'b.test A 300 192.0.2.2',
  'c.test A 300 192.0.2.3',
  'mixed.test TXT 300 evil',
  'mixed.test A 300 192.0.2.4',
  'text.test TXT 300 evil',
  '1.2.0.192.in-addr.arpa PTR 300 a.test.',
  '2.2.0.192.in-addr.arpa PTR 300 stranger.test.',
  '3.2.0.192.in-addr.arpa PTR 300 127.0.0.1.',
  '3.2.0.192.in-addr.arpa PTR 300 localhost.',
  '3.2.0.192.in-addr.arpa PTR 300 LocalHost.LocalDomain.',
  '3.2.0.192.in-addr.arpa PTR 300 0x7f000001.',
];

const open: (FakeDnsServer | TestResolver)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function server(): Promise<FakeDnsServer> {
  const fake = await FakeDnsServer.start(zone);
  open.unshift(fake);
  return fake;
}

async function resolver(servers: FakeDnsServer | readonly FakeDnsServer[], settings: ResolverSettings = {}) {
  const made = await testResolver(servers, settings);
  open.unshift(made);
  return made;
}

const isRoot = (query: SeenQuery): boolean => query.name === '' || query.name === '.';
const about = (fake: FakeDnsServer, name: string): readonly SeenQuery[] =>
  fake.queries.filter((query) => query.name === name);

/** Lets packets and promises pass, without a look at the real clock. */
async function turns(count = 50): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

describe('addresses of a host with one family unanswered', () => {
  it.each([
    ['AAAA', AAAA, 50, ['192.0.2.9']],
    ['A', A, 1000, ['2001:db8::9']],
  ] as const)(
    '%s: the other one is used after a moment, and at once the next time',
    async (_, missing, delay, found) => {
      const fake = await server();
      fake.script((query) => query.type === missing && query.name === 'both.test', { kind: 'drop' });
      const clock = new FakeClock();
      const dns = await resolver(fake, { clock });
      let given: readonly string[] | undefined;
      void dns.addresses('both.test').then((addresses) => {
        given = addresses;
      });
      await fake.seen(2);
      await turns();
      clock.advance(delay - 1);
      await turns();
      expect(given).toBeUndefined();
      clock.advance(1);
      await waitUntil(() => expect(given).toEqual(found));
      // What was not answered is remembered for some seconds: nobody waits for it.
      given = undefined;
      void dns.addresses('Both.test').then((addresses) => {
        given = addresses;
      });
      await turns();
      clock.advance(0);
      await waitUntil(() => expect(given).toEqual(found));
    },
  );

  it('waits for both when both come', async () => {
    const dns = await resolver(await server(), { clock: new FakeClock() });
    expect(await dns.addresses('both.test')).toEqual(['192.0.2.9', '2001:db8::9']);
  });

  it('waits to the end when neither comes', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = dns.addresses('both.test', { timeoutMs: 5000 });
    await fake.seen(2);
    clock.advance(5000);
    expect(await asked).toEqual([]);
  });
});

describe('queries with EDNS that get lost', () => {
  async function lossy() {
    const fake = await server();
    fake.script((query) => query.edns, { kind: 'drop' });
    const clock = new FakeClock();
    return { fake, clock, dns: await resolver(fake, { clock }) };
  }

  it('make the server one without EDNS after two look-ups, for a quarter of an hour', async () => {
    const { fake, clock, dns } = await lossy();
    for (const name of ['a.test', 'b.test']) {
      const asked = dns.ask(name);
      for (const [count, step] of [1000, 2000].entries()) {
        await waitUntil(() => expect(about(fake, name).length).toBe(count + 1));
        clock.advance(step);
      }
      expect((await asked).rcode).toBe(rcode.OK);
    }
    expect(values(await dns.ask('c.test'))).toEqual(['192.0.2.3']);
    expect(about(fake, 'c.test').map((query) => query.edns)).toEqual([false]);
    expect(dns.log.short.filter((line) => line.includes('EDNS'))).toEqual([
      `info queries with EDNS to ${fake.address} get lost: asking without for 15 min`,
    ]);
    clock.advance(900_000);
    void dns.ask('both.test');
    await waitUntil(() => expect(about(fake, 'both.test').map((query) => query.edns)).toEqual([true]));
  });

  it('do not when an answer with EDNS came between', async () => {
    const fake = await server();
    fake.script((query) => query.edns && query.name !== 'c.test', { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    for (const name of ['a.test', 'c.test', 'b.test']) {
      const asked = dns.ask(name);
      if (name !== 'c.test') {
        for (const [count, step] of [1000, 2000].entries()) {
          await waitUntil(() => expect(about(fake, name).length).toBe(count + 1));
          clock.advance(step);
        }
      }
      await asked;
    }
    void dns.ask('both.test');
    await waitUntil(() => expect(about(fake, 'both.test').map((query) => query.edns)).toEqual([true]));
  });
});

describe('a name server that answers nothing', () => {
  async function dead() {
    const fake = await server();
    fake.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    return { fake, clock, dns };
  }

  it('is noticed by two questions and two about the root; then nobody waits, but one now and then tries', async () => {
    const { fake, clock, dns } = await dead();
    const first = dns.ask('a.test');
    const second = dns.ask('b.test');
    await fake.seen(2);
    clock.advance(1000);
    await waitUntil(() => expect(fake.queries.filter(isRoot).length).toBe(1));
    clock.advance(1000);
    await waitUntil(() => expect(fake.queries.filter(isRoot).length).toBe(2));
    clock.advance(1000);
    expect(dns.log.short).toContain(`warning name server ${fake.address} does not answer: no answer in time`);
    expect(await dns.ask('c.test')).toMatchObject({
      rcode: rcode.TIMEDOUT,
      error: 'no name server answers; they are asked again every 2 s',
    });
    expect(await dns.reverse('192.0.2.1')).toBeUndefined();
    expect(about(fake, 'c.test')).toEqual([]);
    // Those who wait already go on, and so does one asker every two seconds.
    clock.advance(2000);
    void dns.ask('c.test');
    await waitUntil(() => expect(about(fake, 'c.test').length).toBe(1));
    expect((await dns.ask('both.test')).rcode).toBe(rcode.TIMEDOUT);
    // It is back: the next question about the root says so.
    fake.script(() => true, { kind: 'answer' });
    clock.advance(2000);
    void dns.ask('text.test');
    await waitUntil(() =>
      expect(dns.log.short).toContain(`notice name server ${fake.address} answers again`),
    );
    expect(values(await dns.ask('both.test'))).toEqual(['192.0.2.9']);
    clock.advance(45_000);
    await Promise.all([first, second]);
    dns.close();
    expect(clock.pending).toBe(0);
  });

  it('is not one that answers about the root: the zones are dead', async () => {
    const fake = await server();
    fake.script((query) => !isRoot(query), { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const asked = ['a.test', 'b.test', 'c.test'].map((name) => dns.ask(name));
    await fake.seen(3);
    for (const step of [1000, 2000, 4000, 8000]) {
      clock.advance(step);
      await turns();
    }
    expect(dns.log.short.filter((line) => line.startsWith('warning'))).toEqual([]);
    clock.advance(45_000);
    for (const response of await Promise.all(asked)) expect(response.error).toMatch(/^no answer within 45 s/);
  });

  it('is not one dead name, however often it is asked', async () => {
    const { fake, clock, dns } = await dead();
    for (let round = 0; round < 5; round++) {
      const asked = dns.ask('a.test', A, 5000);
      await turns();
      clock.advance(5000);
      await asked;
    }
    expect(fake.queries.filter(isRoot)).toEqual([]);
    expect(dns.log.short.filter((line) => line.startsWith('warning'))).toEqual([]);
  });

  it('with a closed port: known from the first look-up', async () => {
    const gone = await FakeDnsServer.start();
    await gone.close();
    const clock = new FakeClock();
    const dns = await resolver(gone, { clock });
    const asked = dns.ask('a.test');
    const refused = (): number =>
      dns.log.short.filter((line) => line.startsWith('info') && line.includes('ECONNREFUSED')).length;
    for (const [round, step] of [1000, 2000, 4000].entries()) {
      await waitUntil(() => expect(refused()).toBeGreaterThan(round));
      clock.advance(step);
    }
    expect((await asked).rcode).toBe(rcode.ERRNO);
    expect(dns.log.short).toContain(`warning name server ${gone.address} does not answer: ECONNREFUSED`);
    // One asker tries it again.
    void dns.ask('b.test');
    expect((await dns.ask('c.test')).error).toBe('no name server answers; they are asked again every 2 s');
  });
});

describe('resolv.conf', () => {
  it('that changes: what is under way goes on with the new servers at once', async () => {
    const [old, fresh] = [await server(), await server()];
    old.script(() => true, { kind: 'drop' });
    // Servers of resolv.conf have port 53; here the list is told by address, so 127.0.0.x serve on one port each.
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-dns-'));
    const resolvConf = join(directory, 'resolv.conf');
    await writeFile(resolvConf, 'nameserver 127.0.0.77\n');
    const clock = new FakeClock();
    const dns = await testResolver('', { clock, resolvConf });
    open.unshift(dns);
    const asked = dns.ask('a.test');
    await turns();
    await writeFile(resolvConf, 'nameserver 127.0.0.78\nnameserver 127.0.0.77\n');
    clock.advance(10_000);
    void dns.ask('b.test');
    await waitUntil(() =>
      expect(dns.log.short.some((line) => line.includes('127.0.0.78') && line.includes('a.test'))).toBe(true),
    );
    clock.advance(45_000);
    expect((await asked).error).toContain('127.0.0.78:53');
    expect([old.queries.length, fresh.queries.length]).toEqual([0, 0]);
    await rm(directory, { recursive: true });
  });
});

describe('answers', () => {
  it('have no records of other types, aliases excepted', async () => {
    const fake = await server();
    fake.script((query) => query.type === A && query.name === 'text.test', {
      kind: 'packet',
      make: (query, reply) => withAnswersOf(fake, query, reply, TXT),
    });
    const dns = await resolver(fake);
    expect((await dns.ask('text.test', A)).answer).toEqual([]);
    expect(values(await dns.ask('text.test', TXT))).toEqual(['evil']);
    expect((await dns.ask('mixed.test', 255)).answer.length).toBe(2);
  });
});

/** The reply with a TXT record of the name asked for in its answer. */
function withAnswersOf(_fake: FakeDnsServer, query: SeenQuery, _reply: Buffer, type: number): Buffer {
  const header = Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  header.writeUInt16BE(query.id, 0);
  const data = Buffer.from('\x04evil', 'latin1');
  const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 1, 0x2c, 0, data.length]);
  return Buffer.concat([header, query.question, record, data]);
}

describe('the name of an address', () => {
  it('is none when it is an address or localhost', async () => {
    const dns = await resolver(await server());
    expect(await dns.reverse('192.0.2.3')).toBeUndefined();
  });

  it('is not asked for loopback', async () => {
    const fake = await server();
    const dns = await resolver(fake);
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
      expect(await dns.reverse(address)).toBeUndefined();
    }
    expect(fake.queries.filter((query) => query.type === PTR)).toEqual([]);
  });

  it('is waited for once in ten seconds while nobody answers', async () => {
    const fake = await server();
    fake.script(() => true, { kind: 'drop' });
    const clock = new FakeClock();
    const dns = await resolver(fake, { clock });
    const ask = [
      () => dns.reverse('192.0.2.1', { timeoutMs: 2000 }),
      () => dns.confirms('a.test', '192.0.2.1', { timeoutMs: 2000 }),
    ];
    for (const about of ask) {
      const before = fake.queries.length;
      const first = about();
      await fake.seen(before + 1);
      clock.advance(2000);
      expect(await first).toBeFalsy();
      const asked = fake.queries.length;
      expect(await about()).toBeFalsy();
      expect(fake.queries.length).toBe(asked);
    }
    fake.script(() => true, { kind: 'answer' });
    clock.advance(10_000);
    expect(await dns.reverse('192.0.2.1')).toBe('a.test');
    expect(await dns.confirms('a.test', '192.0.2.1')).toBe(true);
  });

  it('is confirmed when it has that address', async () => {
    const dns = await resolver(await server());
    expect(await dns.confirms('a.test', '192.0.2.1')).toBe(true);
    expect(await dns.confirms('a.test', '::ffff:192.0.2.1')).toBe(true);
    expect(await dns.confirms('both.test', '2001:DB8:0::9')).toBe(true);
    expect(await dns.confirms('stranger.test', '192.0.2.2')).toBe(false);
    expect(await dns.confirms('mixed.test', '192.0.2.9')).toBe(false);
  });
});
