import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PathRole, type PathRules, parsePath } from '../../../../src/smtp/protocol/path.ts';

const LENIENT: PathRules = { angleBrackets: false, localLength: false, domainLength: false };
const STRICT: PathRules = { ...LENIENT, angleBrackets: true };

/** `address|domain|rest`, or the error. */
const parse = (text: string, role: PathRole = 'sender', rules: PathRules = LENIENT): string => {
  const parsed = parsePath(text, role, rules);
  return parsed.kind === 'path'
    ? [parsed.path.address, parsed.path.domain, parsed.rest].join('|')
    : parsed.error;
};

describe('parsePath', () => {
  it.each([
    // What everybody sends
    ['<>', '||'],
    ['<a@b.cc>', 'a@b.cc|b.cc|'],
    ['<AcHowe@Pop.Snert.COM>', 'AcHowe@Pop.Snert.COM|pop.snert.com|'],
    ['<a@b.cc> SIZE=1 BODY=7BIT', 'a@b.cc|b.cc|SIZE=1 BODY=7BIT'],
    ['<a+tag@b.cc>', 'a+tag@b.cc|b.cc|'],
    ["<!#$%&'*+-/=?^_`{|}~@b.cc>", "!#$%&'*+-/=?^_`{|}~@b.cc|b.cc|"],
    // Without brackets, with blanks, nested
    ['a@b.cc', 'a@b.cc|b.cc|'],
    ['a@b.cc SIZE=1', 'a@b.cc|b.cc|SIZE=1'],
    ['< a@b.cc >', 'a@b.cc|b.cc|'],
    ['<<a@b.cc>>', 'a@b.cc|b.cc|'],
    ['a<b@c.dd>', 'b@c.dd|c.dd|'],
    ['<a@b.cc>SIZE=1', 'a@b.cc|b.cc|SIZE=1'],
    ['<a@b.cc> <d@e.ff>', 'a@b.cc|b.cc|<d@e.ff>'],
    ['<a b@c.dd>', 'brackets'],
    ['<john <a@b.cc>>', 'brackets'],
    ['<john smith <a@b.cc>>', 'brackets'],
    // Brackets that do not match
    ['<a@b.cc', 'brackets'],
    ['a@b.cc>', 'brackets'],
    ['<"a@b.cc>', 'brackets'],
    // Local parts
    ['<"x y"@c.dd>', '"x y"@c.dd|c.dd|'],
    ['<"a@b"@c.dd>', '"a@b"@c.dd|c.dd|'],
    ['<"<>"@plab.ku.dk>', '"<>"@plab.ku.dk|plab.ku.dk|'],
    ['<"a\\"b"@c.dd>', '"a\\"b"@c.dd|c.dd|'],
    ['<"a#b"@c.dd>', '"a#b"@c.dd|c.dd|'],
    ['<"a\tb"@c.dd>', 'senderLocal'],
    ['<"a"b@c.dd>', 'senderLocal'],
    ['<a\\@b@c.dd>', 'a\\@b@c.dd|c.dd|'],
    ['<.a@x.com>', '.a@x.com|x.com|'],
    ['<a.@x.com>', 'a.@x.com|x.com|'],
    ['<a..b@x.com>', 'a..b@x.com|x.com|'],
    ['<a,b@c.dd>', 'senderLocal'],
    ['<a(b)@c.dd>', 'senderLocal'],
    ['<caf\xe9@c.dd>', 'senderLocal'],
    ['<a\\\xe9@c.dd>', 'senderLocal'],
    ['<a%b@c.dd>', 'a%b@c.dd|c.dd|'],
    ['<postmaster>', 'postmaster||'],
    ['<a@>', 'a@||'],
    // Domains
    ['<a@x..com>', 'senderDomain'],
    ['<a@.x.com>', 'a@.x.com|.x.com|'],
    ['<a@-x.com>', 'a@-x.com|-x.com|'],
    ['<a@x.com.>', 'a@x.com.|x.com.|'],
    ['<a@x_y.com>', 'a@x_y.com|x_y.com|'],
    ['<a@caf\xe9.COM>', 'a@caf\xe9.COM|caf\xe9.com|'],
    ['<a@\xc9.com>', 'a@\xc9.com|\xc9.com|'],
    ['<a@localhost>', 'senderDomain'],
    ['<a@10.0.0.1>', 'senderDomain'],
    ['<a@x.123>', 'senderDomain'],
    ['<a@x.xn--p1ai>', 'a@x.xn--p1ai|x.xn--p1ai|'],
    ['<a@x.xn--90a3ac>', 'a@x.xn--90a3ac|x.xn--90a3ac|'],
    ['<a@b@c.dd>', 'senderDomain'],
    ['<a@exam!ple.com>', 'senderDomain'],
    ['<a@.>', 'senderDomain'],
    // Literals
    ['<a@[1.2.3.4]>', 'a@[1.2.3.4]|[1.2.3.4]|'],
    ['<a@[IPv6:2001:DB8::1]>', 'a@[IPv6:2001:DB8::1]|[ipv6:2001:db8::1]|'],
    ['<a@[1.2.3.456]>', 'senderDomain'],
    ['<a@[2001:db8::1]>', 'senderDomain'],
    ['<a@[IPv6:fe80::1%eth0]>', 'senderDomain'],
    ['<a@[1.2.3.4>', 'senderDomain'],
    // Source routes
    ['<@a.com,@b.net:v@l.us>', '@a.com,@b.net:v@l.us|l.us|'],
    ['<@a.com:"x@y"@l.us>', '@a.com:"x@y"@l.us|l.us|'],
    ['<@a.com@b.com>', 'route'],
    ['<@b.cc>', 'route'],
    ['<@>', 'route'],
    ['<@a.com,b.net:v@l.us>', 'route'],
    ['<@relay:v@l.us>', 'senderDomain'],
  ])('%s', (text, parsed) => {
    expect(parse(text)).toBe(parsed);
  });

  it('needs no dot in the domain of a recipient, and names recipients in its errors', () => {
    expect(parse('<a@localhost>', 'recipient')).toBe('a@localhost|localhost|');
    expect(parse('<a@x.123>', 'recipient')).toBe('rcptDomain');
    expect(parse('<a,b@c.dd>', 'recipient')).toBe('rcptLocal');
    expect(parse('<@relay:v@l.us>', 'recipient')).toBe('rcptDomain');
  });

  it('keeps the local part and a literal as they are, and the domain in lower case', () => {
    const normal = (text: string): string => {
      const parsed = parsePath(text, 'recipient', LENIENT);
      return parsed.kind === 'path' ? parsed.path.normal : '';
    };
    expect(normal('<Bob@Example.ORG>')).toBe('Bob@example.org');
    expect(normal('<"A@B"@Example.ORG>')).toBe('"A@B"@example.org');
    expect(normal('<@R.Example:Bob@Example.ORG>')).toBe('@R.Example:Bob@example.org');
    expect(normal('<Bob@[IPv6:2001:DB8::1]>')).toBe('Bob@[IPv6:2001:DB8::1]');
    expect(normal('<Postmaster>')).toBe('Postmaster');
  });

  it.each([
    ['a@b.cc', 'path'],
    ['<a@b.cc', 'brackets'],
    ['<<a@b.cc>>', 'path'],
    ['< a@b.cc>', 'senderLocal'],
    ['<a>', 'senderIncomplete'],
    ['<a@>', 'senderIncomplete'],
    ['<>', '||'],
    ['<a@b.cc> X', 'a@b.cc|b.cc|X'],
  ])('with rfc2821-angle-brackets: %s', (text, parsed) => {
    expect(parse(text, 'sender', STRICT)).toBe(parsed);
  });

  it('takes a recipient without domain also when strict', () => {
    expect(parse('<bob>', 'recipient', STRICT)).toBe('bob||');
  });

  it('limits lengths only when told to', () => {
    const local = `<${'a'.repeat(65)}@b.cc>`;
    const domain = `<a@${'b'.repeat(253)}.cc>`;
    expect(parse(local)).toContain('|b.cc|');
    expect(parse(local, 'sender', { ...LENIENT, localLength: true })).toBe('localLength');
    expect(parse(`<${'a'.repeat(64)}@b.cc>`, 'sender', { ...LENIENT, localLength: true })).toContain(
      '|b.cc|',
    );
    expect(parse(domain)).toContain('.cc|');
    expect(parse(domain, 'sender', { ...LENIENT, domainLength: true })).toBe('domainLength');
    expect(parse(`<a@${'b'.repeat(252)}.cc>`, 'sender', { ...LENIENT, domainLength: true })).toContain(
      '.cc|',
    );
  });

  it('gives an address without line ends, NUL or brackets outside of quotes for any bytes', () => {
    const any = fc.string({
      unit: fc.constantFrom(...'ab.@<>"\\ \t[]:,\0\r\n\x7f\xff1-'.split('')),
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(any, (given) => {
        const text = given.trimStart();
        if (text === '') return;
        const parsed = parsePath(text, 'recipient', LENIENT);
        if (parsed.kind !== 'path') return;
        expect(parsed.path.address).not.toMatch(/[\0\r\n]/);
        expect(parsed.path.address.replace(/"(?:\\.|[^"\\])*"|\\./gs, '')).not.toMatch(/[<> \t]/);
      }),
      { numRuns: 2000 },
    );
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
      parsePath(text, 'recipient', LENIENT);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
