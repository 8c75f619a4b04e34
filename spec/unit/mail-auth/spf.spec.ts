// SPF by cases of our own, for what otherwise only the suite of RFC 7208 shows, so that a clone by itself proves each rule; and what a check may cost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSpf } from '../../../src/mail-auth/spf/check.ts';
import type { SpfResult } from '../../../src/mail-auth/spf/result.ts';
import { SuiteRecords, type SuiteZone, type ZoneFaults, type ZoneRow } from '../../fakes/mail-auth-zone.ts';

interface Question extends ZoneFaults {
  readonly ip?: string;
  readonly helo?: string;
  readonly sender?: string;
}

const rows = (type: ZoneRow['type'], ...values: string[]): ZoneRow[] =>
  values.map((value) => (type === 'TXT' ? { type, strings: [value] } : { type, value, preference: 10 }));

/** A row for each name: texts are TXT records, others `A 192.0.2.1` and so on. */
function zoneOf(names: Readonly<Record<string, string | readonly string[]>>): SuiteZone {
  return Object.fromEntries(
    Object.entries(names).map(([name, texts]) => [
      name,
      {
        records: [texts].flat().flatMap((text) => {
          const [, type, value] = /^(A|AAAA|MX|PTR|CNAME) (.*)$/.exec(text) ?? [];
          return type === undefined ? rows('TXT', text) : rows(type as ZoneRow['type'], value ?? '');
        }),
      },
    ]),
  );
}

async function check(
  names: Readonly<Record<string, string | readonly string[]>>,
  { ip = '192.0.2.1', helo = 'h.example', sender = 'a@example.com', ...faults }: Question = {},
): Promise<SpfResult & { readonly asked: readonly string[] }> {
  const lookup = new SuiteRecords(zoneOf(names), faults);
  const result = await checkSpf(
    { ip, helo, sender },
    { lookup, receiver: 'mx.example.org', now: 1_795_867_200 },
  );
  return { ...result, asked: lookup.asked };
}

/** The result of a record of example.com alone, and of what it refers to. */
const record = async (
  text: string,
  more: Readonly<Record<string, string | readonly string[]>> = {},
  question: Question = {},
) => (await check({ 'example.com': text, ...more }, question)).result;

