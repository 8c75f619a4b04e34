// Lists of addresses as RFC 5322 has them, as people and strangers write them, and what is none.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorOf } from '../../../src/mail-auth/author.ts';
import { type Mailbox, readAddressList, unquoted } from '../../../src/text/address-list.ts';

function mailbox(localPart: string, domain: string, name?: string, group?: string): Mailbox {
  return { localPart, domain, name, group };
}

describe('a list of addresses', () => {
  it.each<readonly [string, readonly Mailbox[]]>([
    ['', []],
    [' , ,', []],
    ['undisclosed-recipients:;', []],
    ['a@b.example', [mailbox('a', 'b.example')]],
    ['<a@b.example>', [mailbox('a', 'b.example')]],
    ['A<a@b.example>', [mailbox('a', 'b.example', 'A')]],
    ['"a@b.example" <c@d.example>', [mailbox('c', 'd.example', 'a@b.example')]],
    ['John Q. Public <a@b.example>', [mailbox('a', 'b.example', 'John Q. Public')]],
    ['"Q\\"x, \\\\" y <a@b.example>', [mailbox('a', 'b.example', 'Q"x, \\ y')]],
    ['A (not\r\n\tB) C <a@b.example>', [mailbox('a', 'b.example', 'A C')]],
    ['a@b.example (Not a Name)', [mailbox('a', 'b.example')]],
    ['(x) "a b" (y) @ (z) b.example (w)', [mailbox('"a b"', 'b.example')]],
    ['x <"a".b@[192.0.2.1]>', [mailbox('"a".b', '[192.0.2.1]', 'x')]],
    ['<@x.example,@y.example:a@b.example>', [mailbox('a', 'b.example')]],
    ['a@b.example,c@d.example', [mailbox('a', 'b.example'), mailbox('c', 'd.example')]],
    [
      'A: a@b.example, B <b@b.example>;, "G 2" : c@c.example; , d@d.example',
      [
        mailbox('a', 'b.example', undefined, 'A'),
        mailbox('b', 'b.example', 'B', 'A'),
        mailbox('c', 'c.example', undefined, 'G 2'),
        mailbox('d', 'd.example'),
      ],
    ],
    ['=?utf-8?q?a=40b?= <c@d.example>', [mailbox('c', 'd.example', '=?utf-8?q?a=40b?=')]],
    ['J\xc3\xb6rg <\xc3\xb6@b\xc3\xbc.example>', [mailbox('\xc3\xb6', 'b\xc3\xbc.example', 'J\xc3\xb6rg')]],
    ['"" <a@b.example>', [mailbox('a', 'b.example', '')]],
    // Everybody reads these alike.
    ['a..b@c.example, x <.a.@c.example>', [mailbox('a..b', 'c.example'), mailbox('.a.', 'c.example', 'x')]],
    ['.."a"..b@c.example', [mailbox('.."a"..b', 'c.example')]],
    ['a@b.example., <c@d.example. >', [mailbox('a', 'b.example'), mailbox('c', 'd.example')]],
    ['"a\tb"@c.example', [mailbox('"a\tb"', 'c.example')]],
    ['=?utf-8?=@b.example', [mailbox('=?utf-8?=', 'b.example')]],
  ])('%j', (text, mailboxes) => {
    expect(readAddressList(text)).toEqual({ kind: 'list', mailboxes });
  });

  it.each([
    ['a', 'an @ or <', 1],
    ['a@', 'a domain', 2],
    ['@b.example', 'a local part in front of the @, without blanks in it', 0],
    ['a b@c.example', 'a local part in front of the @, without blanks in it', 3],
    ['<a@b.example', '>', 12],
    ['<>', 'a local part behind <', 1],
    ['<a>', 'an @', 2],
    ['a@b.example <c@d.example>', 'a comma or the end', 12],
    ['Doe, J <a@b.example>', 'an @ or <', 3],
    ['a@b.example (', 'the end of the comment', 11],
    ['"a@b.example', 'the end of the quoted string', 0],
    ['a@[192.0.2.1', 'the ] of an address', 2],
    ['G: a@b.example', 'a comma, or the ; of the group', 14],
    ['G: H: a@b.example;;', 'an @ or <', 4],
    ['a@b.example; c@d.example', 'a comma or the end', 11],
    ['<@x a@b.example>', 'the : of a route', 4],
    ['a\0@b.example', 'a word without this octet', 1],
    ['a\r\nb@c.example', 'a word without this octet', 1],
    ['.@b.example', 'a local part in front of the @, without blanks in it', 1],
    ['a"b"@c.example', 'a local part in front of the @, without blanks in it', 4],
    ['<.@b.example>', 'a local part behind <', 2],
    ['<a"b"@c.example>', 'an @', 2],
    ['a@.b.example', 'a domain', 2],
    ['a@b..example', 'a domain', 4],
    ['a@b.example..', 'a domain', 12],
    ['a@b.example. "x"', 'a comma or the end', 13],
    ['a@[192.0.2.1 ]', 'the ] of an address', 2],
    ['a@[]', 'the ] of an address', 2],
    // An address to some.
    ['a@[<b@c.example>:]', 'the ] of an address', 2],
    ['a@[(b@c.example)]', 'the ] of an address', 2],
    // The end of the domain or local part to some.
    ['a@b .example', 'a domain without blanks in it', 4],
    ['a@b\r\n .example', 'a domain without blanks in it', 4],
    ['a@b(c).example', 'a domain without blanks in it', 6],
    ['<a@b.(c)example>', '>', 8],
    ['a .b@c.example', 'a local part in front of the @, without blanks in it', 4],
    ['a. b@c.example', 'a local part in front of the @, without blanks in it', 4],
    ['<a .b@c.example>', 'a local part without blanks in it', 3],
    ['<a.(c)b@c.example>', 'a local part without blanks in it', 6],
    ['a@[x\x01]', 'the ] of an address', 2],
    ['"a\x01"@b.example', 'an address without control characters and encoded words', 14],
    ['<"a\x7f"@b.example>', 'an address without control characters and encoded words', 15],
    ['=?utf-8?q?c=40d?=@b.example', 'an address without control characters and encoded words', 27],
    ['<"=?UTF-8?B?Y0Bk?="@b.example>', 'an address without control characters and encoded words', 29],
    ['=?utf-8?q?c@d?=', 'an address without control characters and encoded words', 15],
    ['a@=?utf-8?q?b.example?=', 'an address without control characters and encoded words', 23],
    ['x <=?x?b?YQ.b@c.example>', 'an address without control characters and encoded words', 23],
  ])('none: %j', (text, expected, at) => {
    expect(readAddressList(text)).toEqual({ kind: 'wrong', expected, at });
  });

  it('has an end', () => {
    expect(readAddressList('a@b.example, a@b.example', 2).kind).toBe('list');
    expect(readAddressList('a@b.example, a@b.example, a@b.example', 2)).toEqual({ kind: 'too-many' });
    expect(readAddressList('G: a@b.example, a@b.example, a@b.example, (', 2)).toEqual({ kind: 'too-many' });
  });
});

