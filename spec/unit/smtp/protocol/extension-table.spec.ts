import { describe, expect, it } from 'vitest';
import { readCapabilities } from '../../../../src/smtp/protocol/capabilities.ts';
import {
  ehloLines,
  extension,
  extensionNames,
  type OfferFacts,
} from '../../../../src/smtp/protocol/extension-table.ts';
import { lenienceTable } from '../../../../src/smtp/protocol/lenience.ts';
import { formatParameters, NO_PARAMETERS } from '../../../../src/smtp/protocol/parameters.ts';
import { offerFacts } from '../../../fakes/offer-facts.ts';

const facts = (all: boolean): OfferFacts => {
  const sign = all ? '+' : '-';
  const flags = {
    'smtp-xclient': sign,
    'rfc2920-pipelining-enable': sign,
    'smtp-utf8': sign,
    'smtp-dsn': sign,
    'smtp-limits': sign,
    'smtp-requiretls': sign,
    'limit-recipients': '77',
    'smtp-chunking': sign,
    'smtp-binarymime': sign,
  };
  return offerFacts(
    { ...flags, 'smtp-max-size': '1000', 'smtp-tls': 'mx.pem' },
    { trusted: all, secure: all, canSecure: all, canAuthenticate: all },
  );
};

describe('the table of extensions', () => {
  it('makes the lines of EHLO, in order', () => {
    expect(ehloLines(facts(true))).toEqual([
      'ENHANCEDSTATUSCODES',
      'XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT',
      'PIPELINING',
      'AUTH PLAIN LOGIN',
      'DSN',
      'STARTTLS',
      'REQUIRETLS',
      'SMTPUTF8',
      'LIMITS RCPTMAX=77',
      '8BITMIME',
      'CHUNKING',
      'BINARYMIME',
      'SIZE 1000',
    ]);
    expect(ehloLines(facts(false))).toEqual(['ENHANCEDSTATUSCODES', '8BITMIME', 'SIZE 1000']);
  });

  it.each([
    [true, 'mx.pem', '+', true],
    [false, 'mx.pem', '+', false],
    [false, 'mx.pem', '-', true],
    [false, '', '+', true],
  ])('AUTH, encrypted: %s, smtp-tls=%s, %ssmtp-tls-auth-only: offered: %s', (secure, tls, only, offered) => {
    const options = { 'smtp-tls': tls, 'smtp-tls-auth-only': only };
    const lines = ehloLines(offerFacts(options, { secure, canAuthenticate: true }));
    expect(lines.includes('AUTH PLAIN LOGIN')).toBe(offered);
  });

  it('announces what may be announced while the next hops offer it, then and only then', () => {
    expect(ehloLines(offerFacts({}, { nextHopOffers: () => true }))).toContain('DSN');
    expect(ehloLines(offerFacts())).not.toContain('DSN');
    const offers = (word: string, has: boolean): boolean =>
      ehloLines(
        offerFacts({ 'smtp-utf8': word }, { nextHopOffers: (name) => has && name === 'SMTPUTF8' }),
      ).includes('SMTPUTF8');
    expect([offers('-', true), offers('+', false), offers('auto', true), offers('auto', false)]).toEqual([
      ...[false, true, true, false],
    ]);
  });

  it('REQUIRETLS within TLS only, and where it can be met', () => {
    const offers = (secure: boolean, tls: string, word = '+'): boolean =>
      ehloLines(offerFacts({ 'smtp-requiretls': word, 'smtp-forward-tls': tls }, { secure })).includes(
        'REQUIRETLS',
      );
    expect([offers(true, 'may'), offers(true, 'must')]).toEqual([true, true]);
    expect([offers(true, 'off'), offers(false, 'must'), offers(true, 'must', '-')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('BINARYMIME with CHUNKING only', () => {
    const offers = (binary: string, chunks: string): boolean =>
      ehloLines(offerFacts({ 'smtp-binarymime': binary, 'smtp-chunking': chunks })).includes('BINARYMIME');
    expect([offers('+', '+'), offers('+', '-'), offers('-', '+')]).toEqual([true, false, false]);
    expect(ehloLines(offerFacts())).not.toContain('BINARYMIME');
  });

  it('LIMITS has six digits at most', () => {
    expect(ehloLines(offerFacts({ 'limit-recipients': '1000000' }))).toContain('LIMITS RCPTMAX=999999');
  });

  it('has keywords as EHLO and MAIL have them, each parameter once', () => {
    for (const part of ['mail', 'rcpt'] as const) {
      const keywords = extensionNames.flatMap((name) => Object.keys(extension(name)[part] ?? {}));
      expect(new Set(keywords).size).toBe(keywords.length);
      for (const keyword of keywords) expect(keyword).toMatch(/^[A-Z0-9][A-Z0-9-]*$/);
    }
    for (const name of extensionNames) expect(name).toMatch(/^[A-Z0-9][A-Z0-9-]*$/);
  });

  it('names leniences of the command that has the parameter', () => {
    for (const name of extensionNames) {
      for (const [part, verb] of [
        ['mail', 'MAIL'],
        ['rcpt', 'RCPT'],
      ] as const)
        for (const { lenience } of Object.values(extension(name)[part] ?? {}))
          if (lenience !== undefined) expect(lenienceTable[lenience].text).toContain(verb);
    }
  });
});

describe('formatParameters for a next hop', () => {
  const given = { SIZE: 7, BODY: '8BITMIME', AUTH: '<>' } as const;
  const hop = (...lines: readonly string[]) =>
    readCapabilities({
      code: 250,
      text: ['250-mx', ...lines.map((line) => `250-${line}`), '250 X\r\n'].join('\r\n'),
    });

  it('BODY=BINARYMIME goes to who offers BINARYMIME, whatever else that offers', () => {
    const binary = { BODY: 'BINARYMIME' } as const;
    expect(formatParameters('MAIL', binary, hop('BINARYMIME'))).toBe(' BODY=BINARYMIME');
    expect(formatParameters('MAIL', binary, hop('8BITMIME', 'CHUNKING'))).toBe('');
    expect(formatParameters('MAIL', { BODY: '8BITMIME' }, hop('BINARYMIME'))).toBe('');
  });

  it('writes what goes on and is offered, SIZE first', () => {
    expect(formatParameters('MAIL', given)).toBe(' SIZE=7 BODY=8BITMIME AUTH=<>');
    expect(formatParameters('MAIL', given, hop('AUTH PLAIN', '8BITMIME', 'SIZE 5'))).toBe(
      ' SIZE=7 BODY=8BITMIME',
    );
    expect(formatParameters('MAIL', given, hop('SIZE'))).toBe(' SIZE=7');
    expect(formatParameters('MAIL', { ...given, SIZE: undefined }, hop('SIZE', '8bitmime'))).toBe(
      ' BODY=8BITMIME',
    );
    expect(formatParameters('MAIL', given, hop())).toBe('');
    expect(formatParameters('RCPT', NO_PARAMETERS, hop('SIZE', 'DSN'))).toBe('');
  });
});
