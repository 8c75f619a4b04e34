// What stands in a list, and what is wrong with one: tables.
import { describe, expect, it } from 'vitest';
import { type MapContent, type MapKind, readContent } from '../../../src/modules/map/content.ts';

function read(text: string | Buffer, kind: MapKind = 'keys'): MapContent | string {
  const steps = readContent(Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'), kind);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    return step.value.kind === 'content' ? step.value.content : `${step.value.line}: ${step.value.cause}`;
  }
}

function content(text: string | Buffer, kind: MapKind = 'keys'): MapContent {
  const found = read(text, kind);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

const look = (list: MapContent, key: string): string | undefined => list.lookup(key)?.toString();

describe('a list of keys', () => {
  it.each([
    ['a value', 'key value\n', 'key', 'value'],
    ['blanks around', ' \tkey \t a  b \t\n', 'key', 'a  b'],
    ['no value', 'key\n', 'key', ''],
    ['no line end', 'other x\nkey value', 'key', 'value'],
    ['CRLF', 'key value\r\nother x\r\n', 'key', 'value'],
    ['CRLF, no value', 'key\r\nother x\r\n', 'key', ''],
    ['comments and empty lines', '# key no\n\n  # key no\r\n\r\nkey value\n', 'key', 'value'],
    ['a # within', 'key https://x.example/#a\n', 'key', 'https://x.example/#a'],
    ['a # in a key', 'a#b c\n', 'a#b', 'c'],
    ['case of the file', 'KeY value\n', 'key', 'value'],
    ['case of the question', 'key value\n', 'KEY', 'value'],
    ['the same line twice', 'key value\nkey\tvalue \r\n', 'key', 'value'],
    ['a key that begins as another', 'keys no\nkey value\nke no\n', 'key', 'value'],
    ['octets', 'k\xe9\xff v\xfe\n', 'k\xe9\xff', 'v\xfe'],
    ['a mark in front of UTF-8', '\xef\xbb\xbfkey value\n', 'key', 'value'],
    ['one octet of another case', '\xe4 x\n', '\xc4', undefined],
    ['a beginning of a key', 'key value\n', 'ke', undefined],
    ['more than a key', 'key value\n', 'key ', undefined],
    ['a line', 'key value\n', 'key value', undefined],
    ['nothing', 'key value\n', '', undefined],
    ['an empty file', '', 'key', undefined],
    ['only comments', '#\n#x', '#x', undefined],
    ['line ends in the question', 'a x\nb y\n', 'a x\nb', undefined],
  ])('%s', (_, text, key, value) => {
    expect(look(content(text), key)).toBe(value);
  });

  it('finds nothing for what could only be a key with its value, or with the next line', () => {
    // In a table so small every key begins its search at the same few places.
    for (let i = 0; i < 200; i++) {
      const list = content(`key${i} value\nother\tx\r\nlast\n`, i % 2 === 0 ? 'keys' : 'access');
      for (const key of [
        ...[
          `key${i} value`,
          `key${i} `,
          `key${i}\0`,
          `key${i}\n`,
          `key${i} value\nother\tx`,
          'other\tx',
          'other\tx\r',
        ],
        ...['last\n', 'other\tx\r\nlast', `key${i} value\nother`, ' ', '\n', '\0', `\tkey${i}`],
      ])
        expect([key, look(list, key)]).toEqual([key, undefined]);
    }
  });

  it('has every key of many, and no other', () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `user${i * 7919}@example${i % 13}.com`);
    const list = content(keys.map((key, i) => `${key} ${i}\n`).join(''));
    expect(list.entries).toBe(5000);
    keys.forEach((key, i) => {
      expect(look(list, key)).toBe(String(i));
      expect(look(list, `x${key}`)).toBeUndefined();
    });
  });

  it.each([
    ['a key twice with other values', 'a 1\nb 2\nA 3\n', "3: 'A' stands above with another value"],
    ['a key twice, once with a value', 'a\na 1\n', "2: 'a' stands above with another value"],
    [
      'a comment behind a key',
      'a # who\n',
      '1: a comment has to stand in a line of its own, which begins with #',
    ],
    ['a NUL', 'a 1\nb\0 2\n', '2: there is a control character (0): the file is no text of lines'],
    ['CR alone', 'a 1\rb 2\n', '1: there is a control character (13): the file is no text of lines'],
    ['a long key', `${'k'.repeat(513)} v\n`, '1: the key has more than 512 octets'],
    ['a long line', `k ${'v'.repeat(4096)}\n`, '1: the line has more than 4096 octets'],
    ['too many lines', '\n'.repeat(1_000_001), '1000001: more than 1000000 lines are not taken'],
  ])('is wrong with %s', (_, text, wrong) => {
    expect(read(text)).toBe(wrong);
  });

  it('takes the longest of everything', () => {
    const key = 'k'.repeat(512);
    const value = 'v'.repeat(4096 - 513);
    expect(look(content(`${key} ${value}\n`), key)).toBe(value);
  });
});