describe('records', () => {
  it.each([
    ['v=spf1', 'neutral'],
    ['V=sPf1 -ALL', 'fail'],
    ['v=spf1  -all ', 'fail'],
    ['v=spf10 -all', 'none'],
    ['v=spf1\t-all', 'none'],
    ['v=spf1 -all\u00a0', 'permerror'],
    ['v=spf1 ip4:192.0.2.1 foo', 'permerror'],
    ['v=spf1 ip4:192.0.2.1 -all:x', 'permerror'],
    ['v=spf1 -all/8', 'permerror'],
    ['v=spf1 +all moo.cow-far_out=x', 'pass'],
    ['v=spf1 +all moo.cow:x=y', 'permerror'],
    ['v=spf1 +all =x', 'permerror'],
    ['v=spf1 +all 1x=y', 'permerror'],
    ['v=spf1 +all x=%', 'permerror'],
    ['v=spf1 +all exp=a.example exp=a.example', 'permerror'],
    ['v=spf1 +all redirect=a.example redirect=a.example', 'permerror'],
    ['v=spf1 +all exp=', 'permerror'],
    ['v=spf1 redirect:a.example', 'permerror'],
    ['v=spf1 include', 'permerror'],
    ['v=spf1 include:', 'permerror'],
    ['v=spf1 include:a.example/24', 'permerror'],
    ['v=spf1 exists', 'permerror'],
    ['v=spf1 a:museum', 'permerror'],
    ['v=spf1 a:a.1', 'permerror'],
    ['v=spf1 a:a.-com', 'permerror'],
    ['v=spf1 a:a.com-', 'permerror'],
    ['v=spf1 a:a.example:8080', 'permerror'],
    ['v=spf1 a:', 'permerror'],
    ['v=spf1 a/33', 'permerror'],
    ['v=spf1 a//129', 'permerror'],
    ['v=spf1 a/24/64', 'permerror'],
    ['v=spf1 a/08', 'permerror'],
    ['v=spf1 ptr/24', 'permerror'],
    ['v=spf1 ptr:', 'permerror'],
    ['v=spf1 ip4', 'permerror'],
    ['v=spf1 ip4:192.0.2', 'permerror'],
    ['v=spf1 ip4:192.0.2.1/33', 'permerror'],
    ['v=spf1 ip4:192.0.2.1/024', 'permerror'],
    ['v=spf1 ip4:192.0.2.1//32', 'permerror'],
    ['v=spf1 ip4:192.0.2.01', 'permerror'],
    ['v=spf1 ip6:192.0.2.1', 'permerror'],
    ['v=spf1 ip6:::1::', 'permerror'],
    ['v=spf1 ip6:::1/129', 'permerror'],
    ['v=spf1 exists:%{x}.example', 'permerror'],
    ['v=spf1 exists:%{c}.example', 'permerror'],
    ['v=spf1 exists:%{d0}.example', 'permerror'],
    ['v=spf1 exists:%(d).example', 'permerror'],
    ['v=spf1 exists:%{dx}.example', 'permerror'],
  ])('%j is %s', async (text, result) => {
    expect(await record(text)).toBe(result);
  });

  it('two are a mistake, one beside other texts is none', async () => {
    expect((await check({ 'example.com': ['v=spf1 -all', 'v=spf1'] })).result).toBe('permerror');
    expect((await check({ 'example.com': ['v=spf1 -all', 'hello \u0096', 'v=spf10'] })).result).toBe('fail');
  });
});

describe('whom', () => {
  it.each([
    ['a@localhost', 'none'],
    ['a@[192.0.2.1]', 'none'],
    ['a@a..example.com', 'none'],
    [`a@${'x'.repeat(64)}.example.com`, 'none'],
    ['a@EXAMPLE.com.', 'fail'],
    ['@example.com', 'fail'],
    ['"a@b"@example.com', 'fail'],
    ['a@ex\u00c3\u00a4mple.com', 'softfail'],
  ])('%j: %s', async (sender, result) => {
    expect(
      (await check({ 'example.com': 'v=spf1 -all', 'xn--exmple-cua.com': 'v=spf1 ~all' }, { sender })).result,
    ).toBe(result);
  });

  it('HELO with the null sender, unless it is no domain', async () => {
    const names = { 'h.example': 'v=spf1 a:%{l}.%{o} -all', 'postmaster.h.example': 'A 192.0.2.1' };
    expect(await check(names, { sender: '' })).toMatchObject({
      result: 'pass',
      scope: 'helo',
      domain: 'h.example',
    });
    for (const helo of ['', 'h', '[192.0.2.1]', 'a b', 'x;dkim=pass'])
      expect(await check(names, { sender: '', helo })).toMatchObject({ result: 'none', scope: 'helo' });
  });

  it('is no address', async () => {
    expect(await check({ 'example.com': 'v=spf1 +all' }, { ip: 'x' })).toMatchObject({
      result: 'permerror',
      cause: 'not an IP address',
      asked: [],
    });
  });
});

