// Authentication-Results (RFC 8601): what claims to be ours, what is read, and that nothing of a stranger gets out of its value.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimsToBeOurs } from '../../../src/mail-auth/auth-results/claim.ts';
import { parseAuthResults } from '../../../src/mail-auth/auth-results/parse.ts';
import {
  type AuthEntry,
  arcEntry,
  authResultsValue,
  dkimEntries,
  dmarcEntry,
  iprevEntry,
  smtpAuthEntry,
  spfEntry,
} from '../../../src/mail-auth/auth-results/write.ts';
import type { DkimResult } from '../../../src/mail-auth/dkim/result.ts';
import { ownSuite } from '../../fakes/shared-suites.ts';

interface Case {
  readonly name: string;
  readonly header: string;
  readonly remove: boolean;
}

const suite = ownSuite<{ authservId: string; cases: readonly Case[] }>('authres-cases');

describe('headers that came with a message', () => {
  it('are all there', () => {
    expect(suite.cases.length).toBe(20);
  });

  it.each(suite.cases)('$name', ({ header, remove }) => {
    const colon = header.indexOf(':');
    const isNamed = header.slice(0, colon).trim().toLowerCase() === 'authentication-results';
    expect(isNamed && claimsToBeOurs(header.slice(colon + 1), [suite.authservId])).toBe(remove);
  });

  it('of two names of ours', () => {
    const ids = ['mx.example.com', 'MX2.example.com'];
    expect(claimsToBeOurs(' mx2.EXAMPLE.com; none', ids)).toBe(true);
    expect(claimsToBeOurs(' mx3.example.com; none', ids)).toBe(false);
  });

  it.each([' mx.example.com.; none', ' "MX.example.com..." 1; none'])(
    'final dots are no other name: %s',
    (value) => {
      expect(claimsToBeOurs(value, ['mx.example.com'])).toBe(true);
      expect(claimsToBeOurs(value, ['mx.example.com.'])).toBe(true);
    },
  );

  it.each(['.', '..;', 'a.', '()', '""', '\\"'])('a megabyte of %s takes no time', (piece) => {
    const long = piece.repeat(1_000_000 / piece.length);
    const start = performance.now();
    for (const value of [` ${long}x; none`, ` "${long}x"; none`]) claimsToBeOurs(value, ['mx.example.com']);
    // Quadratic it would be minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

const dkim = (parts: Partial<DkimResult>): DkimResult => ({
  result: 'pass',
  cause: 'ok',
  domain: 'example.com',
  selector: '2026a',
  identity: '@example.com',
  algorithm: 'rsa-sha256',
  bits: 2048,
  testing: false,
  unsignedBytes: 0,
  signedHeaders: [],
  time: undefined,
  expires: undefined,
  b: 'AbCdEfGh',
  ...parts,
});

describe('the header of ours', () => {
  it('is as the specification shows it', () => {
    const weak = {
      result: 'policy',
      cause: 'weak_key',
      domain: 'old.example',
      selector: 'x',
      b: 'QwErTyUi',
    } as const;
    const entries = [
      spfEntry({ result: 'pass', scope: 'mfrom', domain: 'example.com' }),
      ...dkimEntries([dkim({}), dkim({ ...weak, identity: undefined, algorithm: undefined })]),
      dmarcEntry({ result: 'pass', domain: 'example.com', published: 'reject' }),
      arcEntry({ result: 'none', oldestPass: undefined }, '192.0.2.10'),
      iprevEntry('192.0.2.10', 'confirmed'),
    ];
    expect(authResultsValue('mx.example.com', entries).split('\r\n')).toEqual([
      'mx.example.com;',
      '\tspf=pass smtp.mailfrom=example.com;',
      '\tdkim=pass header.d=example.com header.i=@example.com header.s=2026a header.a=rsa-sha256 header.b=AbCdEfGh;',
      '\tdkim=policy reason="weak key" header.d=old.example header.s=x header.b=QwErTyUi;',
      '\tdmarc=pass policy.dmarc=reject header.from=example.com;',
      '\tarc=none;',
      '\tiprev=pass policy.iprev=192.0.2.10',
    ]);
  });

  it('says none without entries, and of what is not there', () => {
    expect(authResultsValue('mx.example.com', [])).toBe('mx.example.com; none');
    const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
    const properties = (['domain', 'text'] as const).flatMap((kind) =>
      ['ex\u00e4mple.com', 'a@ex\u00e4mple.com', '\u00fc@ex\u00e4mple.com', '\uff45xample.com'].map(
        (value) => ({
          ...{ name: 'x.y', value: utf8(value), kind },
        }),
      ),
    );
    expect(authResultsValue('mx', [{ method: 'm', result: 'pass', properties }]).replace(/\s+/g, ' ')).toBe(
      'mx; m=pass x.y=xn--exmple-cua.com x.y="ex??mple.com" x.y=a@xn--exmple-cua.com x.y="??@xn--exmple-cua.com" x.y="???xample.com"',
    );
    expect(authResultsValue('mx', dkimEntries([]))).toBe('mx;\r\n\tdkim=none');
    expect(authResultsValue('mx', [smtpAuthEntry(undefined)])).toBe('mx;\r\n\tauth=none');
    expect(authResultsValue('mx', [smtpAuthEntry('a@example.com')])).toBe(
      'mx;\r\n\tauth=pass smtp.auth=a@example.com',
    );
    expect(authResultsValue('mx', [iprevEntry('2001:db8::1', 'none')])).toBe(
      'mx;\r\n\tiprev=permerror policy.iprev="2001:db8::1"',
    );
    expect(authResultsValue('mx', [arcEntry({ result: 'pass', oldestPass: 0 }, '192.0.2.1')])).toBe(
      'mx;\r\n\tarc=pass header.oldest-pass=0 smtp.remote-ip=192.0.2.1',
    );
  });

  it('names HELO when that was checked', () => {
    const entry = spfEntry({ result: 'fail', scope: 'helo', domain: 'h.example' });
    expect(authResultsValue('mx', [entry])).toBe('mx;\r\n\tspf=fail smtp.helo=h.example');
  });

  it('leaves out what is no domain, and has at most 20 signatures', () => {
    const entry = spfEntry({ result: 'none', scope: 'helo', domain: 'x;dkim=pass' });
    expect(authResultsValue('mx', [entry])).toBe('mx;\r\n\tspf=none');
    expect(dkimEntries(Array.from({ length: 30 }, () => dkim({}))).length).toBe(20);
  });

  it('holds nothing of a stranger but inside a value', () => {
    const hostile = fc.oneof(
      fc
        .string({ unit: 'binary', maxLength: 1000 })
        .map((text) => Buffer.from(text, 'utf8').toString('latin1')),
      fc.string({ unit: fc.constantFrom(...';="\\() \t\r\n\0@.<>aé,/'), maxLength: 1000 }),
      fc.constantFrom(
        'x;dkim=pass',
        '"a) dkim=pass (b"@example.com',
        'a\r\nX: y',
        'a'.repeat(1000),
        '" ; dkim=pass "',
      ),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (a, b, c, d) => {
        const entries: AuthEntry[] = [
          spfEntry({ result: 'fail', scope: 'mfrom', domain: a }),
          ...dkimEntries([dkim({ domain: b, selector: c, identity: d, algorithm: a, b: c })]),
          dmarcEntry({ result: 'none', domain: d, published: undefined }),
          smtpAuthEntry(c),
        ];
        const value = authResultsValue('mx.example.com', entries);
        expect(value).toMatch(/^(?:[ -~]|\r\n\t\t?(?=[!-~]))+$/);
        for (const line of value.split('\r\n')) expect(line.length).toBeLessThan(998);
        expect(value.replace(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/[()"\\]/);
        const parsed = parseAuthResults(value);
        expect(parsed?.id).toBe('mx.example.com');
        expect(parsed?.results.map(({ method, result }) => `${method}=${result}`)).toEqual([
          'spf=fail',
          'dkim=pass',
          'dmarc=none',
          'auth=pass',
        ]);
        const shown = c.slice(0, 256).replace(/[^ -~]/g, '?');
        expect(parsed?.results[1]?.properties.get('header.s')).toBe(shown);
        expect(parsed?.results[3]?.properties.get('smtp.auth')).toBe(shown);
      }),
    );
  });
});

describe('values that are read', () => {
  it('with versions, comments, reasons and folding', () => {
    const parsed = parseAuthResults(
      ' (c) "mx.example.com" 1 ;\r\n\tspf/1 = pass (why (not)) reason = "a \\" b" smtp . mailfrom = a@example.com;\r\n dkim=fail header.b="x;y"',
    );
    expect(parsed).toEqual({
      id: 'mx.example.com',
      results: [
        {
          method: 'spf',
          result: 'pass',
          reason: 'a " b',
          properties: new Map([['smtp.mailfrom', 'a@example.com']]),
        },
        { method: 'dkim', result: 'fail', reason: undefined, properties: new Map([['header.b', 'x;y']]) },
      ],
    });
  });

  it.each(['mx; none', 'mx 1; none', 'mx'])('without results: %s', (value) => {
    expect(parseAuthResults(value)).toEqual({ id: 'mx', results: [] });
  });

  it.each([
    '',
    ';',
    '"mx',
    'mx; spf',
    'mx; spf=',
    'mx; spf=pass smtp',
    'mx; spf=pass (',
    'mx; spf=pass x y',
    'mx y; none',
  ])('that are none: %s', (value) => {
    expect(parseAuthResults(value)).toBeUndefined();
  });

  it('never throws, and takes no time to speak of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'mx;= ."\\()/\r\n\t1aé'), maxLength: 300 }),
        (value) => {
          parseAuthResults(value);
          claimsToBeOurs(value, ['mx']);
        },
      ),
    );
    const start = performance.now();
    for (const piece of ['(', '"', 'a=', ';a=b', ' a.b=c', '\\', '(a)'])
      for (const value of [piece.repeat(100_000), `mx; a=b ${piece.repeat(60_000)}`]) {
        parseAuthResults(value);
        claimsToBeOurs(value, ['mx']);
      }
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
