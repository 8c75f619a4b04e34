// SPF and DMARC beside npm mailauth 7.1.0 in its strict mode, with the same records: where the two say different things, the reason stands here.
import fc from 'fast-check';
import mailauthDmarc from 'mailauth/lib/dmarc/verify.js';
import mailauthSpf from 'mailauth/lib/spf/index.js';
import { describe, expect, it } from 'vitest';
import { checkDmarc } from '../../src/mail-auth/dmarc/check.ts';
import { checkSpf } from '../../src/mail-auth/spf/check.ts';
import { SuiteRecords, type SuiteZone, type ZoneRow } from '../fakes/mail-auth-zone.ts';
import { type SpfTask, spfTask } from '../fakes/spf-records.ts';

/** As node:dns answers. */
function resolverOf(records: SuiteRecords) {
  return async (name: string, type: string): Promise<unknown[]> => {
    const found = records.find(name, type as ZoneRow['type']);
    if (found.kind === 'records') return found.records.map(asNode);
    const code = found.kind === 'failed' ? 'ETIMEOUT' : found.exists ? 'ENODATA' : 'ENOTFOUND';
    throw Object.assign(new Error(`${type} ${name}`), { code });
  };
}

function asNode({ type, value = '', preference = 0, strings = [] }: ZoneRow): unknown {
  if (type === 'TXT') return [...strings];
  return type === 'MX' ? { exchange: value, priority: preference } : value;
}

const textsOf = (zone: SuiteZone): string[] =>
  Object.entries(zone).flatMap(([at, { records }]) =>
    records.flatMap(({ strings }) => (strings === undefined ? [] : [`${at}: ${strings.join('')}`])),
  );

describe('SPF', () => {
  it('says the same of random records', async () => {
    const tasks: readonly SpfTask[] = fc.sample(spfTask, { numRuns: 3000, seed: 7208 });
    const different: unknown[] = [];
    const seen = new Map<string, number>();
    for (const { zone, ip, mailfrom: sender, helo } of tasks) {
      const lookup = new SuiteRecords(zone);
      const ours = await checkSpf({ ip, sender, helo }, { lookup, receiver: 'mx.example.org', now: 0 });
      const { status } = await mailauthSpf.spf({
        ...{ ip, helo, sender, mta: 'mx.example.org', strict: true },
        resolver: resolverOf(new SuiteRecords(zone)),
      });
      seen.set(ours.result, (seen.get(ours.result) ?? 0) + 1);
      if (ours.result !== status.result)
        different.push({ ours, theirs: status, ip, sender, helo, texts: textsOf(zone) });
    }
    expect(different).toEqual([]);
    // Records that mean nothing would prove nothing.
    for (const word of ['pass', 'fail', 'softfail', 'neutral', 'none', 'permerror'])
      expect(seen.get(word)).toBeGreaterThan(20);
  });
});

