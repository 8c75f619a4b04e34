// How long the event loop stands still for what strangers publish about a sender, or write of one, at worst: SPF and DMARC with all answers in
// the cache, From, and Authentication-Results.
import { describe, expect, test } from 'vitest';
import { parseAuthResults } from '../../src/mail-auth/auth-results/parse.ts';
import { authResultsValue, dkimEntries } from '../../src/mail-auth/auth-results/write.ts';
import { authorOf } from '../../src/mail-auth/author.ts';
import { checkDmarc } from '../../src/mail-auth/dmarc/check.ts';
import { checkSpf } from '../../src/mail-auth/spf/check.ts';
import type { Answer, SpfLookup } from '../../src/mail-auth/spf/lookup.ts';
import { removeForged } from '../../src/message/forged-results.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { optionTable } from '../../src/options/option-table.ts';
import { beyond } from '../fakes/pace.ts';
import { standstill } from '../fakes/standstill.ts';

/** '' when the event loop stood still no longer than `most` milliseconds. */
function still(work: () => unknown, most: number): Promise<string> {
  return beyond(most, () => standstill(async () => void (await work())));
}

const records = (list: readonly string[]): Answer<string> => ({ kind: 'records', records: list });
const many = (count: number, text: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => text(i));
/** As many as an answer of 64 KB holds. */
const addresses = many(4000, (i) => `198.51.${i >> 8}.${i & 255}`);

class Answers implements SpfLookup {
  readonly #text: (name: string) => string | readonly string[];
  readonly #names: readonly string[];
  readonly #addresses: readonly string[];

  constructor(
    text: (name: string) => string | readonly string[],
    names: readonly string[] = [],
    hosts: readonly string[] = addresses,
  ) {
    this.#text = text;
    this.#names = names;
    this.#addresses = hosts;
  }