const atom = fc.string({ unit: fc.constantFrom(...'abXY0-_+='), minLength: 1, maxLength: 6 });
const text = fc.string({ unit: fc.constantFrom(...'ab ,;:<>@()."\\[]'), maxLength: 8 });
const blank = fc.constantFrom('', ' ', '\t', '\r\n ', ' (c) ', '(a\\)(b, c@d.example))');
const dotted = fc.array(atom, { minLength: 1, maxLength: 3 });

/** A mailbox and one of the ways to write it. */
const written = fc
  .record({
    local: fc.oneof(
      dotted.map((parts) => parts.join('.')),
      text.map((inner) => `"${inner.replace(/["\\]/g, '\\$&')}"`),
    ),
    domain: dotted,
    name: fc.option(text, { nil: undefined }),
    gaps: fc.array(blank, { minLength: 4, maxLength: 4 }),
    route: fc.constantFrom('', '@r.example:', '@r.example, ,@s.example :'),
  })
  .map(({ local, domain, name, gaps: [a, b, e, f], route }) => {
    const address = `${local}${a}@${b}${domain.join('.')}`;
    const shown = name === undefined ? '' : `"${name.replace(/["\\]/g, '\\$&')}"`;
    return {
      mailbox: mailbox(local, domain.join('.'), name),
      text:
        name === undefined && route === ''
          ? `${e}${address}${f}`
          : `${e}${shown}${f}<${route}${address}>${a}`,
    };
  });

describe('for any list', () => {
  it('what was written is read, in any of its forms', () => {
    fc.assert(
      fc.property(fc.array(fc.array(written, { maxLength: 3 }), { maxLength: 3 }), (groups) => {
        const parts = groups.map((members, i) =>
          i % 2 === 0
            ? members.map((it) => it.text).join(',')
            : `G${i} :${members.map((it) => it.text).join(', ,')};`,
        );
        const expected = groups.flatMap((members, i) =>
          members.map((it) => ({ ...it.mailbox, group: i % 2 === 0 ? undefined : `G${i}` })),
        );
        expect(readAddressList(parts.join(','))).toEqual({ kind: 'list', mailboxes: expected });
      }),
    );
  });

  it('any octets are a list or none, and for auth.author too', () => {
    const octets = fc.string({ unit: fc.constantFrom(...'ab.@<>,;:"\\()[] \t\r\n\0\xe9=?'), maxLength: 40 });
    fc.assert(
      fc.property(octets, (value) => {
        const read = readAddressList(value);
        const author = authorOf([value]);
        if (read.kind === 'wrong') {
          expect(author).toEqual({ kind: 'syntax' });
          expect(read.at).toBeLessThanOrEqual(value.length);
        } else if (author.kind === 'author') expect(read.kind).toBe('list');
      }),
    );
  });
});

it('quotes and backslashes are taken off', () => {
  expect(unquoted('"a\\"b".c')).toBe('a"b.c');
  expect(unquoted('a.b')).toBe('a.b');
});