describe('DMARC', () => {
  const domain = fc.constantFrom(
    'example.com',
    'a.example.com',
    'b.a.example.com',
    'c.b.a.example.com',
    'other.example',
    'x.other.example',
    'com',
    '1.2.3.4.5.6.7.8.9.example.com',
    '9.example.com',
  );
  const policy = fc.constantFrom('none', 'quarantine', 'reject', 'Reject', 'wrong', '');
  const tag = fc.oneof(
    fc.tuple(fc.constantFrom('sp', 'np'), policy).map((pair) => pair.join('=')),
    fc
      .tuple(fc.constantFrom('adkim', 'aspf'), fc.constantFrom('r', 's', 'S', 'x'))
      .map((pair) => pair.join('=')),
    fc.tuple(fc.constantFrom('psd', 't'), fc.constantFrom('y', 'n', 'u', 'Y')).map((pair) => pair.join('=')),
    fc.constantFrom('rua=mailto:a@example.com', 'rua=x', 'pct=50', 'fo=1', 'x', '', ' unknown = y'),
  );
  const record = fc
    .tuple(
      fc.constantFrom('v=DMARC1', 'v=DMARC1', 'v=DMARC1', 'v = DMARC1 ', 'v=dmarc1', 'v=DMARC2'),
      policy,
      fc.uniqueArray(tag, { maxLength: 4, selector: (text) => text.split('=')[0]?.trim() }),
      fc.constantFrom('; ', ';', ' ; '),
    )
    .map(([version, p, tags, between]) => [version, ...(p === '' ? [] : [`p=${p}`]), ...tags].join(between));
  const zone = fc.array(fc.tuple(domain, record, fc.boolean()), { maxLength: 5 }).map((rows): SuiteZone => {
    const all: Record<string, { records: ZoneRow[] }> = {};
    for (const [at, text, exists] of rows) {
      const entry = (all[`_dmarc.${at}`] ??= { records: [] });
      entry.records.push({ type: 'TXT', strings: [text] });
      if (exists) all[at] = { records: [{ type: 'A', value: '192.0.2.1' }] };
    }
    return all;
  });
  const task = fc.record({
    zone,
    author: domain,
    spf: fc.option(domain, { nil: undefined }),
    dkim: fc.array(domain, { maxLength: 3 }),
    doesNotAnswer: fc.array(
      domain.map((at) => `_dmarc.${at}`),
      { maxLength: 1 },
    ),
  });

  it('says the same of random records', async () => {
    const different: unknown[] = [];
    const seen = new Map<string, number>();
    for (const { zone: records, author, spf, dkim, doesNotAnswer } of fc.sample(task, {
      numRuns: 3000,
      seed: 9989,
    })) {
      const faults = { doesNotAnswer };
      const ours = await checkDmarc(
        {
          author: { kind: 'author', domain: author, address: `a@${author}` },
          spfPass: spf,
          dkimPass: dkim,
        },
        new SuiteRecords(records, faults),
      );
      const theirs = await mailauthDmarc({
        headerFrom: [author],
        spfDomains: spf === undefined ? [] : [{ domain: spf }],
        dkimDomains: dkim.map((name) => ({ domain: name })),
        strict: true,
        resolver: resolverOf(new SuiteRecords(records, faults)),
      });
      seen.set(ours.result, (seen.get(ours.result) ?? 0) + 1);
      const word = theirs === false ? 'permerror' : theirs.status.result;
      const isSame =
        ours.result === word &&
        (ours.result !== 'fail' || (theirs !== false && ours.policy === theirs.policy)) &&
        (ours.policyDomain === undefined || (theirs !== false && ours.policyDomain === theirs.policyDomain));
      if (!isSame)
        different.push({ ours, theirs, author, spf, dkim, doesNotAnswer, texts: textsOf(records) });
    }
    expect(different).toEqual([]);
    for (const word of ['pass', 'fail', 'none', 'temperror']) expect(seen.get(word)).toBeGreaterThan(20);
  });

  // The generator above makes neither.
  it.each([
    ['a tag twice: the first counts; to mailauth the record is none', 'v=DMARC1; p=reject; p=none', 'none'],
    ['names of tags in capitals are read; to mailauth they are others', 'v=DMARC1; P=reject', 'none'],
  ])('differs on purpose: %s', async (_, text, word) => {
    const records: SuiteZone = { '_dmarc.example.com': { records: [{ type: 'TXT', strings: [text] }] } };
    const author = { kind: 'author', domain: 'example.com', address: 'a@example.com' } as const;
    const ours = await checkDmarc({ author, spfPass: undefined, dkimPass: [] }, new SuiteRecords(records));
    expect(ours).toMatchObject({ result: 'fail', policy: 'reject' });
    const theirs = await mailauthDmarc({
      ...{ headerFrom: ['example.com'], spfDomains: [], dkimDomains: [], strict: true },
      resolver: resolverOf(new SuiteRecords(records)),
    });
    expect(theirs).toMatchObject({ status: { result: word } });
  });
});