  txt(name: string): Answer<string> {
    const text = this.#text(name);
    return records(typeof text === 'string' ? [text] : text);
  }
  addresses(): Answer<string> {
    return records(this.#addresses);
  }
  mx(): Answer<string> {
    return records(this.#names);
  }
  ptr(): Answer<string> {
    return records(this.#names);
  }
}

const setup = { receiver: 'mx.example.org', now: 0 };
const hosts = many(10, (i) => `h${i}.example.com`);
/** Nine labels more of a name, each another one. */
const deeper = (name: string): string => `${Number(/^\d*/.exec(name)?.[0]) + 1}.example.com`;
const full = (term: string): string => `v=spf1 ${term.repeat(Math.floor(64_000 / term.length))}`;

describe('SPF', () => {
  const records64k: Readonly<Record<string, (name: string) => string | readonly string[]>> = {
    '64 KB of ip4': () => full('ip4:203.0.113.7 '),
    '64 KB of ip6': () => full('ip6:2001:db8::7/127 '),
    '64 KB of unknown modifiers': () => full('x=%{s}%{l}%{o} '),
    '64 KB in one term': () => `v=spf1 a:${'x.'.repeat(32_000)}example.com`,
    '64 KB of macros in one term': () => `v=spf1 exists:${'%{l1r+-/,_=}'.repeat(5300)}.example.com`,
    '64 KB of percent signs': () => `v=spf1 exists:${'%%'.repeat(32_000)}.example.com`,
    '64 KB of blanks': () => `v=spf1${' '.repeat(64_000)}-all`,
    '5,000 records': () => many(5000, (i) => `v=spf10 ${i}`),
    'ten times 64 KB, each record refers to the next': (name) =>
      `${full('ip4:203.0.113.7 ')}redirect=${deeper(name)}`,
    'ten includes of 64 KB': (name) =>
      name === 'example.com'
        ? `v=spf1 ${hosts.map((host) => `include:${host}`).join(' ')}`
        : full('ip4:203.0.113.7 '),
    'ten mechanisms mx, ten hosts each, 4,000 addresses a host': () =>
      `v=spf1 ${'mx:m.example.com '.repeat(10)}-all`,
    'ten mechanisms a, 4,000 addresses each': () => `v=spf1 ${'a:m.example.com '.repeat(10)}-all`,
    'ten mechanisms ptr, 4,000 addresses a name': () => `v=spf1 ${'ptr:m.example.net '.repeat(10)}-all`,
    'macro p with names of 4,000 addresses': () => `v=spf1 ${'exists:%{p}.example.net '.repeat(10)}-all`,
  };
  test.each(Object.entries(records64k))('%s: no standstill above 10 ms', async (_, text) => {
    const lookup = new Answers(text, hosts);
    const sender = `${'a-b+c='.repeat(85)}@example.com`;
    const check = () => checkSpf({ ip: '192.0.2.1', helo: 'h.example.com', sender }, { ...setup, lookup });
    await check();
    expect(await still(check, 10)).toBe('');
  });

  test.each([
    ['of 64 KB', 'x '.repeat(32_000)],
    ['of 64 KB of macros', '%{l1r+-/,_=}'.repeat(5300)],
  ])('an explanation %s: no standstill above 10 ms', async (_, text) => {
    const lookup = new Answers((name) => (name === 'example.com' ? 'v=spf1 -all exp=x.example.com' : text));
    const sender = `${'a-b+c='.repeat(85)}@example.com`;
    const check = () => checkSpf({ ip: '192.0.2.1', helo: 'h.example.com', sender }, { ...setup, lookup });
    expect((await check()).result).toBe('fail');
    expect(await still(check, 10)).toBe('');
  });
});

describe('DMARC', () => {
  const long = `${'a.'.repeat(120)}example.com`;
  const bodies: Readonly<Record<string, string | readonly string[]>> = {
    '16 KB of tags': `v=DMARC1; p=reject; ${many(2700, (i) => `${i.toString(36)}=;`).join('')}`.slice(
      0,
      16_384,
    ),
    '16 KB of addresses': `v=DMARC1; rua=${'mailto:a@, '.repeat(1480)}`,
    '16 KB of blanks': `v=DMARC1;${' '.repeat(16_000)}p=reject`,
    '16 KB of one address': `v=DMARC1; rua=mailto:${'a'.repeat(16_300)}`,
    '64 KB': `v=DMARC1; p=reject; ${'x=y; '.repeat(12_000)}`,
    '64 KB of blanks': ' '.repeat(64_000),
    '64 KB of blanks behind v': `v${' '.repeat(64_000)}`,
    '5,000 records': many(5000, (i) => `v=DMARC1 ${i}`),
  };
  test.each(Object.entries(bodies))(
    'records of %s at each of 120 labels, for 100 signatures: no standstill above 10 ms',
    async (_, text) => {
      const lookup = { ...asLookup(text), exists: () => 'no' as const };
      const author = { kind: 'author', domain: long, address: `a@${long}` } as const;
      const dkimPass = many(100, (i) => `s${i}.${long.slice(0, 200)}.example.com`);
      const check = () => checkDmarc({ author, spfPass: `x.${long}`, dkimPass }, lookup);
      await check();
      expect(await still(check, 10)).toBe('');
    },
  );

  const asLookup = (text: string | readonly string[]) => {
    const answers = new Answers(() => text);
    return { txt: (name: string) => answers.txt(name) };
  };
});

describe('From', () => {
  test.each([
    ['addresses', ['a@b.example,'.repeat(5400)]],
    ['addresses of 1,000 headers', many(1000, () => 'a@b.example,'.repeat(5))],
    ['open comments', ['('.repeat(65_000)]],
    ['comments', ['()'.repeat(32_000)]],
    ['groups', ['a:;,'.repeat(16_000)]],
    ['folds', [`a@b.example${'\r\n '.repeat(21_000)}`]],
    ['line ends', ['\r\n'.repeat(32_000)]],
    ['words', ['a '.repeat(32_000)]],
    ['dots', ['.'.repeat(65_000)]],
    ['routes', [`<${'@a,'.repeat(21_000)}:a@b.example>`]],
    ['quoted strings', ['""'.repeat(32_000)]],
    ['an open quoted string', [`"${'\\"'.repeat(32_000)}`]],
    ['labels', [`a@${'a.'.repeat(32_000)}example`]],
    ['1 MB', ['a@b.example,'.repeat(87_000)]],
    ['1 MB in many headers', many(100_000, () => 'a@b.c')],
  ])('of %s: no standstill above 10 ms', async (_, values) => {
    expect(await still(() => authorOf(values), 10)).toBe('');
  });
});

describe('Authentication-Results', () => {
  const entry = ' dkim=pass reason="x" header.d=example.com;';
  const values: Readonly<Record<string, string>> = {
    results: `x;${entry.repeat(6000)}`,
    '999 results': `x;${entry.repeat(998)} spf=pass`,
    properties: `x; dkim=pass${' header.d=example.com'.repeat(12_000)}`,
    '999 properties of 250 octets': `x; dkim=pass${` header.d="${'y'.repeat(240)}"`.repeat(999)}`,
    'open comments': `x${'('.repeat(260_000)}`,
    comments: `x${'()'.repeat(130_000)}; none`,
    folds: `x${'\r\n '.repeat(87_000)}; none`,
    'an open quoted string': `"${'\\"'.repeat(130_000)}`,
    'a quoted string': `"${'\\"'.repeat(130_000)}"; none`,
    semicolons: `x${';'.repeat(260_000)}`,
    none: `x${'; none'.repeat(43_000)}`,
    keywords: `x; ${'a'.repeat(260_000)}`,
    '1 MB': `x;${entry.repeat(24_000)}`,
  };
  test.each(Object.entries(values))('%s: read without a standstill above 10 ms', async (_, value) => {
    expect(await still(() => parseAuthResults(value), 10)).toBe('');
  });

  test('written of 1,000 signatures', async () => {
    const one = {
      result: 'fail',
      cause: 'bad_signature',
      domain: 'x.'.repeat(120),
      identity: '"'.repeat(1000),
      selector: '\\'.repeat(1000),
      algorithm: 'rsa-sha256',
      b: '"'.repeat(8),
    } as const;
    const write = () => authResultsValue('mx.example.com', dkimEntries(many(1000, () => '').map(() => one)));
    expect(await still(write, 10)).toBe('');
  });

  test('as many headers in our name as a message may have, all removed', async () => {
    const count = optionTable['limit-headers'].default;
    const block = Buffer.from('Authentication-Results: mx.example.com; spf=pass\r\n'.repeat(count));
    const remove = (): void => {
      const list = new HeaderList();
      list.receiveBlock(block);
      expect(removeForged(list, ['mx.example.com'], 'received')).toBe(count);
    };
    expect(await still(remove, 100)).toBe('');
  });
});
