// What of DMARC no case of the suite says: look-ups that fail, tags that are wrong, walks that end.
import { describe, expect, it } from 'vitest';
import { authorOf } from '../../../src/mail-auth/author.ts';
import { checkDmarc } from '../../../src/mail-auth/dmarc/check.ts';
import { parseDmarcRecord } from '../../../src/mail-auth/dmarc/record.ts';
import { SuiteRecords } from '../../fakes/mail-auth-zone.ts';

interface Circumstances {
  readonly from?: string;
  readonly records: Readonly<Record<string, string>>;
  readonly hosts?: readonly string[];
  readonly silent?: readonly string[];
  readonly spf?: string;
  readonly dkim?: readonly string[];
  /** What SPF and signatures could not tell about. */
  readonly spfUnsure?: string;
  readonly dkimUnsure?: readonly string[];
}

async function verdict({
  from = 'a@mail.example.com',
  records,
  hosts = [],
  silent = [],
  spf,
  dkim = [],
  ...unsure
}: Circumstances) {
  const zone = Object.fromEntries([
    ...Object.entries(records).map(([name, text]) => [
      `_dmarc.${name}`,
      { records: [{ type: 'TXT' as const, strings: [text] }] },
    ]),
    ...hosts.map((name) => [name, { records: [{ type: 'A' as const, value: '192.0.2.1' }] }]),
  ]);
  const lookup = new SuiteRecords(zone, { doesNotAnswer: silent });
  const question = { author: authorOf([from]), spfPass: spf, dkimPass: dkim, ...unsure };
  const result = await checkDmarc(question, lookup);
  return { ...result, asked: lookup.asked };
}

describe('a domain in UTF-8', () => {
  it('is the same in A-labels: it stands for the author, and so does a name below it', async () => {
    const u = Buffer.from('ex\u00e4mple.com').toString('latin1');
    const records = { 'xn--exmple-cua.com': 'v=DMARC1; p=reject' };
    for (const from of [`a@${u}`, 'a@xn--exmple-cua.com'])
      for (const name of [u, 'XN--EXMPLE-CUA.com', `mail.${u}`, `${u}.`]) {
        expect((await verdict({ from, records, spf: name })).result).toBe('pass');
        expect((await verdict({ from, records, dkim: [name] })).result).toBe('pass');
      }
    for (const name of ['example.com', '\xff.com', Buffer.from('ex\u00f6mple.com').toString('latin1')])
      expect((await verdict({ from: `a@${u}`, records, spf: name })).result).toBe('fail');
  });
});

describe('a record', () => {
  it.each([
    ['v=DMARC1; p=reject; sp=maybe', undefined],
    ['v=DMARC1; p=reject; np=maybe', undefined],
    ['v=DMARC1; p=reject; sp=maybe; rua=mailto:d@example.com', ['none', 'none', 'none']],
    ['v=DMARC1; p=reject; np=maybe; rua=x, mailto:d@example.com!10m', ['none', 'none', 'none']],
    ['v=DMARC1; p=maybe; rua=x', undefined],
    ['v=DMARC1; rua=mailto:', undefined],
    ['v=DMARC1', undefined],
    ['v=DMARC1; p=REJECT; sp=None', ['reject', 'none', 'none']],
    ['v=DMARC1; p=reject; sp=quarantine', ['reject', 'quarantine', 'quarantine']],
    ['v=DMARC1; p=none; np=reject', ['none', 'none', 'reject']],
    ['v=DMARC1; p=reject; p=none', ['reject', 'reject', 'reject']],
    ['v=DMARC1; p=reject\u00a0', undefined],
    ['v=DMARC12; p=reject', undefined],
    [' v=DMARC1; p=reject', undefined],
  ])('%j', (text, policies) => {
    const record = parseDmarcRecord(text);
    expect(record?.isValid === true ? [record.own, record.subdomains, record.missing] : undefined).toEqual(
      policies,
    );
  });

  it('has defaults for tags that are wrong', () => {
    expect(parseDmarcRecord('v=DMARC1; p=reject; adkim=x; aspf=; psd=maybe; t=1; fo=zz')).toMatchObject({
      isDkimStrict: false,
      isSpfStrict: false,
      psd: 'u',
      testing: false,
    });
  });
});

