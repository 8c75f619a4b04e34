// dns.a, aaaa, mx, ptr and txt: what they give, what they leave alone, and how they end.
import { afterEach, describe, expect, it } from 'vitest';
import { FakeDnsServer, recordsAction } from '../../../src/bench/ports/dns-server.ts';
import { packetOctets, recordOctets } from '../../../src/bench/ports/dns-zone.ts';
import type { LuaResults, Suspension } from '../../../src/lua-api/function-spec.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { type DnsRig, type DnsRigSettings, dnsRig } from '../../fakes/dns-rig.ts';

const zone = [
  'a.test A 300 192.0.2.1',
  'a.test A 300 192.0.2.2',
  'six.test AAAA 300 2001:db8::1',
  'alias.test CNAME 300 a.test.',
  'mx.test MX 300 20 b.test.',
  'mx.test MX 300 10 a.test.',
  'txt.test TXT 300 v=spf1 -all',
  '1.2.0.192.in-addr.arpa PTR 300 a.test.',
  'bad.test FAIL 2',
];

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function setUp(settings: DnsRigSettings = {}): Promise<{ server: FakeDnsServer; dns: DnsRig }> {
  const server = await FakeDnsServer.start(zone);
  const dns = await dnsRig(server, settings);
  open.push(dns, server);
  return { server, dns };
}

const isSuspension = (outcome: LuaResults | Suspension): outcome is Suspension => 'kind' in outcome;

async function ask(dns: DnsRig, name: string, ...args: readonly LuaValue[]): Promise<LuaResults> {
  const outcome = dns.start(name, ...args);
  return isSuspension(outcome) ? outcome.done : outcome;
}

describe('the short forms', () => {
  it.each<readonly [string, string, unknown]>([
    ['a', 'A.test', [['192.0.2.1', '192.0.2.2'], 0]],
    ['a', 'alias.test.', [['192.0.2.1', '192.0.2.2'], 0]],
    ['aaaa', 'six.test', [['2001:db8::1'], 0]],
    ['aaaa', 'a.test', [[], 0]],
    [
      'mx',
      'mx.test',
      [
        [
          { preference: 10, value: 'a.test.' },
          { preference: 20, value: 'b.test.' },
        ],
        0,
      ],
    ],
    ['ptr', '192.0.2.1', [['a.test.'], 0]],
    ['txt', 'txt.test', [[Buffer.from('v=spf1 -all')], 0]],
    ['txt', 'gone.test', [[], 3]],
    ['txt', 'bad.test', [undefined, 2, undefined]],
    ['mx', 'two..dots', [undefined, 16, expect.any(String)]],
    ['a', '', [undefined, 16, 'no name']],
  ])('dns.%s(%j)', async (name, asked, results) => {
    const { dns } = await setUp();
    const [list, ...rest] = await ask(dns, name, asked);
    const sorted = name === 'a' && Array.isArray(list) ? list.toSorted() : list;
    expect([sorted, ...rest]).toEqual(results);
  });

  it('leaves what dns.query has asked alone', async () => {
    const { dns } = await setUp();
    dns.start('open');
    dns.start('query', 1, 'MX', 'mx.test');
    expect(await ask(dns, 'txt', 'txt.test')).toEqual([[Buffer.from('v=spf1 -all')], 0]);
    const { list } = await dns.wait();
    expect(list.map(({ name }) => name)).toEqual(['mx.test.']);
  });

  it('counts for dns-session-queries, and no more when it was answered or given up', async () => {
    const { dns, server } = await setUp({ options: { 'dns-session-queries': '1' } } as DnsRigSettings);
    server.script('held.test', { kind: 'hold' });
    const held = dns.start('a', 'held.test');
    if (!isSuspension(held)) throw new Error('it does not wait');
    expect(held.describe()).toBe('dns.a (held.test)');
    expect(await ask(dns, 'a', 'a.test')).toEqual([
      undefined,
      16,
      'more than 1 queries pending (dns-session-queries)',
    ]);
    held.cancel();
    await held.done;
    expect((await ask(dns, 'a', 'a.test'))[1]).toBe(0);
  });
});

/** A name of these labels, whatever is in them. */
const labels = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([
    ...parts.map((part) => Buffer.concat([Buffer.of(part.length), Buffer.from(part as string, 'latin1')])),
    Buffer.of(0),
  ]);
const mx = (preference: number, host: Buffer): Buffer =>
  Buffer.concat([Buffer.of(preference >> 8, preference & 255), host]);
const texts = (...parts: readonly string[]): Buffer => labels(...parts).subarray(0, -1);

