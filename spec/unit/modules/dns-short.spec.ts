// dns.a, aaaa, mx, ptr and txt: what they give, what they leave alone, and how they end.
import { afterEach, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
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