describe('a list of networks', () => {
  const list = content(
    '0.0.0.0/0 all4\n10.0.0.0/8 eight\n10.1.0.0/16 sixteen\n10.1.2.3 one\n10.9.9.9/30 host bits\n::/0 all6\n2001:db8::/32 doc\n2001:db8:0:1::/64 lan\n::1 me\n',
    'networks',
  );
  it.each([
    ['192.0.2.1', 'all4'],
    ['10.2.0.1', 'eight'],
    ['10.1.9.9', 'sixteen'],
    ['10.1.2.3', 'one'],
    ['10.9.9.8', 'host bits'],
    ['10.9.9.11', 'host bits'],
    ['10.9.9.12', 'eight'],
    ['::ffff:10.1.2.3', 'one'],
    ['2001:DB8::5', 'doc'],
    ['2001:db8:0:1::5', 'lan'],
    ['2001:db9::5', 'all6'],
    ['::1', 'me'],
    ['::10.1.2.3', 'all6'],
    ['', undefined],
    ['10.1.2', undefined],
    ['10.1.2.3/32', undefined],
    ['10.1.2.3.evil.example', undefined],
    ['[10.1.2.3]', undefined],
    ['2001:db8::5%eth0', undefined],
    ['fe80::1::2', undefined],
  ])('%s is in %s', (address, value) => {
    expect(look(list, address)).toBe(value);
  });

  it('of IPv6 alone holds no IPv4 address, and of IPv4 alone no IPv6 one', () => {
    expect(look(content('::/0 x\n', 'networks'), '192.0.2.1')).toBeUndefined();
    expect(look(content('0.0.0.0/0 x\n', 'networks'), '2001:db8::1')).toBeUndefined();
  });

  it.each([
    'example.com',
    '10.0.0.0/33',
    '10.0.0',
    '010.0.0.1',
    '2001:db8::/129',
    '10.0.0.0/',
    'a@b',
    '1.2.3.4-5',
  ])('is wrong with %s', (key) => {
    expect(read(`# list\n${key} x\n`, 'networks')).toBe(
      `2: '${key}' is no network; right would be an address, or address/bits as 192.0.2.0/24`,
    );
  });

  it('is wrong with a network twice, however it is written', () => {
    expect(read('10.1.0.0/16 a\n10.1.2.3/16 b\n', 'networks')).toBe(
      "2: '10.1.2.3/16' stands above with another value",
    );
    expect(read('2001:db8::1 a\n2001:DB8:0::1/128 a\n', 'networks')).not.toBeTypeOf('string');
  });
});

describe('a list of kind access', () => {
  const list = content(
    'bob@example.com OK\nexample.com REJECT\n.example.com DUNNO\nroot@ 550 no\n10.0.0.0/8 ours\ndead.beef name\ncafe:1@example.com quoted\n',
    'access',
  );
  it.each([
    ['bob@example.com', 'OK'],
    ['example.com', 'REJECT'],
    ['.example.com', 'DUNNO'],
    ['root@', '550 no'],
    ['10.1.1.1', 'ours'],
    ['dead.beef', 'name'],
    ['cafe:1@example.com', 'quoted'],
    ['10.0.0.0/8', undefined],
    ['11.0.0.1', undefined],
  ])('%s: %s', (key, value) => {
    expect(look(list, key)).toBe(value);
  });

  it.each(['10.0.0.0/33', '300.1.1.1', '10.1', '2001:db8::/200', '1.2.3.4/x', 'fe80::1%eth0/x'])(
    'is wrong with what was meant as a network: %s',
    (key) => {
      const found = read(`${key} x\n`, 'access');
      if (key.includes('%')) expect(found).not.toBeTypeOf('string');
      else expect(found).toMatch(/^1: .* is no network/);
    },
  );
});