describe('a verdict', () => {
  it('is temperror only when a failed look-up could have changed it', async () => {
    const records = { 'mail.example.com': 'v=DMARC1; p=reject' };
    const silent = ['_dmarc.example.com'];
    // Nothing has passed: whatever the organisational domain is.
    expect(await verdict({ records, silent })).toMatchObject({ result: 'fail', policy: 'reject' });
    expect(await verdict({ records, silent, dkim: ['other.example'] })).toMatchObject({ result: 'fail' });
    expect(await verdict({ records, silent, spf: 'example.com' })).toMatchObject({
      result: 'temperror',
      cause: 'dns',
    });
    expect(await verdict({ records, silent, spf: 'example.com', dkim: ['mail.example.com'] })).toMatchObject({
      result: 'pass',
      dkim: 'mail.example.com',
      organisation: undefined,
    });
    const strict = { 'mail.example.com': 'v=DMARC1; p=reject; aspf=s' };
    expect(await verdict({ records: strict, silent, spf: 'example.com' })).toMatchObject({ result: 'fail' });
    // There is no record below what does not answer.
    expect(await verdict({ records: {}, silent })).toMatchObject({ result: 'temperror' });
  });

  const relaxed = { 'mail.example.com': 'v=DMARC1; p=reject', 'example.com': 'v=DMARC1; p=none' };
  const strict = { 'mail.example.com': 'v=DMARC1; p=reject; adkim=s; aspf=s' };
  it.each<[string, Omit<Circumstances, 'records'>, Circumstances['records'], string]>([
    ['SPF of the author domain', { spfUnsure: 'mail.example.com' }, relaxed, 'temperror'],
    ['SPF of the organisational domain', { spfUnsure: 'Example.com.' }, relaxed, 'temperror'],
    ['the same where alignment is strict', { spfUnsure: 'example.com' }, strict, 'fail'],
    ['SPF of somebody else', { spfUnsure: 'example.org' }, relaxed, 'fail'],
    ['a key of the author domain', { dkimUnsure: ['mail.example.com'] }, strict, 'temperror'],
    ['a key of a domain beside it', { dkimUnsure: ['x.example.org', 'b.example.com'] }, relaxed, 'temperror'],
    ['the same where alignment is strict', { dkimUnsure: ['b.example.com'] }, strict, 'fail'],
    ['keys of others', { dkimUnsure: ['example.org', 'mail.example.com.example.org'] }, relaxed, 'fail'],
    ['a key, but SPF passed', { dkimUnsure: ['example.com'], spf: 'example.com' }, relaxed, 'pass'],
    ['SPF, but a signature passed', { spfUnsure: 'example.com', dkim: ['example.com'] }, relaxed, 'pass'],
    [
      'a key, and SPF passed for others',
      { dkimUnsure: ['example.com'], spf: 'a.test' },
      relaxed,
      'temperror',
    ],
    ['a key of a domain without a policy', { dkimUnsure: ['mail.example.com'] }, {}, 'none'],
  ])(
    'is temperror when what failed could have stood for the author: %s',
    async (_, circumstances, records, result) => {
      expect(await verdict({ records, ...circumstances })).toMatchObject({
        ...{ result, policy: result === 'fail' ? 'reject' : 'none' },
        ...(result === 'temperror' ? { cause: 'dns', spf: undefined, dkim: undefined } : {}),
      });
    },
  );

  it('is temperror when np= counts and nobody says whether the name exists', async () => {
    const records = { 'example.com': 'v=DMARC1; p=none; np=reject' };
    const silent = ['mail.example.com'];
    expect(await verdict({ records, silent })).toMatchObject({ result: 'temperror' });
    expect(await verdict({ records, silent, spf: 'example.com' })).toMatchObject({ result: 'pass' });
    expect(await verdict({ records, hosts: ['mail.example.com'] })).toMatchObject({
      policy: 'none',
      published: 'none',
    });
    expect(await verdict({ records })).toMatchObject({ result: 'fail', policy: 'reject' });
  });

  it('asks at most eight names of a walk, each name once', async () => {
    const from = 'a@a.b.c.d.e.f.g.h.i.example.com';
    const { asked, result } = await verdict({ from, records: {}, spf: 'x.example.com' });
    expect(result).toBe('none');
    expect(asked).toEqual([
      'TXT _dmarc.a.b.c.d.e.f.g.h.i.example.com',
      ...['e.f.g.h.i.', 'f.g.h.i.', 'g.h.i.', 'h.i.', 'i.', ''].map(
        (rest) => `TXT _dmarc.${rest}example.com`,
      ),
      'TXT _dmarc.com',
    ]);
  });

  it('makes at most ten walks for signatures, and none for what cannot be aligned', async () => {
    const records = { 'example.com': 'v=DMARC1; p=reject' };
    const dkim = Array.from({ length: 40 }, (_, i) => `d${i}.example.com`);
    for (const name of dkim) Object.assign(records, { [name]: 'v=DMARC1; p=none; psd=n' });
    const { asked, result } = await verdict({ records, dkim: [...dkim, 'x.example.org'] });
    expect(result).toBe('fail');
    expect(asked.length).toBe(3 + 10);
  });

  it.each([
    ['a@x.example.com', { 'example.com': 'v=DMARC1; psd=n', com: 'v=DMARC1; p=reject' }],
    ['a@x.example.com', { 'x.example.com': 'v=DMARC1; p=maybe', 'example.com': 'v=DMARC1; p=reject' }],
  ])(
    'of %s is none where the record that counts has no policy, whatever stands above it: %j',
    async (from, records) => {
      expect(await verdict({ from, records })).toMatchObject({
        result: 'none',
        cause: 'no_record',
        organisation: 'example.com',
      });
    },
  );

  it('prefers the record of the author domain to one above, and weakens it when it is being tried', async () => {
    const records = { 'mail.example.com': 'v=DMARC1; p=reject; t=y', 'example.com': 'v=DMARC1; p=none' };
    expect(await verdict({ records })).toMatchObject({
      policy: 'quarantine',
      testing: true,
      policyDomain: 'mail.example.com',
      organisation: 'example.com',
      record: 'v=DMARC1; p=reject; t=y',
    });
  });

  it('of a public suffix that is an author itself ends there', async () => {
    const records = { 'bank.example': 'v=DMARC1; p=reject; psd=y', example: 'v=DMARC1; p=none' };
    const result = await verdict({ from: 'a@bank.example', records, spf: 'x.example' });
    expect(result).toMatchObject({ result: 'fail', policy: 'reject', organisation: 'bank.example' });
  });

  it('survives a look-up that throws', async () => {
    const lookup = {
      txt: () => {
        throw new Error('broken');
      },
      exists: () => 'yes' as const,
    };
    const question = { author: authorOf(['a@example.com']), spfPass: undefined, dkimPass: [] };
    expect(await checkDmarc(question, lookup)).toMatchObject({ result: 'temperror' });
  });
});
