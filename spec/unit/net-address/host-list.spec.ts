import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHostList, parseTarget, wrongNextHop } from '../../../src/net-address/host-list.ts';
import { expectedOf } from '../../../src/options/text-forms.ts';

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
    expect(parseTarget(text)).toEqual({
      ...{ kind: 'smtp', protocol: 'smtp', host, port, isSocket: false, implicitTls: false, text },
    });
  });

  it.each([
    ['mail.example.com:465/tls', 'smtp', 'mail.example.com', 465, true],
    ['mail.example.com/TLS', 'smtp', 'mail.example.com', 465, true],
    ['[2001:db8::1]:587/tls', 'smtp', '2001:db8::1', 587, true],
    ['2001:db8::1/tls', 'smtp', '2001:db8::1', 465, true],
    ['lmtp:127.0.0.1:2424', 'lmtp', '127.0.0.1', 2424, false],
    ['LMTP:dovecot.example', 'lmtp', 'dovecot.example', 24, false],
    ['lmtp:[::1]:2424/tls', 'lmtp', '::1', 2424, true],
  ])('%s', (text, protocol, host, port, implicitTls) => {
    expect(parseTarget(text)).toEqual({
      ...{ kind: 'smtp', protocol, host, port, isSocket: false, implicitTls, text },
    });
  });

  it('takes the socket of an LMTP server, whatever its path', () => {
    for (const path of ['/run/dovecot/lmtp', '/run/a:b/tls', '/run/mail hub'])
      expect(parseTarget(`lmtp:${path}`)).toEqual({
        ...{ kind: 'smtp', protocol: 'lmtp', host: path, port: 0 },
        ...{ isSocket: true, implicitTls: false, text: `lmtp:${path}` },
      });
  });

  it('takes a maildir with any path, colons included', () => {
    expect(parseTarget('maildir:/var/mail/a:b')).toEqual({
      kind: 'maildir',
      path: '/var/mail/a:b',
      text: 'maildir:/var/mail/a:b',
    });
    expect(parseTarget('MailDir:here')).toMatchObject({ kind: 'maildir', path: 'here' });
  });

  it('takes the accounts of this machine', () => {
    expect(parseTarget('Accounts:')).toEqual({ kind: 'accounts', text: 'Accounts:' });
  });

  it.each([
    [''],
    ['accounts:x'],
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
    ['host/tsl'],
    ['host/tls/tls'],
    ['host:25/tls:26'],
    ['/tls'],
    ['lmtp:'],
    ['lmtp:run/lmtp'],
    ['lmtp:/run\0'],
    [`lmtp:/${'x'.repeat(107)}`],
    ['lmtp:maildir:/x'],
    ['ho st'],
    ['h\u00f6st'],
    ['host\0'],
    ['maildir:'],
    ['maildir:/var/mail/%x'],
    ['maildir:/var/mail/%'],
    [`${'a'.repeat(64)}.example`],
  ])('refuses %j and says what would be right', (text) => {
    const target = parseTarget(text);
    expect(target.kind).toBe('invalid');
    if (target.kind === 'invalid') expect(target.expected).not.toBe('');
  });
});

describe('parseHostList', () => {
  const texts = (list: string) => parseHostList(list).map((target) => target.text);

  it('cuts at blanks, commas and semicolons', () => {
    expect(texts(' a:1;b , c\td;;[::1]:2\n')).toEqual(['a:1', 'b', 'c', 'd', '[::1]:2']);
    expect(texts('')).toEqual([]);
  });

  it('keeps what stands in quotes together, and drops them', () => {
    expect(parseHostList(`a "maildir:/all mail" maildir:'/x;y'z b`)).toMatchObject([
      { kind: 'smtp', host: 'a' },
      { kind: 'maildir', path: '/all mail' },
      { kind: 'maildir', path: '/x;yz' },
      { kind: 'smtp', host: 'b' },
    ]);
  });

  it('takes a long list and a long row of quotes in linear time', () => {
    expect(parseHostList('"'.repeat(100_001)).length).toBeLessThan(3);
    expect(parseHostList('a,'.repeat(100_000))).toHaveLength(100_000);
  });

  it('gives wrong ones too', () => {
    expect(parseHostList('smtp://mx.example.com:25')).toEqual([
      expect.objectContaining({ kind: 'invalid', expected: 'a host without smtp:// in front' }),
    ]);
    expect(parseHostList('a:99999 maildir:m').map((target) => target.kind)).toEqual(['invalid', 'maildir']);
  });

  it.each([
    ['maildir:/x/a b', '"maildir:/x/a b"'],
    ['maildir:/x/a mx.example.com:25', '"maildir:/x/a mx.example.com:25"'],
    ['mx maildir:/x/my mail/dir', '"maildir:/x/my mail/dir"'],
    ['"maildir:/x/a b', 'ends the quotation'],
    ["maildir:/x/o'neill", 'ends the quotation'],
    ['a..b', 'host'],
    ['1.2.3.400', 'host'],
    ['mx.example.com:0', 'port'],
  ])('finds what may be read in two ways or not at all in %j', (list, words) => {
    expect(wrongNextHop(list)?.expected).toContain(words);
  });

  it.each([
    '',
    'mx',
    '"maildir:/x/a" mx',
    'mx maildir:/x',
    '[IPv6:::1]:25',
    "'maildir:/it''s'",
    'maildir:/a maildir:/b',
  ])('finds nothing wrong in %j', (list) => expect(wrongNextHop(list)).toBeUndefined());
});

// What the check of the option takes, delivery understands, and the other way round: they are one parser.
describe('the check of smtp-smart-host and its delivery', () => {
  const piece = fc.constantFrom(
    'a',
    'maildir:',
    '/x',
    ' ',
    ',',
    '"',
    "'",
    ':',
    '25',
    '1.2.3',
    '.400',
    '[',
    ']',
    '::1',
    'IPv6:',
    '-',
    '..',
    '\0',
  );
  it('agree on any text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const refused = expectedOf('next-hops', text) !== undefined;
        expect(refused).toBe(
          text.includes('\0') || parseHostList(text).some((target) => target.kind === 'invalid'),
        );
      }),
      { numRuns: 3000 },
    );
  });
});
