// The Lua module dns as hooks call it: results of dns.wait, failures as entries, accumulation, limits, the end of a hook.
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { rcode } from '../../../src/dns/resolver-api.ts';
import { LuaError, type Suspension } from '../../../src/lua-api/function-spec.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { type DnsRig, type DnsRigSettings, dnsRig, toAnswers } from '../../fakes/dns-rig.ts';

const zone = [
  'a.test A 300 192.0.2.1',
  'mx.test MX 300 20 b.test.',
  'mx.test MX 300 10 a.test.',
  'txt.test TXT 300 v=spf1 \\000 -all',
  'srv.test SRV 300 1 2 25 a.test.',
  'soa.test SOA 300 ns.soa.test. root.soa.test. 7 2 3 4 60',
  'odd.test PTR 300 x\\010y.test.',
  'raw.test TYPE65280 300 00ff0a',
  '1.2.0.192.in-addr.arpa PTR 300 a.test.',
  '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR 300 six.test.',
  'bad.test FAIL 2',
  'no.test FAIL 5',
];

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function setUp(
  settings: DnsRigSettings = {},
): Promise<{ readonly server: FakeDnsServer; readonly dns: DnsRig }> {
  const server = await FakeDnsServer.start(zone);
  const dns = await dnsRig(server, settings);
  open.push(dns, server);
  return { server, dns };
}

function isSuspension(value: object): value is Suspension {
  return 'kind' in value && value.kind === 'suspension';
}

