import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LENIENT, type Lenience, STRICT } from '../../../../src/smtp/protocol/lenience.ts';
import {
  formatPath,
  type ParsedPath,
  type PathRules,
  parseMailbox,
  parsePath,
} from '../../../../src/smtp/protocol/path.ts';

const rules = (lenience: Lenience, changes: Partial<PathRules> = {}): PathRules => ({
  lenience,
  localLength: false,
  needsDomain: false,
  ...changes,
});
const strict = rules(STRICT);
const lenient = rules(LENIENT);

/** `address|domain|rest`, or the fault. */
const shown = (parsed: ParsedPath): string =>
  parsed.kind === 'path' ? [parsed.path.address, parsed.path.domain, parsed.rest].join('|') : parsed.fault;
const parse = (text: string, how: PathRules = strict): string => shown(parsePath(text, how));

const label63 = 'x'.repeat(63);
const domain255 = `${label63}.${label63}.${label63}.${'x'.repeat(60)}.cc`;

describe('parsePath', () => {
  it.each([
    // What everybody sends
    ['<>', '||'],
    ['<a@b.cc>', 'a@b.cc|b.cc|'],
    ['<AcHowe@Pop.Snert.COM>', 'AcHowe@Pop.Snert.COM|pop.snert.com|'],
    ['<a@b.cc> SIZE=1 BODY=7BIT', 'a@b.cc|b.cc| SIZE=1 BODY=7BIT'],
    ['<a+tag@b.cc>', 'a+tag@b.cc|b.cc|'],
    ["<!#$%&'*+-/=?^_`{|}~@b.cc>", "!#$%&'*+-/=?^_`{|}~@b.cc|b.cc|"],
    // What stands behind the path is for the caller to judge
    ['<a@b.cc>SIZE=1', 'a@b.cc|b.cc|SIZE=1'],
    ['<a@b.cc>>>', 'a@b.cc|b.cc|>>'],
    ['<>>>>>', '||>>>>'],
    ['<a@b.cc> <d@e.ff>', 'a@b.cc|b.cc| <d@e.ff>'],
    // Local parts
    ['<"x y"@c.dd>', '"x y"@c.dd|c.dd|'],
    ['<"a@b"@c.dd>', '"a@b"@c.dd|c.dd|'],
    ['<"<>"@plab.ku.dk>', '"<>"@plab.ku.dk|plab.ku.dk|'],
    ['<"a\\"b"@c.dd>', '"a\\"b"@c.dd|c.dd|'],
    ['<"a#b"@c.dd>', '"a#b"@c.dd|c.dd|'],
    ['<"a..b"@c.dd>', '"a..b"@c.dd|c.dd|'],
    ['<""@c.dd>', '""@c.dd|c.dd|'],
    ['<"info@"@example.com>', '"info@"@example.com|example.com|'],
    [
      '<"foo@psres.net> ORCPT=admin@admin.com"@test.com>',
      '"foo@psres.net> ORCPT=admin@admin.com"@test.com|test.com|',
    ],
    ['<a%b@c.dd>', 'a%b@c.dd|c.dd|'],
    ['<postmaster>', 'postmaster||'],
    // Domains
    ['<a@x_y.com>', 'a@x_y.com|x_y.com|'],
    ['<a@localhost>', 'a@localhost|localhost|'],
    ['<a@com>', 'a@com|com|'],
    ['<a@x.xn--p1ai>', 'a@x.xn--p1ai|x.xn--p1ai|'],
    ['<a@x.xn--90a3ac>', 'a@x.xn--90a3ac|x.xn--90a3ac|'],
    ['<a@1.2.3.4.com>', 'a@1.2.3.4.com|1.2.3.4.com|'],
    [`<a@${label63}.cc>`, `a@${label63}.cc|${label63}.cc|`],
    [`<a@${domain255}>`, `a@${domain255}|${domain255}|`],
    // Literals
    ['<a@[1.2.3.4]>', 'a@[1.2.3.4]|[1.2.3.4]|'],
    ['<a@[IPv6:2001:DB8::1]>', 'a@[IPv6:2001:DB8::1]|[ipv6:2001:db8::1]|'],
    ['<a@[IPv6:::ffff:1.2.3.4]>', 'a@[IPv6:::ffff:1.2.3.4]|[ipv6:::ffff:1.2.3.4]|'],
    // A source route is taken off
    ['<@a.com,@b.net:v@l.us>', 'v@l.us|l.us|'],
    ['<@a.com:"x@y"@L.us>', '"x@y"@L.us|l.us|'],
    ['<@a.com:v>', 'v||'],
    ['<@relay:v@l.us>', 'v@l.us|l.us|'],
  ])('%s', (text, parsed) => {
    expect(parse(text)).toBe(parsed);
    expect(parse(text, lenient)).toBe(parsed);
  });

  it.each([
    // Brackets
    ['a@b.cc', 'form'],
    ['Foo Bar <a@b.cc>', 'form'],
    ['"Foo" <a@b.cc>', 'form'],
    ['a<b@c.dd>', 'brackets'],
    ['<a@b.cc', 'brackets'],
    ['a@b.cc>', 'brackets'],
    ['<"a@b.cc>', 'brackets'],
    ['<a@b.cc\\>', 'brackets'],
    ['<<a@b.cc>>', 'brackets'],
    ['<<a@b.cc>', 'brackets'],
    ['<john <a@b.cc>>', 'brackets'],
    ['<', 'brackets'],
    ['>', 'brackets'],
    // Local parts
    ['< a@b.cc>', 'local'],
    ['<a b@c.dd>', 'local'],
    ['<"a\tb"@c.dd>', 'local'],
    ['<"a\\\x01"@c.dd>', 'local'],
    ['<"a"b@c.dd>', 'local'],
    ['<a"b"@c.dd>', 'local'],
    ['<"a"."b"@c.dd>', 'local'],
    ['<a\\@b@c.dd>', 'local'],
    ['<.a@x.com>', 'local'],
    ['<a.@x.com>', 'local'],
    ['<a..b@x.com>', 'local'],
    ['<.>', 'local'],
    ['<a,b@c.dd>', 'local'],
    ['<a(b)@c.dd>', 'local'],
    ['<$(id)@c.dd>', 'local'],
    ['<a\x7f@c.dd>', 'local'],
    // Octets above 127
    ['<caf\xe9@c.dd>', 'nonAscii'],
    ['<"\xfc"@c.dd>', 'nonAscii'],
    ['<"\\\xfc"@c.dd>', 'nonAscii'],
    ['<a@caf\xe9.COM>', 'nonAscii'],
    ['<a@\xc9.com>', 'nonAscii'],
    ['<@caf\xe9.com:a@b.cc>', 'nonAscii'],
    // Domains
    ['<a@>', 'domain'],
    ['<postmaster@>', 'domain'],
    ['<a@.>', 'domain'],
    ['<a@..>', 'domain'],
    ['<a@x..com>', 'domain'],
    ['<a@.x.com>', 'domain'],
    ['<a@x.com.>', 'domain'],
    ['<a@x.com..>', 'domain'],
    ['<a@-x.com>', 'domain'],
    ['<a@x-.com>', 'domain'],
    ['<a@x.com->', 'domain'],
    ['<a@->', 'domain'],
    ['<a@10.0.0.1>', 'domain'],
    ['<a@x.123>', 'domain'],
    ['<a@123>', 'domain'],
    ['<a@b@c.dd>', 'domain'],
    ['<a@exam!ple.com>', 'domain'],
    ['<a@x.com >', 'domain'],
    ['<a@x.com\x01>', 'domain'],
    ["<a@x.com'>", 'domain'],
    [`<a@x${label63}.cc>`, 'domain'],
    [`<a@cc.x${label63}>`, 'domain'],
    [`<a@x${domain255}>`, 'domainLength'],
    // Literals
    ['<a@[1.2.3.456]>', 'domain'],
    ['<a@[1.2.3]>', 'domain'],
    ['<a@[]>', 'domain'],
    ['<a@[2001:db8::1]>', 'domain'],
    ['<a@[IPv6:fe80::1%eth0]>', 'domain'],
    ['<a@[IPv6:2001:db8:::1]>', 'domain'],
    ['<a@[IPv6:1.2.3.4]>', 'domain'],
    ['<a@[x400:abc]>', 'domain'],
    ['<a@[1.2.3.4>', 'domain'],
    ['<a@1.2.3.4]>', 'domain'],
    ['<a@[1.2.3.4]x>', 'domain'],
    ['<a@[ 1.2.3.4 ]>', 'domain'],
    // Source routes
    ['<@a.com@b.com>', 'route'],
    ['<@b.cc>', 'route'],
    ['<@>', 'route'],
    ['<@:a@b.cc>', 'route'],
    ['<@a.com,b.net:v@l.us>', 'route'],
    ['<@a.com,:v@l.us>', 'route'],
    ['<@a.com:>', 'local'],
    ['<@10.0.0.1:v@l.us>', 'domain'],
    ['<@.a.com:v@l.us>', 'domain'],
  ])('%s is none', (text, fault) => {
    expect(parse(text)).toBe(fault);
  });

  it.each([
    ['a@b.cc', 'a@b.cc|b.cc|'],
    ['a@b.cc SIZE=1', 'a@b.cc|b.cc| SIZE=1'],
    ['"a b"@b.cc SIZE=1', '"a b"@b.cc|b.cc| SIZE=1'],
    ['b@example.net c@example.net', 'b@example.net|example.net| c@example.net'],
    ['< a@b.cc\t>', 'a@b.cc|b.cc|'],
    ['<<a@b.cc>>', 'a@b.cc|b.cc|'],
    ['<< a@b.cc >>> X', 'a@b.cc|b.cc|> X'],
    ['<.a..b.@c.dd>', '.a..b.@c.dd|c.dd|'],
    ['<a\\@b@c.dd>', 'a\\@b@c.dd|c.dd|'],
    ['<a@B.cc.>', 'a@B.cc|b.cc|'],
    // Never
    ['Foo <a@b.cc>', 'Foo|| <a@b.cc>'],
    ['a<b@c.dd>', 'brackets'],
    ['<<a@b.cc>', 'brackets'],
    ['<a@b.cc', 'brackets'],
    ['<a b@c.dd>', 'local'],
    ['<a\\\xe9@c.dd>', 'nonAscii'],
    ['<a@b.cc..>', 'domain'],
    ['<a@.>', 'domain'],
    ['<a@>', 'domain'],
    ['<a@-b.cc>', 'domain'],
    ['<a@\xfc.cc>', 'nonAscii'],
  ])('lenient: %s', (text, parsed) => {
    expect(parse(text, lenient)).toBe(parsed);
  });

  it('keeps the local part and a literal as they are, and has the domain in lower case for replies', () => {
    const normal = (text: string): string => {
      const parsed = parsePath(text, strict);
      return parsed.kind === 'path' ? parsed.path.normal : '';
    };
    expect(normal('<Bob@Example.ORG>')).toBe('Bob@example.org');
    expect(normal('<"A@B"@Example.ORG>')).toBe('"A@B"@example.org');
    expect(normal('<@R.Example:Bob@Example.ORG>')).toBe('Bob@example.org');
    expect(normal('<Bob@[IPv6:2001:DB8::1]>')).toBe('Bob@[IPv6:2001:DB8::1]');
    expect(normal('<Postmaster>')).toBe('Postmaster');
  });

  it('wants a domain, and a short local part, when told to', () => {
    expect(parse('<bob>', rules(STRICT, { needsDomain: true }))).toBe('incomplete');
    expect(parse('<>', rules(STRICT, { needsDomain: true }))).toBe('||');
    const local = (length: number): string => `<${'a'.repeat(length)}@b.cc>`;
    expect(parse(local(65))).toContain('|b.cc|');
    expect(parse(local(64), rules(STRICT, { localLength: true }))).toContain('|b.cc|');
    expect(parse(local(65), rules(STRICT, { localLength: true }))).toBe('localLength');
  });

  it('takes linear time', () => {
    const started = performance.now();
    for (const text of [
      '<'.repeat(60_000),
      '"'.repeat(60_001),
      `<${'@a.b,'.repeat(12_000)}`,
      `<${'\\'.repeat(60_000)}>`,
      `<a@${'b.'.repeat(30_000)}>`,
      `<${' '.repeat(60_000)}a@b.cc${' '.repeat(60_000)}>`,
    ]) {
      for (const how of [strict, lenient]) parsePath(text, how);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('parseMailbox', () => {
  it.each([
    '<a@b.cc>',
    'a@b.cc ',
    ' a@b.cc',
    'a@b.cc\r\nDATA',
    's@x.com> AUTH=<',
    'r@y.com> NOTIFY=NEVER',
    'a@b.cc, c@d.ee',
    'a@\0',
  ])('takes nothing around an address: %j', (text) => {
    for (const how of [strict, lenient]) expect(parseMailbox(text, how).kind).toBe('fault');
  });

  it('takes an address as it stands between the brackets', () => {
    expect(parseMailbox('"a>b"@C.dd', strict)).toEqual({
      kind: 'path',
      path: { address: '"a>b"@C.dd', normal: '"a>b"@c.dd', domain: 'c.dd' },
    });
  });
});

// The grammar of RFC 5321 section 4.1.2 as generators.
const chosen = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const ATEXT = "abcXYZ019!#$%&'*+-/=?^_`{|}~";
const dotString = fc
  .array(chosen(ATEXT, 1, 6), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'));
const quotedString = fc
  .array(
    fc.oneof(chosen("ab <>@,:;.()[]!#'", 1, 3), fc.constantFrom('\\"', '\\\\', '\\a', '\\ ', '\\>', '\\@')),
    { maxLength: 5 },
  )
  .map((parts) => `"${parts.join('')}"`);
const letters = chosen('abcXYZ', 1, 5);
const label = fc
  .tuple(chosen('abX09', 1, 1), chosen('abX09-', 0, 6), chosen('abX09', 1, 1))
  .map((parts) => parts.join(''));
const name = fc
  .tuple(fc.array(label, { maxLength: 3 }), letters)
  .map(([labels, top]) => [...labels, top].join('.'));
const domain = fc.oneof(
  { weight: 5, arbitrary: name },
  { weight: 1, arbitrary: fc.ipV4().map((address) => `[${address}]`) },
  { weight: 1, arbitrary: fc.ipV6().map((address) => `[IPv6:${address}]`) },
);
const mailbox = fc.tuple(fc.oneof(dotString, quotedString), domain).map(([local, at]) => `${local}@${at}`);
const route = fc
  .array(
    name.map((host) => `@${host}`),
    { minLength: 1, maxLength: 3 },
  )
  .map((hosts) => `${hosts.join(',')}:`);
/** Octets that mean something somewhere in a path, and some that never belong there. */
const octet = fc.constantFrom(...'<>@"\\.,: \t[]-()a1;=\0\r\n\x7f\x80\xff');

describe('any path', () => {
  it('that the grammar makes is taken, and what comes out is what went in', () => {
    fc.assert(
      fc.property(mailbox, fc.option(route), (address, hops) => {
        for (const how of [strict, lenient]) {
          const parsed = parsePath(`<${hops ?? ''}${address}> SIZE=1`, how);
          expect(parsed).toMatchObject({ kind: 'path', rest: ' SIZE=1', path: { address } });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that is taken stays the same when it is written and read again', () => {
    const mutated = fc
      .tuple(mailbox, fc.array(fc.tuple(fc.nat(), fc.nat(2), octet), { maxLength: 3 }))
      .map(([address, edits]) =>
        edits.reduce((text, [at, drop, put]) => {
          const place = at % (text.length + 1);
          return text.slice(0, place) + put + text.slice(place + drop);
        }, `<${address}>`),
      );
    const anything = fc.string({ unit: octet, minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.oneof(mutated, anything), (given) => {
        const text = given.replace(/^[ \t]+/, '');
        if (text === '') return;
        for (const how of [strict, lenient]) {
          const parsed = parsePath(text, how);
          if (parsed.kind !== 'path') continue;
          const { address, domain: at } = parsed.path;
          // Nothing that could end the line or the path for whoever reads it next.
          expect(address).toMatch(/^[\x20-\x7e]*$/);
          expect(address.replace(/"(?:\\.|[^"\\])*"|\\./g, '')).not.toMatch(/[<> ]/);
          const again = parsePath(formatPath(address), how);
          expect(again).toEqual({ ...parsed, rest: '' });
          expect(at === '' || address.toLowerCase().endsWith(`@${at}`)).toBe(true);
          // Nothing is lost but brackets, a source route and, leniently, blanks next to the brackets and a final dot.
          const written = text.slice(0, text.length - parsed.rest.length);
          const kept = address.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
          const around =
            how === strict
              ? `^<(?:@[^"<>\\s]+:)?${kept}>$`
              : `^<*[ \\t]*(?:@[^"<>\\s]+:)?${kept}(?:${at === '' ? '' : '\\.?'})[ \\t]*>*$`;
          expect(written).toMatch(new RegExp(around));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