describe('answers of whoever runs the zone', () => {
  it.each<readonly [string, string, number, readonly Buffer[], unknown]>([
    [
      'what stands in labels moves no dot and ends no line',
      'mx',
      15,
      [
        mx(1, labels('a.b', 'c')),
        mx(2, labels('a\\b')),
        mx(3, labels('a\0b', 'c\r\nX: y')),
        mx(4, labels('\xff')),
      ],
      [
        [
          { preference: 1, value: 'a\\.b.c.' },
          { preference: 2, value: 'a\\\\b.' },
          { preference: 3, value: 'a\\000b.c\\013\\010X:\\032y.' },
          { preference: 4, value: '\\255.' },
        ],
        0,
      ],
    ],
    ['no mail at all', 'mx', 15, [mx(0, labels())], [[{ preference: 0, value: '.' }], 0]],
    ['a name with a line end', 'ptr', 12, [labels('a\r\nb')], [['a\\013\\010b.'], 0]],
    [
      'pieces of a text',
      'txt',
      16,
      [texts('a'.repeat(255), 'b', ''), texts('\0\r\n\xff'), texts('')],
      [[`${'a'.repeat(255)}b`, '\0\r\n\xff', ''].map((text) => Buffer.from(text, 'latin1')), 0],
    ],
    [
      'a text longer than its record',
      'txt',
      16,
      [texts('a').fill(5, 0, 1)],
      [undefined, 2, expect.any(String)],
    ],
    ['a text without strings', 'txt', 16, [Buffer.alloc(0)], [undefined, 2, expect.any(String)]],
    ['an address of three octets', 'a', 1, [Buffer.of(1, 2, 3)], [undefined, 2, expect.any(String)]],
    ['an address of five octets', 'a', 1, [Buffer.of(1, 2, 3, 4, 5)], [undefined, 2, expect.any(String)]],
    ['a label of 64 octets', 'mx', 15, [mx(1, labels('a'.repeat(64)))], [undefined, 2, expect.any(String)]],
    [
      'a name of more than 255 octets',
      'mx',
      15,
      [mx(1, labels(...Array<string>(5).fill('a'.repeat(63))))],
      [undefined, 2, expect.any(String)],
    ],
    ['records of another type', 'a', 16, [texts('x')], [[], 0]],
    ['an alias that leads to itself', 'a', 5, [labels('bad', 'test')], [undefined, 2, expect.any(String)]],
  ])('%s', async (_what, name, type, data, results) => {
    const { dns, server } = await setUp();
    server.script(
      'bad.test',
      recordsAction(...data.map((octets) => recordOctets('bad.test', type, 60, octets))),
    );
    expect(await ask(dns, name, 'bad.test')).toEqual(results);
  });

  it('there is no such name, though there are records of it', async () => {
    const { dns, server } = await setUp();
    const answer = [recordOctets('bad.test', 1, 60, Buffer.of(192, 0, 2, 1))];
    server.script('bad.test', {
      kind: 'packet',
      make: (query) => packetOctets({ id: query.id, rcode: 3, question: query.question, answer }),
    });
    expect(await ask(dns, 'a', 'bad.test')).toEqual([[], 3]);
  });

  it.each([
    ['a', 'a b.test'],
    ['a', 'a\0.test'],
    ['a', 'a\r\nb.test'],
    ['a', 'a\\.b.test'],
    ['a', '\xff.test'],
    ['a', `${'a'.repeat(64)}.test`],
    ['a', 'a.'.repeat(200)],
    ['mx', 'x'.repeat(1_000_000)],
    ['txt', 'a.test..'],
  ])('dns.%s does not ask about %j', async (name, asked) => {
    const { dns, server } = await setUp();
    expect(await ask(dns, name, asked)).toEqual([undefined, 16, expect.any(String)]);
    expect(server.queries).toEqual([]);
  });
});

describe('a TXT record', () => {
  it('has its strings, too', async () => {
    const { dns } = await setUp();
    const { list } = await dns.ask(['TXT', 'txt.test']);
    const value = Buffer.from('v=spf1 -all');
    expect(list[0]?.answer).toMatchObject([{ value, strings: [value] }]);
  });
});

describe('types', () => {
  it('those of sender checks and keys have names; others are asked by number', async () => {
    const { dns } = await setUp();
    const names = await Promise.all([99, 44, 53, 61, 256, 46, 29].map((type) => dns.call('typename', type)));
    expect(names).toEqual(['SPF', 'SSHFP', 'SMIMEA', 'OPENPGPKEY', 'URI', 'RRSIG', 'LOC']);
    const { byKey } = await dns.ask(['SPF', 'a.test'], ['TYPE65280', 'a.test'], ['RP', 'a.test']);
    expect(Object.keys(byKey)).toEqual(['IN,SPF,a.test.', 'IN,TYPE65280,a.test.', 'IN,TYPE17,a.test.']);
  });
});