describe('dns.wait', () => {
  it('gives the queries in their order, and each also by its key', async () => {
    const { dns } = await setUp();
    const { list, byKey } = await dns.ask(['MX', 'mx.test'], ['A', 'A.Test'], ['A', 'gone.test']);
    expect(list).toEqual([
      {
        name: 'mx.test.',
        class: 1,
        type: 15,
        rcode: 0,
        ttl: 300,
        answer: [
          { name: 'mx.test.', class: 1, type: 15, ttl: 300, preference: 10, value: 'a.test.' },
          { name: 'mx.test.', class: 1, type: 15, ttl: 300, preference: 20, value: 'b.test.' },
        ],
        authority: [],
        extra: [],
      },
      {
        name: 'A.Test.',
        class: 1,
        type: 1,
        rcode: 0,
        ttl: 300,
        answer: [{ name: 'a.test.', class: 1, type: 1, ttl: 300, value: '192.0.2.1' }],
        authority: [],
        extra: [],
      },
      { name: 'gone.test.', class: 1, type: 1, rcode: 3, ttl: 0 },
    ]);
    expect(byKey).toEqual({ 'IN,MX,mx.test.': list[0], 'IN,A,A.Test.': list[1], 'IN,A,gone.test.': list[2] });
    // One and the same table: the bridge makes one of it too.
    expect(byKey['IN,MX,mx.test.']).toBe(list[0]);
  });

  it('has no arrays without records, and all three with one', async () => {
    const { dns } = await setUp();
    const { list } = await dns.ask(['TXT', 'a.test'], ['A', 'x.soa.test'], ['TXT', 'soa.test']);
    expect(list[0]).toEqual({ name: 'a.test.', class: 1, type: 16, rcode: 0, ttl: 0 });
    // The records of a failed answer are dropped, its SOA tells how long it holds.
    expect(list[1]).toEqual({ name: 'x.soa.test.', class: 1, type: 1, rcode: 3, ttl: 60 });
    expect(list[2]).toMatchObject({
      rcode: 0,
      answer: [],
      authority: [{ type: 6, serial: 7, mname: 'ns.soa.test.' }],
      extra: [],
    });
  });

  it('gives fields of every kind', async () => {
    const { dns } = await setUp();
    const { byKey } = await dns.ask(
      ['SRV', 'srv.test'],
      ['TXT', 'txt.test'],
      ['PTR', 'odd.test'],
      ['TYPE65280', 'raw.test'],
    );
    expect(byKey['IN,SRV,srv.test.']?.answer).toMatchObject([
      { priority: 1, weight: 2, port: 25, value: 'a.test.' },
    ]);
    expect(byKey['IN,TXT,txt.test.']?.answer).toMatchObject([{ value: Buffer.from('v=spf1 \\000 -all') }]);
    expect(byKey['IN,PTR,odd.test.']?.answer).toMatchObject([{ value: 'x\\010y.test.' }]);
    expect(byKey['IN,TYPE65280,raw.test.']?.answer).toMatchObject([
      { type: 65_280, value: Buffer.from([0, 255, 10]) },
    ]);
  });

  it('turns an address round for its PTR', async () => {
    const { dns } = await setUp();
    const six = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.';
    const { byKey } = await dns.ask(['PTR', '192.0.2.1'], ['PTR', '2001:DB8::1']);
    expect(byKey['IN,PTR,1.2.0.192.in-addr.arpa.']).toMatchObject({
      name: '1.2.0.192.in-addr.arpa.',
      answer: [{ value: 'a.test.' }],
    });
    expect(byKey[`IN,PTR,${six}`]).toMatchObject({ name: six, answer: [{ value: 'six.test.' }] });
  });

  it('has an entry for each failure, with its cause when it is ours', async () => {
    const { dns, server } = await setUp();
    server.script('slow.test', { kind: 'drop' });
    expect(dns.options.set('dns-max-timeout', '1', 'spec').kind).toBe('set');
    const { list } = await dns.ask(
      ['A', 'bad.test'],
      ['A', 'no.test'],
      ['A', 'a..b'],
      ['A', 'a b'],
      ['A', 'slow.test'],
    );
    expect(list.map((entry) => entry.rcode)).toEqual([2, 5, rcode.ERRNO, rcode.ERRNO, rcode.TIMEDOUT]);
    expect(list.map((entry) => entry.error)).toEqual([
      undefined,
      undefined,
      'invalid name: an empty label',
      expect.stringMatching(/^invalid name: octets/),
      expect.stringMatching(/^no answer within 1 s: \d quer/),
    ]);
    expect(dns.log.short).toContain('notice dns IN,A,a..b.: ERRNO: invalid name: an empty label');
    expect(list.every((entry) => entry.answer === undefined && entry.ttl === 0)).toBe(true);
  });

  it('gives a name asked twice twice in the array', async () => {
    const { dns, server } = await setUp();
    const { list, byKey } = await dns.ask(['A', 'a.test'], ['A', 'a.test']);
    expect(list.length).toBe(2);
    expect(byKey['IN,A,a.test.']).toBe(list[1]);
    expect(server.queries.length).toBe(1);
  });

  it('accumulates until dns.reset, in new tables each time', async () => {
    const { dns } = await setUp();
    const first = await dns.ask(['A', 'a.test']);
    dns.start('query', 1, 'MX', 'mx.test');
    const second = await dns.wait();
    expect(second.list.map((entry) => entry.name)).toEqual(['a.test.', 'mx.test.']);
    expect(second.list[0]).toEqual(first.list[0]);
    expect(second.list[0]).not.toBe(first.list[0]);
    dns.start('reset');
    expect((await dns.wait()).list).toEqual([]);
    dns.start('query', 1, 'A', 'gone.test');
    expect((await dns.wait()).list.map((entry) => entry.name)).toEqual(['gone.test.']);
  });

  it('returns at once with nothing to wait for', async () => {
    const { dns } = await setUp();
    for (const name of ['wait', 'poll']) {
      for (const all of [true, false, 1, 0, undefined]) {
        expect(toAnswers((dns.start(name, all) as LuaValue[])[0]).list).toEqual([]);
      }
    }
    dns.start('open');
    expect(isSuspension(dns.start('wait', 1))).toBe(false);
    await dns.ask(['A', 'a.test']);
    dns.start('close');
    dns.start('open');
    dns.start('query', 1, 'A', 'a.test');
    // From the cache.
    expect(toAnswers((dns.start('wait', 1) as LuaValue[])[0]).list.length).toBe(1);
  });

  it('waits for any with 0 or false, and for something new the next time', async () => {
    const { dns, server } = await setUp();
    server.script('slow.test', { kind: 'hold' });
    dns.start('open');
    dns.start('query', 1, 'A', 'slow.test');
    dns.start('query', 1, 'A', 'a.test');
    const first = await dns.wait(0);
    expect(first.list.map((entry) => entry.name)).toEqual(['a.test.']);
    expect(await dns.call('ispending')).toBe(true);
    const waiting = dns.start('wait', false);
    if (!isSuspension(waiting)) throw new Error('did not wait');
    expect(waiting.describe()).toBe('dns.wait (1 pending: A slow.test.)');
    server.release();
    expect(toAnswers((await waiting.done)[0]).list.map((entry) => entry.name)).toEqual([
      'slow.test.',
      'a.test.',
    ]);
    expect(await dns.call('ispending')).toBe(false);
  });

  it('waits as long as it is told, and leaves pending what has not come', async () => {
    const clock = new FakeClock();
    const { dns, server } = await setUp({ clock });
    server.script('slow.test', { kind: 'hold' });
    dns.start('open');
    dns.start('query', 1, 'A', 'slow.test');
    const waiting = dns.start('wait', true, 0.5);
    if (!isSuspension(waiting)) throw new Error('did not wait');
    await server.seen(1);
    clock.advance(500);
    expect(toAnswers((await waiting.done)[0]).list).toEqual([]);
    expect(await dns.call('ispending')).toBe(true);
    expect(dns.start('wait', true, 0)).toMatchObject([{ sequence: [] }]);
    expect(() => dns.start('wait', true, -1)).toThrow("bad argument #2 to 'dns.wait' (0 to 3600 expected)");
    const before = clock.pending;
    const all = dns.start('wait', true, 9);
    if (!isSuspension(all)) throw new Error('did not wait');
    expect(clock.pending).toBe(before + 1);
    server.release();
    expect(toAnswers((await all.done)[0]).list.length).toBe(1);
    // Its own timer is gone with it, as that of the query.
    expect(clock.pending).toBeLessThanOrEqual(before);
  });

  it('asks 100 names at once', async () => {
    const { dns, server } = await setUp();
    server.script(() => true, { kind: 'hold' });
    dns.start('open');
    for (let i = 0; i < 100; i++) dns.start('query', 1, 'A', `n${i}.test`);
    const waiting = dns.start('wait', true);
    await server.seen(100);
    if (!isSuspension(waiting)) throw new Error('did not wait');
    expect(waiting.describe()).toBe(
      'dns.wait (100 pending: A n0.test., A n1.test., A n2.test., A n3.test., A n4.test., ...)',
    );
    server.release();
    expect(toAnswers((await waiting.done)[0]).list.map((entry) => entry.name)).toEqual(
      Array.from({ length: 100 }, (_, i) => `n${i}.test.`),
    );
  });
});

