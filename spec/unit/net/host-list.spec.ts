import { describe, expect, it } from 'vitest';
import { parseHostList, parseTarget, splitHostList } from '../../../src/net/host-list.ts';

describe('parseTarget', () => {
  it.each([
    ['mail.example.com', 'mail.example.com', 25],
    ['mail.example.com:2525', 'mail.example.com', 2525],
    ['mail.example.com.', 'mail.example.com.', 25],
    ['localhost:1', 'localhost', 1],
    ['my_host:65535', 'my_host', 65_535],
    ['1.2.3.4', '1.2.3.4', 25],
    ['1.2.3.4:587', '1.2.3.4', 587],
    ['[2001:db8::1]:2525', '2001:db8::1', 2525],
    ['[2001:0Db8::1]', '2001:0Db8::1', 25],
    ['[IPv6:::1]:26', '::1', 26],
    ['[1.2.3.4]:26', '1.2.3.4', 26],
    ['2001:db8::1', '2001:db8::1', 25],
    ['::1', '::1', 25],
  ])('%s', (text, host, port) => {
    expect(parseTarget(text)).toEqual({ kind: 'smtp', host, port, text });
  });

  it('takes a maildir with any path, colons included', () => {
    expect(parseTarget('maildir:/var/mail/a:b')).toEqual({
      kind: 'maildir',
      path: '/var/mail/a:b',
      text: 'maildir:/var/mail/a:b',
    });
    expect(parseTarget('MailDir:here')).toMatchObject({ kind: 'maildir', path: 'here' });
  });

  it.each([
    [''],
    [':25'],
    ['host:'],
    ['host:0'],
    ['host:65536'],
    ['host:25x'],
    ['host:+25'],
    ['a..b'],
    ['-a.example'],
    ['1.2.3'],
    ['1.2.3.400'],
    ['1.2.3.4:25:26'],
    ['[host]:25'],
    ['[::1'],
    ['[::1]25'],
    ['[::1]:'],
    ['/run/smtp.sock'],
    ['ho st'],
    ['h\u00f6st'],
    ['host\0'],
    ['maildir:'],
    [`${'a'.repeat(64)}.example`],
  ])('refuses %j and says what would be right', (text) => {
    const target = parseTarget(text);
    expect(target.kind).toBe('invalid');
    if (target.kind === 'invalid') expect(target.expected).not.toBe('');
  });
});

describe('splitHostList', () => {
  it('splits at blanks, commas and semicolons and drops empty items', () => {
    expect(splitHostList(' a:1;b , c\td;;[::1]:2\n')).toEqual(['a:1', 'b', 'c', 'd', '[::1]:2']);
    expect(splitHostList('')).toEqual([]);
  });

  it('keeps together what is quoted', () => {
    expect(splitHostList(`a "maildir:/all mail" maildir:'/x;y'z`)).toEqual([
      'a',
      'maildir:/all mail',
      'maildir:/x;yz',
    ]);
  });

  it('is linear on long input', () => {
    expect(splitHostList('"'.repeat(100_001)).length).toBeLessThan(2);
    expect(splitHostList('\'"'.repeat(50_000)).length).toBeLessThan(50_001);
    expect(splitHostList('a,'.repeat(100_000))).toHaveLength(100_000);
  });
});

describe('parseHostList', () => {
  it('keeps the order, wrong items in their place', () => {
    expect(parseHostList('a:99999 maildir:m b').map((target) => target.kind)).toEqual([
      'invalid',
      'maildir',
      'smtp',
    ]);
  });
});