describe('mechanisms', () => {
  const hosts = { 'h.example': ['A 192.0.2.77', 'AAAA 2001:db8::1'], 'm.example': ['MX h.example'] };

  it.each([
    ['ip4:192.0.2.0/24', '192.0.2.1', 'pass'],
    ['ip4:192.0.2.0/0', '203.0.113.1', 'pass'],
    ['ip4:192.0.2.1', '::ffff:192.0.2.1', 'pass'],
    ['ip4:192.0.2.1', '::FFFF:C000:201', 'pass'],
    ['ip6:::ffff:192.0.2.1', '192.0.2.1', 'fail'],
    ['ip6:::/0', '192.0.2.1', 'fail'],
    ['ip6:2001:DB8::/32', '2001:db8::9', 'pass'],
    ['ip6:2001:db8::/127', '2001:db8::2', 'fail'],
    ['a:h.example', '192.0.2.77', 'pass'],
    ['a:h.example/24', '192.0.2.1', 'pass'],
    ['a:h.example/24//64', '2001:db8::9', 'pass'],
    ['a:h.example/24', '2001:db8::9', 'fail'],
    ['a:h.example//64', '192.0.2.1', 'fail'],
    ['a:h.example.', '192.0.2.77', 'pass'],
    ['mx:m.example', '192.0.2.77', 'pass'],
    ['mx:m.example/24//64', '2001:db8::7', 'pass'],
    ['mx:h.example', '192.0.2.77', 'fail'],
    ['exists:h.example', '2001:db8::1', 'pass'],
    ['exists:m.example', '192.0.2.1', 'fail'],
    ['a:h..example', '192.0.2.1', 'fail'],
  ])('%s of %s: %s', async (term, ip, result) => {
    expect(await record(`v=spf1 ${term} -all`, hosts, { ip })).toBe(result);
  });

  it('ptr wants a name below the domain that has the address, and is no error', async () => {
    const names = {
      '1.2.0.192.in-addr.arpa': ['PTR evil.example', 'PTR Host.Example.com'],
      'host.example.com': 'A 192.0.2.1',
    };
    expect(await record('v=spf1 ptr -all', names)).toBe('pass');
    expect(await record('v=spf1 ptr:example.org -all', names)).toBe('fail');
    expect(await record('v=spf1 ptr -all', { ...names, 'host.example.com': 'A 192.0.2.2' })).toBe('fail');
    expect(await record('v=spf1 ptr -all', names, { doesNotAnswer: ['1.2.0.192.in-addr.arpa'] })).toBe(
      'fail',
    );
    expect(await record('v=spf1 ptr -all', names, { doesNotAnswer: ['host.example.com'] })).toBe('fail');
    const six = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa';
    const more = { [six]: 'PTR host.example.com', 'host.example.com': 'AAAA 2001:db8::1' };
    expect(await record('v=spf1 ptr -all', more, { ip: '2001:db8::1' })).toBe('pass');
  });

  it.each([
    ['v=spf1 -all', 'pass'],
    ['v=spf1 ~all', 'pass'],
    ['v=spf1 ?all', 'pass'],
    ['v=spf1', 'pass'],
    ['v=spf1 +all', 'softfail'],
    ['hello', 'permerror'],
    ['v=spf1 foo', 'permerror'],
  ])('include of %j', async (included, result) => {
    expect(await record('v=spf1 ~include:inc.example +all', { 'inc.example': included })).toBe(result);
  });

  it('a failed look-up is temperror at every depth, but not behind a match', async () => {
    const names = { 'inc.example': 'v=spf1 a:gone.example -all', 'h.example': 'MX gone.example' };
    const faults = { serverFailure: ['gone.example'] };
    for (const term of [
      'a:gone.example',
      'mx:gone.example',
      'mx:h.example',
      'exists:gone.example',
      'include:gone.example',
      'include:inc.example',
    ])
      expect(await check({ 'example.com': `v=spf1 ${term} +all`, ...names }, faults)).toMatchObject({
        result: 'temperror',
        mechanism: term,
      });
    expect(await record('v=spf1 redirect=gone.example', names, faults)).toBe('temperror');
    expect(await record('v=spf1 ip4:192.0.2.1 a:gone.example', names, faults)).toBe('pass');
    expect((await check({}, { doesNotAnswer: ['example.com'] })).result).toBe('temperror');
  });

  it('redirect takes the place of the record, its domain and its explanation', async () => {
    const names = {
      'r.example': ['v=spf1 a -all exp=x.%{d}', 'A 192.0.2.1'],
      'x.r.example': 'ours %{o}',
      'y.example.com': 'not this',
    };
    expect(await record('v=spf1 redirect=r.example', names)).toBe('pass');
    const failing = await check(
      { 'example.com': 'v=spf1 redirect=r.example exp=y.example.com', ...names },
      { ip: '192.0.2.9' },
    );
    expect(failing).toMatchObject({ result: 'fail', explanation: 'ours example.com', mechanism: '-all' });
    expect(await record('v=spf1 redirect=none.example', names)).toBe('permerror');
    expect(await record('v=spf1 ?all redirect=r.example', names)).toBe('neutral');
    const included = await check(
      { 'example.com': 'v=spf1 include:r.example -all', ...names },
      { ip: '192.0.2.9' },
    );
    expect(included.explanation).toBeUndefined();
  });
});

