// Who wrote a message: From headers by RFC 5322, as they are and as strangers write them.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorOf } from '../../../src/mail-auth/author.ts';

describe('an author', () => {
  it.each([
    ['a@example.com', 'a@example.com'],
    [' A <a@EXAMPLE.com> ', 'a@example.com'],
    ['John Q. Public <a@example.com>', 'a@example.com'],
    ['"x <b@example.org>" <a@example.com>', 'a@example.com'],
    ['=?utf-8?q?b=40example.org?= <a@example.com>', 'a@example.com'],
    ['a (b@example.org) @ (c) example.com', 'a@example.com'],
    ['"a b"@example.com', '"a b"@example.com'],
    ['a.b.c@example.com', 'a.b.c@example.com'],
    ['<@x.example,@y.example:a@example.com>', 'a@example.com'],
    ['Group: a@example.com, B <b@example.com>;', 'a@example.com'],
    [', a@example.com,, b@example.com ,', 'a@example.com'],
    ['A\r\n <a@example.com>\r\n', 'a@example.com'],
    ['(a (b \\) c) d) a@example.com', 'a@example.com'],
    ['a@b\u00c3\u00bccher.example', 'a@xn--bcher-kva.example'],
    ['J\u00c3\u00bcrgen \u00c3\u00a0 <a@example.com>', 'a@example.com'],
    ['a@localhost', 'a@localhost'],
    ['a@example.com.', 'a@example.com'],
    ['.a..b.@example.com', '.a..b.@example.com'],
  ])('of %j', (value, address) => {
    const domain = address.slice(address.lastIndexOf('@') + 1);
    expect(authorOf([value])).toEqual({ kind: 'author', domain, address });
  });

  it.each([[[]], [['']], [['undisclosed:;']], [['a@[192.0.2.1]']], [['(a@example.com)']]])(
    'there is none in %j',
    (values) => {
      expect(authorOf(values)).toEqual({ kind: 'no_author' });
    },
  );

  it.each([
    [['a@example.com, b@example.org']],
    [['a@example.com', 'b@example.org']],
    [['G: a@example.com; , b@example.org']],
    [['a@example.com, b@[192.0.2.1]']],
  ])('there are several in %j', (values) => {
    expect(authorOf(values)).toEqual({ kind: 'several_authors' });
  });

  it('is one when all are of one domain', () => {
    expect(authorOf(['a@example.com', 'b@EXAMPLE.COM'])).toMatchObject({ domain: 'example.com' });
  });

  it.each([
    'a',
    'a@',
    '@example.com',
    'a@example.com b@example.org',
    'a@b@example.com',
    'a b@example.com',
    'b@example.org <a@example.com>',
    '<a@example.com',
    'a@example.com>',
    '<a@example.com> <b@example.org>',
    '"a@example.com',
    '(a@example.com',
    'a@example..com',
    '.@example.com',
    // good.example to some, evil.example to others.
    'a@good.example .evil.example',
    'a@good.example(x).evil.example',
    'a@good\r\n .example',
    '<a@good.example. evil.example>',
    '=?utf-8?q?b=40example.org?=@example.com',
    'a@=?utf-8?q?b?=.example.com',
    'a@exam\0ple.com',
    'a@example.com\r\nb',
    'a@example.com\nX: y',
    'a@-x.example',
    'G: H: a@example.com;;',
    'a@example.com;',
    'a@\u00ff.example',
    '<<a@example.com>>',
    `a@${'x'.repeat(64)}.example`,
    `${'a@example.com,'.repeat(10_000)}`,
  ])('cannot be read from %j', (value) => {
    expect(authorOf([value])).toEqual({ kind: 'syntax' });
  });

  it('is never another one because of a comment, a name or a fold', () => {
    const filler = fc.constantFrom('', ' ', '\t', '\r\n ', '(x@evil.example)', '((;,<)")', ' (\\)) ');
    fc.assert(
      fc.property(filler, filler, filler, filler, filler, (a, b, c, d, e) => {
        expect(authorOf([`${a}"n@evil.example"${b}<${c}a${d}@example.com${e}>`])).toEqual({
          kind: 'author',
          domain: 'example.com',
          address: 'a@example.com',
        });
      }),
    );
  });

  it('never throws, and takes no time to speak of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a@.<>(),;:"\\[] \r\n\0é'), maxLength: 200 }),
        (value) => {
          authorOf([value]);
        },
      ),
    );
    const start = performance.now();
    for (const piece of ['(', '"', '<', 'a,', '\\', '(a)', 'a ', 'a.', '\r\n ', '"a" ', '@a,'])
      authorOf([piece.repeat(65_000 / piece.length), `${piece.repeat(65_000 / piece.length)}@`]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