describe('dns.query', () => {
  it('takes numbers and names in any case, and has defaults', async () => {
    const { dns, server } = await setUp();
    dns.start('open');
    const asked: [LuaValue, LuaValue][] = [
      [1, 15],
      ['in', 'mx'],
      ['1', '15'],
      [Buffer.from('IN'), Buffer.from('MX')],
      ['CH', 'TXT'],
      ['CLASS3', 'TYPE16'],
      [1.9, 15.9],
      [undefined, undefined],
      [1, 0x1_0001 - 0x1_0000],
      [1, 257],
    ];
    for (const [cls, type] of asked) dns.start('query', cls, type, 'x.test');
    const { list } = await dns.wait();
    expect(list.map((entry) => [entry.class, entry.type])).toEqual([
      [1, 15],
      [1, 15],
      [1, 15],
      [1, 15],
      [3, 16],
      [3, 16],
      [1, 15],
      [1, 255],
      [1, 1],
      [1, 257],
    ]);
    expect(new Set(server.queries.map((query) => `${query.class} ${query.type}`))).toEqual(
      new Set(['1 15', '3 16', '1 255', '1 1', '1 257']),
    );
  });

  it('refuses classes and types that there are not', async () => {
    const { dns } = await setUp();
    dns.start('open');
    const message = (cls: LuaValue, type: LuaValue): string => {
      try {
        dns.start('query', cls, type, 'x.test');
        return '';
      } catch (error) {
        if (!(error instanceof LuaError)) throw error;
        return error.message;
      }
    };
    expect(message('XX', 1)).toBe(
      "bad argument #1 to 'dns.query' (class name or number from 0 to 65535 expected, got string)",
    );
    expect(message(1, 'MXX')).toMatch(/^bad argument #2 .*\(type name or number from 0 to 65535 expected/);
    for (const wrong of [-1, 65_536, 'TYPE65536', true, '', Number.NaN])
      expect(message(1, wrong)).toMatch(/^bad argument #2/);
    expect(message(1, 1)).toBe('');
  });

  it('asks nothing without a name, and nothing without dns.open', async () => {
    const { dns, server } = await setUp();
    dns.start('query', 1, 1, 'a.test');
    expect(dns.log.short).toEqual(['err dns.query without dns.open: A a.test is not asked']);
    dns.start('open');
    dns.start('query', 1, 1, undefined);
    dns.start('query', 1, 1, '');
    dns.start('query');
    expect((await dns.wait()).list).toEqual([]);
    expect(server.queries).toEqual([]);
  });

  it('skips a leading dot and adds the final one', async () => {
    const { dns } = await setUp();
    const { list } = await dns.ask(['A', '.a.test'], ['A', 'a.test.'], ['NS', '.']);
    expect(list.map((entry) => [entry.name, entry.rcode])).toEqual([
      ['a.test.', 0],
      ['a.test.', 0],
      ['.', 3],
    ]);
  });

  it('keeps dns-session-queries pending queries of a session, more have an entry that says so', async () => {
    const { dns, server } = await setUp({ options: { 'dns-session-queries': '3' } });
    server.script(() => true, { kind: 'hold' });
    dns.start('open');
    for (let i = 0; i < 5; i++) dns.start('query', 1, 'A', `n${i}.test`);
    const other = dns.another();
    other.start('open');
    other.start('query', 1, 'A', 'other.test');
    const waiting = [dns.wait(), other.wait()];
    await server.seen(4);
    server.release();
    const [mine, theirs] = await Promise.all(waiting);
    expect(mine?.list.map((entry) => entry.rcode)).toEqual([3, 3, 3, rcode.ERRNO, rcode.ERRNO]);
    expect(mine?.list[4]?.error).toBe('more than 3 queries pending (dns-session-queries)');
    expect(dns.log.short).toContain(
      'notice dns IN,A,n4.test.: ERRNO: more than 3 queries pending (dns-session-queries)',
    );
    expect(theirs?.list.map((entry) => entry.rcode)).toEqual([3]);
  });

  it('stops a loop without dns.reset', async () => {
    const { dns } = await setUp();
    dns.start('open');
    const loop = () => {
      for (let i = 0; i < 20_001; i++) dns.start('query', 1, 'A', 'a..b');
    };
    expect(loop).toThrow('more than 20000 answers collected; call dns.reset() between rounds');
    dns.start('reset');
    dns.start('query', 1, 'A', 'a..b');
    expect((await dns.wait()).list.length).toBe(1);
  });

  it('takes as long as the option of the connection says', async () => {
    const clock = new FakeClock();
    const { dns, server } = await setUp({ clock });
    server.script(() => true, { kind: 'drop' });
    dns.options.set('dns-max-timeout', '2', 'smtpe.setoption');
    dns.start('open');
    dns.start('query', 1, 'A', 'a.test');
    const waiting = dns.wait();
    await server.seen(1);
    clock.advance(2000);
    expect((await waiting).list[0]).toMatchObject({
      rcode: rcode.TIMEDOUT,
      error: expect.stringContaining('within 2 s'),
    });
    expect(clock.pending).toBe(0);
  });
});

describe('the end', () => {
  it.each(['reset', 'close', 'endOfHook', 'cancel'])('%s gives up what is pending', async (how) => {
    const clock = new FakeClock();
    const { dns, server } = await setUp({ clock });
    server.script('slow.test', { kind: 'hold' });
    dns.start('open');
    dns.start('query', 1, 'A', 'slow.test');
    const waiting = dns.start('wait', true);
    await server.seen(1);
    if (!isSuspension(waiting)) throw new Error('did not wait');
    if (how === 'cancel') waiting.cancel();
    else if (how === 'endOfHook') dns.endOfHook();
    else dns.start(how);
    expect(toAnswers((await waiting.done)[0]).list).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(await dns.call('ispending')).toBe(false);
    // A late answer changes nothing.
    server.release();
    dns.start('open');
    const { list } = await dns.ask(['A', 'a.test']);
    expect(list.map((entry) => entry.name)).toEqual(['a.test.']);
  });

  it('of a hook closes the context', async () => {
    const { dns } = await setUp();
    await dns.ask(['A', 'a.test']);
    dns.endOfHook();
    expect((await dns.wait()).list).toEqual([]);
    dns.start('query', 1, 'A', 'a.test');
    expect(dns.log.short.at(-1)).toMatch(/^err dns\.query without dns\.open/);
  });

  it('may be opened and closed again and again', async () => {
    const { dns } = await setUp();
    dns.start('close');
    for (let i = 0; i < 3; i++) {
      dns.start('open');
      dns.start('open');
      expect((await dns.ask(['A', 'a.test'])).list.length).toBe(1);
      dns.start('close');
      dns.start('close');
    }
  });
});

describe('dns.isequal', () => {
  const record = (fields: Record<string, LuaValue>): LuaValue =>
    new Map(Object.entries({ class: 1, ttl: 5, ...fields }));
  const a = record({ name: 'a.test.', type: 1, value: '192.0.2.1' });
  const mx = record({ name: 'a.test.', type: 15, preference: 10, value: 'mx.test.' });
  const soa = record({ name: 'a.test.', type: 6, mname: 'x.', serial: 1 });
  const txt = record({ name: 'a.test.', type: 16, value: 'a\0B' });
  const srv = record({ name: 'a.test.', type: 33, priority: 1, weight: 2, port: 3, value: 'x.' });
  it.each<[string, LuaValue, LuaValue, boolean]>([
    ['the same record', a, a, true],
    ['another case and TTL', a, record({ name: 'A.Test.', type: 1, value: '192.0.2.1', ttl: 9 }), true],
    ['another address', a, record({ name: 'a.test.', type: 1, value: '192.0.2.2' }), false],
    ['another name', a, record({ name: 'b.test.', type: 1, value: '192.0.2.1' }), false],
    ['another class', a, record({ name: 'a.test.', type: 1, class: 3, value: '192.0.2.1' }), false],
    ['another type', a, record({ name: 'a.test.', type: 2, value: '192.0.2.1' }), false],
    [
      'MX in another case',
      mx,
      record({ name: 'a.test.', type: 15, preference: 10, value: 'MX.test.' }),
      true,
    ],
    [
      'MX of another preference',
      mx,
      record({ name: 'a.test.', type: 15, preference: 20, value: 'mx.test.' }),
      false,
    ],
    ['MX without value', mx, record({ name: 'a.test.', type: 15, preference: 10 }), false],
    ['SOA of the same serial', soa, record({ name: 'a.test.', type: 6, mname: 'y.', serial: 1 }), true],
    ['SOA of another serial', soa, record({ name: 'a.test.', type: 6, mname: 'x.', serial: 2 }), false],
    ['the same octets', txt, record({ name: 'A.test.', type: 16, value: 'a\0B' }), true],
    ['octets in another case', txt, record({ name: 'a.test.', type: 16, value: 'a\0b' }), false],
    [
      'all fields of another type',
      srv,
      record({ name: 'a.test.', type: 33, priority: 1, weight: 2, port: 3, value: 'x.', ttl: 1 }),
      true,
    ],
    [
      'one field of another type',
      srv,
      record({ name: 'a.test.', type: 33, priority: 1, weight: 2, port: 4, value: 'x.' }),
      false,
    ],
    ['two records without data', record({ name: 'a.', type: 1 }), record({ name: 'a.', type: 1 }), false],
    ['tables that are no records', new Map([[1, 'a']]), new Map([[1, 'a']]), true],
    ['nested tables', new Map([[1, new Map([[1, 2]])]]), new Map([[1, new Map([[1, 3]])]]), false],
    ['a record and something else', a, new Map([[1, 'a']]), false],
    ['equal values', 'x', 'x', true],
    ['other values', 'x', 1, false],
    ['a record and nil', a, undefined, false],
    ['nil and nil', undefined, undefined, false],
  ])('%s', async (_what, one, two, equal) => {
    const { dns } = await setUp();
    expect(await dns.call('isequal', one, two)).toBe(equal);
    expect(await dns.call('isequal', two, one)).toBe(equal);
  });
});

describe('names of numbers', () => {
  it('are those of the original, and more', async () => {
    const { dns } = await setUp();
    const names = (fn: string, ...numbers: number[]) =>
      Promise.all(numbers.map((number) => dns.call(fn, number)));
    expect(await names('classname', 1, 2, 3, 4, 255, 9)).toEqual([
      'IN',
      'CS',
      'CH',
      'HS',
      'ANY',
      '(unknown)',
    ]);
    expect(await names('typename', 1, 2, 5, 6, 10, 11, 12, 13, 14, 15, 16, 28, 38, 39, 255)).toEqual(
      'A NS CNAME SOA NULL WKS PTR HINFO MINFO MX TXT AAAA A6 DNAME ANY'.split(' '),
    );
    expect(await names('typename', 33, 35, 43, 48, 52, 64, 65, 257, 999)).toEqual(
      'SRV NAPTR DS DNSKEY TLSA SVCB HTTPS CAA (unknown)'.split(' '),
    );
    expect(await names('rcodename', 0, 1, 2, 3, 4, 5, 16, 17, 6)).toEqual([
      'OK',
      'FORMAT',
      'SERVER',
      'NXDOMAIN',
      'NOT IMPLEMENTED',
      'REFUSED',
      'ERRNO',
      'TIMED OUT',
      '(unknown)',
    ]);
    expect(() => dns.start('typename', undefined)).toThrow("bad argument #1 to 'dns.typename'");
  });
});
