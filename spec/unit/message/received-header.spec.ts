import { describe, expect, it } from 'vitest';
import {
  mailDate,
  protocolWord,
  receivedHeader,
  type TraceFacts,
} from '../../../src/message/received-header.ts';
import type { CertificateFacts, TlsFacts } from '../../../src/net/tls-facts.ts';

const NOON = Date.UTC(2026, 10, 28, 12);
const plain: TraceFacts = {
  helo: 'c.example',
  protocol: 'ESMTP',
  host: 'host.example',
  address: '192.0.2.1',
  tls: undefined,
  user: undefined,
  by: 'mx.example',
  id: 'ABCDEF123450000101',
  recipient: 'joe@example.org',
  time: NOON,
};
const certificate = (result: CertificateFacts['result']): CertificateFacts => ({
  result,
  cause: undefined,
  subject: '',
  commonName: '',
  names: [],
  issuer: '',
  serial: '',
  fingerprint: '',
  notAfter: '',
});
const tls: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  bits: 256,
  name: undefined,
  alpn: undefined,
  resumed: false,
  implicit: false,
  by: 'smtpe',
  certificate: undefined,
};

describe('the word behind `with`', () => {
  it.each([
    ['SMTP', false, false, false, false],
    ['SMTP', false, true, true, true],
    ['ESMTP', true, false, false, false],
    ['ESMTPS', true, false, true, false],
    ['ESMTPA', true, false, false, true],
    ['ESMTPSA', true, false, true, true],
    ['UTF8SMTP', true, true, false, false],
    ['UTF8SMTPS', true, true, true, false],
    ['UTF8SMTPA', true, true, false, true],
    ['UTF8SMTPSA', true, true, true, true],
  ] as const)(
    'is %s: extended %s, UTF-8 %s, TLS %s, authenticated %s',
    (word, extended, utf8, secret, known) => {
      expect(protocolWord(extended, utf8, secret, known)).toBe(word);
    },
  );
});

describe('a Received header', () => {
  it('says everything that there is', () => {
    const all: TraceFacts = {
      ...plain,
      protocol: 'ESMTPSA',
      tls: { ...tls, certificate: certificate('verified') },
      user: 'joe@example.org',
    };
    expect(receivedHeader(all).split('\r\n')).toEqual([
      'Received: from c.example (host.example [192.0.2.1])',
      '\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits), client certificate verified)',
      '\t(authenticated as joe@example.org)',
      '\tby mx.example (smtpe) with ESMTPSA id ABCDEF123450000101',
      '\tfor <joe@example.org>; Sat, 28 Nov 2026 12:00:00 +0000',
    ]);
  });

  it('says nothing of what there is not', () => {
    const little: TraceFacts = { ...plain, host: undefined, recipient: undefined, address: '2001:db8::1' };
    expect(receivedHeader(little).split('\r\n')).toEqual([
      'Received: from c.example (unknown [IPv6:2001:db8::1])',
      '\tby mx.example (smtpe) with ESMTP id ABCDEF123450000101;',
      '\tSat, 28 Nov 2026 12:00:00 +0000',
    ]);
  });

  it.each<readonly [string, Partial<TlsFacts>]>([
    ['using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits)', {}],
    [
      'using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits), client certificate untrusted',
      { certificate: certificate('untrusted') },
    ],
    ['using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384', { bits: undefined }],
    ['using TLS', { version: '', cipher: '', bits: undefined }],
    ['using TLSv1.2??x with cipher a?b', { version: 'TLSv1.2)\nx', cipher: 'a b', bits: undefined }],
  ])('says of TLS: %s', (said, more) => {
    expect(receivedHeader({ ...plain, tls: { ...tls, ...more } }).split('\r\n')[1]).toBe(`\t(${said})`);
  });

  it.each([
    ['a) by evil (b', 'a??by?evil??b'],
    ['x\0y', 'x?y'],
    ['x\r\nEvil: 1', 'x??Evil:?1'],
    ['[192.0.2.1]', '[192.0.2.1]'],
    ['[IPv6:2001:db8::1]', '[IPv6:2001:db8::1]'],
    ['m\xfcller.example', 'm?ller.example'],
    ['a;b"c\\d<e>', 'a?b?c?d?e?'],
    ['x'.repeat(1000), 'x'.repeat(255)],
    ['', '?'],
  ])("cleans strangers' text: %j", (text, shown) => {
    const [first = '', user = ''] = receivedHeader({ ...plain, helo: text, host: text, user: text }).split(
      '\r\n\t',
    );
    expect(first).toBe(`Received: from ${shown} (${shown} [192.0.2.1])`);
    expect(user).toBe(`(authenticated as ${shown})`);
  });

  it('has no line of 998 octets, whatever the strangers say', () => {
    const long = 'x'.repeat(5000);
    const header = receivedHeader({
      ...plain,
      helo: long,
      host: long,
      user: long,
      by: long,
      recipient: long,
      tls: { ...tls, version: long, cipher: long },
    });
    for (const line of header.split('\r\n')) expect(line.length).toBeLessThan(900);
    expect(header).not.toContain('for <');
  });

  it.each([
    ['joe@[192.0.2.1]', true],
    ['postmaster', true],
    ["o'neil+x=y@example.org", true],
    ['"a b"@example.org', false],
    ['a@b>; x <c@example.org', false],
    ['m\xc3\xbcller@example.org', false],
    ['a\n@example.org', false],
    ['a(b)@example.org', false],
  ])('shows the recipient %j: %s', (recipient, shown) => {
    expect(receivedHeader({ ...plain, recipient }).includes(`for <${recipient}>;`)).toBe(shown);
    expect(receivedHeader({ ...plain, recipient }).includes('for <')).toBe(shown);
  });

  it.each([
    [NOON, 'Sat, 28 Nov 2026 12:00:00 +0000'],
    [Date.UTC(2027, 0, 3, 4, 5, 6), 'Sun, 03 Jan 2027 04:05:06 +0000'],
  ])('has the date of RFC 5322: %d', (time, date) => {
    expect(mailDate(time)).toBe(date);
  });
});