describe('macros', () => {
  it.each([
    ['%{s} %{l} %{o} %{d} %{h}', 'a.b-c@example.com a.b-c example.com example.com h.example'],
    ['%{l-} %{lr-} %{l1r-} %{l2.-}', 'a.b.c c.a.b a.b b.c'],
    ['%{d1} %{dr} %{d9}', 'com com.example example.com'],
    ['%{i} %{ir} %{v} %{c}', '192.0.2.1 1.2.0.192 in-addr 192.0.2.1'],
    ['%{S} %{L}', 'a.b-c%40example.com a.b-c'],
    ['%{r} %{t} %{p}', 'mx.example.org 1795867200 unknown'],
    ['100%% %_%-', '100%  %20'],
  ])('%j', async (text, shown) => {
    const names = { 'example.com': 'v=spf1 -all exp=x.example', 'x.example': text };
    expect((await check(names, { sender: 'a.b-c@example.com' })).explanation).toBe(shown);
  });

  it('of an IPv6 client', async () => {
    const names = { 'example.com': 'v=spf1 -all exp=x.example', 'x.example': '%{c} %{i} %{v}' };
    const nibbles = '2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1';
    expect((await check(names, { ip: '2001:DB8::1' })).explanation).toBe(`2001:db8::1 ${nibbles} ip6`);
  });

  it('of a validated name', async () => {
    const names = {
      'example.com': 'v=spf1 -all exp=x.example',
      'x.example': '%{p}',
      '1.2.0.192.in-addr.arpa': ['PTR b.example', 'PTR c.example.com'],
      'b.example': 'A 192.0.2.1',
    };
    expect((await check(names)).explanation).toBe('b.example');
    expect((await check({ ...names, 'c.example.com': 'A 192.0.2.1' })).explanation).toBe('c.example.com');
  });

  it('drop labels of a name that is too long, at the left', async () => {
    const sender = `a@${'x'.repeat(50)}.example.com`;
    const domain = sender.slice(2);
    const { asked } = await check(
      { [domain]: 'v=spf1 exists:cut.%{d}.%{d}.%{d}.%{d}.example -all' },
      { sender },
    );
    expect(asked[1]).toBe(`A example.com.${domain}.${domain}.${domain}.example`);
  });

  it.each([
    ['two texts', ['one', 'two']],
    ['octets beyond ASCII', 'caf\u00e9'],
    ['line ends', 'no\r\n250 ok'],
    ['an unknown macro', 'x %{x}'],
    ['nothing', []],
  ])('no explanation from %s', async (_, texts) => {
    expect(await check({ 'example.com': 'v=spf1 -all exp=x.example', 'x.example': texts })).toMatchObject({
      result: 'fail',
      explanation: undefined,
    });
  });

  it('what a sender brings in is printable', async () => {
    const names = { 'example.com': 'v=spf1 -all exp=x.example', 'x.example': '%{l}' };
    expect((await check(names, { sender: '"a\r\n\u00e9"@example.com' })).explanation).toBe('"a???"');
  });
});

