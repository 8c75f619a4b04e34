// Random SPF records that mean something, with a zone around them: for second opinions.
import fc from 'fast-check';
import type { SuiteZone, ZoneRow } from './mail-auth-zone.ts';

export interface SpfTask {
  readonly zone: SuiteZone;
  readonly ip: string;
  readonly mailfrom: string;
  readonly helo: string;
}

const hosts = ['h1', 'h2', 'h3', 'h4', 'mail', 'deep.h1'].map((name) => `${name}.example.com`);
const domains = ['example.com', 'd1.example.com', 'd2.example.com', 'd3.example.com', 'none.example.com'];
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hosts) },
  { weight: 2, arbitrary: fc.constantFrom(...domains) },
  fc.constantFrom(
    '%{d}',
    '%{d2}',
    '%{o}',
    'h1.%{d3}',
    '%{h}',
    '%{l}.example.com',
    '%{ir}.%{v}.example.com',
    '%{l1r-}.example.com',
  ),
);
const bits4 = fc.constantFrom('', '', '/24', '/31', '/32', '/0', '/33', '/08');
const bits6 = fc.constantFrom('', '', '//64', '//127', '//128', '//0', '//129');
const bits = fc.tuple(bits4, bits6).map((both) => both.join(''));
const sign = fc.constantFrom('', '', '+', '-', '~', '?');
const mistake = fc.constantFrom(
  'all:x',
  'ip4',
  'ip4:1.2.3',
  'ip6:::z',
  'a:',
  'include',
  'foo',
  'mx:x.1',
  'exists:x',
  'a:%{x}.example.com',
  'a:h1.example.com.',
  'x=%',
  'y=1',
);
const term = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(sign, fc.constantFrom('192.0.2.1', '192.0.2.0/24', '198.51.100.0/25', '192.0.2.1/32'))
      .map(([s, ip]) => `${s}ip4:${ip}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(sign, fc.constantFrom('2001:db8::1', '2001:db8::/32', '::ffff:192.0.2.1', '2001:DB8::/127'))
      .map(([s, ip]) => `${s}ip6:${ip}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(sign, fc.constantFrom('a', 'mx', 'A'), fc.option(name), bits)
      .map(([s, kind, at, length]) => `${s}${kind}${at === null ? '' : `:${at}`}${length}`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(sign, fc.constantFrom('include', 'exists'), name)
      .map(([s, kind, at]) => `${s}${kind}:${at}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(sign, fc.option(fc.constantFrom(...domains)))
      .map(([s, at]) => `${s}ptr${at === null ? '' : `:${at}`}`),
  },
  { weight: 1, arbitrary: sign.map((s) => `${s}all`) },
  { weight: 1, arbitrary: name.map((at) => `redirect=${at}`) },
  { weight: 1, arbitrary: mistake },
);
const record = fc
  .tuple(
    fc.constantFrom('v=spf1', 'v=spf1', 'v=spf1', 'V=SPF1', 'v=spf10'),
    fc.array(term, { maxLength: 7 }),
    fc.constantFrom(' ', ' ', '  '),
  )
  .map(([version, terms, blank]) => [version, ...terms].join(blank));
const a = fc.constantFrom('192.0.2.1', '192.0.2.7', '198.51.100.3');
const aaaa = fc.constantFrom('2001:db8::1', '2001:db8::7', '2001:db9::1');

/** Every host has addresses of both families, every domain mail exchangers: nobody agrees on what counts as a look-up that found nothing. */
const zone = fc
  .record({
    texts: fc.array(record, { minLength: 4, maxLength: 4 }),
    four: fc.array(a, { minLength: 11, maxLength: 11 }),
    six: fc.array(aaaa, { minLength: 11, maxLength: 11 }),
    second: fc.option(record, { freq: 12 }),
  })
  .map(({ texts, four, six, second }) => {
    const entries: [string, { records: ZoneRow[] }][] = [...hosts, ...domains.slice(0, 4)].map((at, i) => [
      at,
      {
        records: [
          { type: 'A', value: four[i] ?? '' },
          { type: 'AAAA', value: six[i] ?? '' },
          { type: 'MX', preference: 10, value: hosts[i % hosts.length] ?? '' },
        ],
      },
    ]);
    const all = Object.fromEntries(entries);
    for (const [i, text] of texts.entries())
      all[domains[i] ?? '']?.records.push({ type: 'TXT', strings: [text.slice(0, 20), text.slice(20)] });
    if (second !== null) all['example.com']?.records.push({ type: 'TXT', strings: [second] });
    all['1.2.0.192.in-addr.arpa'] = {
      records: [
        { type: 'PTR', value: 'h1.example.com' },
        { type: 'PTR', value: 'h2.example.com' },
      ],
    };
    all['7.2.0.192.in-addr.arpa'] = { records: [{ type: 'PTR', value: 'd1.example.com' }] };
    return all;
  });
export const spfTask: fc.Arbitrary<SpfTask> = fc.record({
  zone,
  ip: fc.constantFrom('192.0.2.1', '192.0.2.7', '198.51.100.3', '2001:db8::1', '2001:db8::7'),
  mailfrom: fc.constantFrom(
    'a@example.com',
    'h1@example.com',
    'h2-x@d1.example.com',
    '',
    'x@none.example.com',
  ),
  helo: fc.constantFrom('h1.example.com', 'd2.example.com', 'mail.example.com'),
});
