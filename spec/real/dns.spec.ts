// The module dns against NSD (authoritative: we follow the aliases) and Unbound (recursive: it does). Every type of dns.type, as the real
// servers encode it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rcode } from '../../src/dns/resolver-api.ts';
import type { LuaRecord, LuaValue } from '../../src/lua-api/value.ts';
import { type DnsRig, dnsRig, type QueryRecord } from '../fakes/dns-rig.ts';
import { longText, type NameServer, startNsd, startUnbound } from './name-servers.ts';
import { describeWith } from './needs.ts';

const reverse6 = '6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa';

/** What is asked, and the fields of the records that come, in order. */
const answers: readonly (readonly [
  type: string,
  name: string,
  records: readonly Readonly<Record<string, LuaValue>>[],
])[] = [
  ['A', 'a.test', [{ name: 'a.test.', type: 1, ttl: 300, value: '192.0.2.1' }]],
  ['A', 'x.wild.test', [{ name: 'x.wild.test.', value: '192.0.2.99' }]],
  ['AAAA', 'six.test', [{ value: '2001:db8::6' }]],
  ['AAAA', 'mapped.test', [{ value: '::ffff:192.0.2.1' }]],
  [
    'MX',
    'mx.test',
    [
      { preference: 10, value: 'a.test.' },
      { preference: 20, value: 'b.test.' },
    ],
  ],
  ['MX', 'nullmx.test', [{ preference: 0, value: '.' }]],
  ['NS', 'test', [{ value: 'ns.test.' }]],
  ['SOA', 'test', [{ mname: 'ns.test.', rname: 'host\\.master.test.', serial: 2026010101, minimum: 120 }]],
  ['TXT', 'txt.test', [{ value: Buffer.from('v=spf1 -all\0\xff\n', 'latin1') }]],
  ['TXT', 'long.test', [{ value: Buffer.from(longText) }]],
  ['SRV', 'srv.test', [{ priority: 1, weight: 2, port: 25, value: 'a.test.' }]],
  ['CAA', 'caa.test', [{ flags: 128, tag: 'issue', value: 'ca.test; a=b' }]],
  [
    'TLSA',
    'tlsa.test',
    [{ usage: 3, selector: 1, matching: 1, value: expect.stringMatching(/^d2abde24[0-9a-f]{56}$/) }],
  ],
  [
    'NAPTR',
    'naptr.test',
    [
      {
        order: 100,
        preference: 50,
        flags: 'u',
        services: 'E2U+email',
        regexp: '!^.*$!mailto:x@test!',
        value: '.',
      },
    ],
  ],
  [
    'DS',
    'ds.test',
    [{ key_tag: 60485, algorithm: 5, digest_type: 1, value: '2bb183af5f22588179a53b0a98631fad1a292118' }],
  ],
  [
    'DNSKEY',
    'dnskey.test',
    [{ flags: 257, protocol: 3, algorithm: 8, value: expect.stringMatching(/^AwEAAaHI.*z6Y$/) }],
  ],
  ['HTTPS', 'https.test', [{ priority: 1, value: '.', params: 'alpn=h2,h3 port=8443 ipv4hint=192.0.2.1' }]],
  ['SVCB', 'svcb.test', [{ priority: 0, value: 'a.test.', params: '' }]],
  ['HINFO', 'hinfo.test', [{ cpu: 'PDP-11', os: 'UNIX' }]],
  ['PTR', 'odd.test', [{ value: 'a\\.b\\010c.test.' }]],
  ['PTR', '192.0.2.1', [{ name: '1.2.0.192.in-addr.arpa.', value: 'a.test.' }]],
  ['PTR', '2001:db8::6', [{ name: `${reverse6}.`, value: 'six.test.' }]],
  ['CNAME', 'alias.test', [{ value: 'a.test.' }]],
  [
    'A',
    'chain.test',
    [
      { type: 5, value: 'alias.test.' },
      { type: 5, value: 'a.test.' },
      { type: 1, value: '192.0.2.1' },
    ],
  ],
  [
    'A',
    'away.test',
    [
      { type: 5, value: 'host.other.' },
      { type: 1, value: '192.0.2.53' },
    ],
  ],
  [
    'A',
    'www.old.test',
    [
      { type: 39, name: 'old.test.', value: 'new.test.' },
      { type: 5, value: 'www.new.test.' },
      { type: 1, value: '192.0.2.80' },
    ],
  ],
  ['DNAME', 'old.test', [{ value: 'new.test.' }]],
];

