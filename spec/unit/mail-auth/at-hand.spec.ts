// Where every answer is at hand (the cache has it), a check gives its result at once, so that no run of Lua has to wait for it; where answers are
// late it gives the same, and asks the same.
import { describe, expect, it } from 'vitest';
import { authorOf } from '../../../src/mail-auth/author.ts';
import { verifyDkim } from '../../../src/mail-auth/dkim/verify.ts';
import { checkDmarc } from '../../../src/mail-auth/dmarc/check.ts';
import { checkSpf } from '../../../src/mail-auth/spf/check.ts';
import { makeKey, signed, takeIn, verifySetup } from '../../fakes/mail-auth.ts';
import { SuiteRecords, type SuiteZone, type ZoneRow } from '../../fakes/mail-auth-zone.ts';

const txt = (...strings: string[]): { readonly records: readonly ZoneRow[] } => ({
  records: strings.map((one) => ({ type: 'TXT', strings: [one] })),
});
const zone: SuiteZone = {
  'example.com': { records: [...txt('v=spf1 include:a.example exists:%{i}.no.example mx -all').records] },
  'mail.example.com': txt('v=spf1 a:h.example redirect=example.com'),
  'a.example': txt('v=spf1 ip4:198.51.100.1 ?all'),
  'h.example': { records: [{ type: 'A', value: '192.0.2.1' }] },
  'fail.example': txt('v=spf1 -all exp=why.%{d}'),
  'why.fail.example': txt('%{i} is not one of ours'),
  '_dmarc.example.com': txt('v=DMARC1; p=reject; sp=none; np=quarantine'),
  '_dmarc.org.example': txt('v=DMARC1; p=none; psd=n'),
};

/** The same answers, each a promise. */
function late(records: SuiteRecords): SuiteRecords {
  const later = <T>(answer: T): T => Promise.resolve(answer) as T;
  return Object.assign(Object.create(records) as SuiteRecords, {
    txt: (name: string) => later(records.txt(name)),
    addresses: (name: string, family: 4 | 6) => later(records.addresses(name, family)),
    mx: (name: string) => later(records.mx(name)),
    ptr: (name: string) => later(records.ptr(name)),
    exists: (name: string) => later(records.exists(name)),
  });
}

async function expectAtOnce(check: (lookup: SuiteRecords) => unknown): Promise<void> {
  const [here, there] = [new SuiteRecords(zone), new SuiteRecords(zone)];
  const found = check(here);
  expect(found).not.toBeInstanceOf(Promise);
  const waited = check(late(there));
  expect(waited).toBeInstanceOf(Promise);
  expect(await waited).toEqual(found);
  expect(there.asked).toEqual(here.asked);
  expect(here.asked).not.toEqual([]);
}

describe('answers that are at hand', () => {
  it.each(['a@mail.example.com', 'a@example.com', 'a@fail.example', 'a@nothing.example'])(
    'give the result of SPF at once: %s',
    (sender) =>
      expectAtOnce((lookup) =>
        checkSpf({ ip: '192.0.2.1', helo: 'h.example', sender }, { lookup, receiver: 'mx.example', now: 0 }),
      ),
  );

  it.each([
    ['a@example.com', ['example.com']],
    ['a@x.example.com', ['y.example.com']],
    ['a@x.example.com', ['z.org.example']],
    ['a@nothing.example', []],
  ])('give that of DMARC at once: %s, signed by %j', (from, dkimPass) =>
    expectAtOnce((lookup) =>
      checkDmarc({ author: authorOf([from]), spfPass: 'x.org.example', dkimPass }, lookup),
    ),
  );

  it('give those of DKIM at once', async () => {
    const key = makeKey('rsa');
    const message = takeIn(await signed('From: a@example.com\r\n\r\ntext\r\n', { key: key.key }));
    const records = { 'sel._domainkey.example.com': key.record };
    const found = verifyDkim(message, verifySetup({ txt: records }));
    expect(found).toMatchObject([{ result: 'pass' }]);
    const answer = { kind: 'records' as const, records: [key.record] };
    const waited = verifyDkim(message, verifySetup({ txt: { txt: async () => answer } as never }));
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toEqual(found);
  });
});