describe('what a check may cost', () => {
  const many = (term: string, count: number): string => `v=spf1 ${Array(count).fill(term).join(' ')} +all`;

  it('ten terms that look up, in all records', async () => {
    const names = {
      'h.example': 'A 192.0.2.77',
      'inc.example': many('a:h.example', 5).replace('+all', '?all'),
    };
    expect(await check({ 'example.com': many('a:h.example', 10), ...names })).toMatchObject({
      result: 'pass',
      lookups: 10,
    });
    expect((await check({ 'example.com': many('a:h.example', 11), ...names })).result).toBe('permerror');
    expect(await record(`v=spf1 include:inc.example ${'a:h.example '.repeat(4)}+all`, names)).toBe('pass');
    expect(await record(`v=spf1 include:inc.example ${'a:h.example '.repeat(5)}+all`, names)).toBe(
      'permerror',
    );
    expect(await record('v=spf1 redirect=example.com', names)).toBe('permerror');
  });

  it('two look-ups that find nothing', async () => {
    expect(await check({ 'example.com': many('a:none.example', 2) })).toMatchObject({
      result: 'pass',
      voids: 2,
    });
    expect((await check({ 'example.com': many('exists:none.example', 3) })).result).toBe('permerror');
  });

  it('ten exchangers, and the first ten names of an address', async () => {
    const mx = Array.from({ length: 11 }, (_, i) => `MX h${i}.example`);
    expect(await record('v=spf1 mx:m.example +all', { 'm.example': mx.slice(1) })).toBe('pass');
    expect(await record('v=spf1 mx:m.example +all', { 'm.example': mx })).toBe('permerror');
    const ptr = Array.from({ length: 11 }, (_, i) => `PTR h${i}.example.com`);
    const names = { '1.2.0.192.in-addr.arpa': ptr, 'h9.example.com': 'A 192.0.2.1' };
    expect(await record('v=spf1 ptr -all', names)).toBe('pass');
    expect(
      await record('v=spf1 ptr -all', { ...names, 'h9.example.com': [], 'h10.example.com': 'A 192.0.2.1' }),
    ).toBe('fail');
  });

  it('111 questions, whatever is written, and nothing raises', async () => {
    const piece = fc.constantFrom(
      'v=spf1',
      ' ',
      'a',
      'mx',
      ':',
      '/',
      '%{d}',
      '%{p}',
      '%{',
      'include:',
      'example.com',
      'exists:',
      'ptr',
      'all',
      'redirect=',
      'exp=',
      'ip4:1.2.3.4',
      '-',
      '\u00e9',
      '.',
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => `v=spf1 ${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.string({ unit: 'binary', maxLength: 50 }),
        async (first, second, sender) => {
          const mx = Array.from({ length: 10 }, () => 'MX example.com');
          const names = { 'example.com': [first, ...mx, 'A 192.0.2.9'], 'x.example': second };
          const result = await check(names, {
            sender: sender.includes('@') ? sender : `${sender}@example.com`,
          });
          expect(result.asked.length).toBeLessThanOrEqual(111);
          expect(result.cause ?? 'x').toMatch(/^[ -~]+$/);
        },
      ),
    );
  });

  it('little time for the worst records', async () => {
    const start = performance.now();
    for (const text of [
      '%{s}'.repeat(15_000),
      `a:${'1'.repeat(60_000)}`,
      `a${'/1'.repeat(30_000)}`,
      `a:x.${'1-'.repeat(30_000)}`,
      'a '.repeat(30_000),
      `exists:${'%{s}'.repeat(15_000)}`,
      `x=${'%%'.repeat(30_000)}`,
    ])
      await check({ 'example.com': `v=spf1 ${text} -all` }, { sender: `${'l'.repeat(5000)}@example.com` });
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('a look-up that throws has failed', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const lookup = { txt: broken, addresses: broken, mx: broken, ptr: broken };
    const result = await checkSpf(
      { ip: '192.0.2.1', helo: '', sender: 'a@example.com' },
      { lookup, receiver: '', now: 0 },
    );
    expect(result).toMatchObject({ result: 'temperror', cause: 'TXT example.com: the look-up failed' });
  });
});