/** Names in lower case: servers differ in the case that they give back. */
function lower(record: LuaRecord): LuaRecord {
  const isName = (value: LuaValue): value is string => typeof value === 'string' && value.endsWith('.');
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, isName(value) ? value.toLowerCase() : value]),
  );
}

function records(entry: QueryRecord | undefined): readonly LuaRecord[] {
  return (entry?.answer ?? []).map(lower);
}

const servers = { nsd: startNsd, unbound: startUnbound } as const;

for (const [program, start] of Object.entries(servers)) {
  describeWith([program], program, () => {
    let server: NameServer;
    let dns: DnsRig;
    beforeAll(async () => {
      server = await start();
      dns = await dnsRig(server.address);
    });
    afterAll(async () => {
      dns.close();
      await server.stop();
    });

    it.each(answers)('%s %s', async (type, name, expected) => {
      dns.start('reset');
      const { list } = await dns.ask([type, name]);
      expect(list[0]).toMatchObject({ rcode: 0 });
      expect(records(list[0])).toMatchObject(expected);
      // Unbound gives the alias that it makes of a DNAME no TTL.
      if (name !== 'www.old.test') expect(list[0]?.ttl).toBeGreaterThan(100);
    });

    it('gives addresses in any order', async () => {
      const { list } = await dns.another().ask(['A', 'multi.test']);
      expect(
        records(list[0])
          .map((record) => record.value)
          .sort(),
      ).toEqual(['192.0.2.1', '192.0.2.2']);
    });

    it('knows what there is not, and keeps that as long as the SOA says', async () => {
      const { list } = await dns.another().ask(['A', 'nothing.test'], ['TXT', 'a.test'], ['A', 'gone.test']);
      expect(list[0]).toMatchObject({ rcode: rcode.NXDOMAIN });
      expect([119, 120]).toContain(list[0]?.ttl);
      expect(list[0]?.authority).toBeUndefined();
      expect(list[1]).toMatchObject({
        rcode: 0,
        answer: [],
        authority: [{ type: 6, name: 'test.' }],
      });
      expect(list[2]).toMatchObject({ rcode: rcode.NXDOMAIN });
      const again = dns.resolver.query({ name: 'nothing.test', type: 1, class: 1 });
      expect(again).toMatchObject({ rcode: rcode.NXDOMAIN });
    });

    it('says when the server will not or cannot tell', async () => {
      const { list } = await dns.another().ask(['A', 'name.nowhere']);
      // NSD refuses what it does not serve; the server that Unbound asks fails.
      expect(list[0]?.rcode).toBe(program === 'nsd' ? rcode.REFUSED : rcode.SERVFAIL);
      expect(list[0]?.answer).toBeUndefined();
    });

    it('answers 500 names asked at once', async () => {
      const other = dns.another();
      other.options.set('dns-session-queries', '1000', 'spec');
      const names = Array.from({ length: 500 }, (_, i) => `n${i}.wild.test`);
      const { list } = await other.ask(...names.map((name) => ['A', name] as const));
      expect(list.map((entry) => entry.name)).toEqual(names.map((name) => `${name}.`));
      expect(new Set(list.map((entry) => entry.answer?.[0]?.value))).toEqual(new Set(['192.0.2.99']));
    });

    it('finds names and addresses for the session and the next hop', async () => {
      expect(await dns.resolver.reverse('192.0.2.1')).toBe('a.test');
      expect(await dns.resolver.reverse('192.0.2.200')).toBeUndefined();
      expect(await dns.resolver.addresses('away.test')).toEqual(['192.0.2.53']);
      expect([...(await dns.resolver.addresses('multi.test'))].sort()).toEqual(['192.0.2.1', '192.0.2.2']);
    });
  });
}
