// The suites of SPF: the one of RFC 7208, and cases of our own.
import { describe, expect, it } from 'vitest';
import { checkSpf } from '../../../src/mail-auth/spf/check.ts';
import { SuiteRecords } from '../../fakes/mail-auth-zone.ts';
import { ownSuite } from '../../fakes/shared-suites.ts';
import { rfc7208Cases, type SpfCase } from '../../fakes/spf-suites.ts';

async function play(test: SpfCase): Promise<void> {
  const lookup = new SuiteRecords(test.zone, test);
  const question = { ip: test.ip, helo: test.helo, sender: test.mailfrom };
  const result = await checkSpf(question, { lookup, receiver: 'mx.example.org', now: 1_795_867_200 });
  expect(test.result).toContain(result.result);
  if (test.explanation !== undefined)
    expect(result.explanation).toBe(test.explanation === 'DEFAULT' ? undefined : test.explanation);
  if (result.explanation !== undefined) expect(result.explanation).toMatch(/^[ -~]{0,512}$/);
  expect(result.cause !== undefined).toBe(/error/.test(result.result));
  if (result.cause !== undefined) expect(result.cause).toMatch(/^[ -~]+$/);
  if (result.result !== 'none' && result.cause === undefined) expect(result.mechanism).toMatch(/^[!-~]+$/);
  expect(lookup.asked.length).toBeLessThanOrEqual(test.mostQueries ?? 111);
}

const own = ownSuite<{ cases: readonly SpfCase[] }>('spf-cases');
const rfc = rfc7208Cases();

describe('cases of our own', () => {
  it('are all there', () => {
    expect(own.cases.length).toBe(21);
  });
  it.each(own.cases)('$name', play);
});

describe.skipIf(rfc === undefined)('the suite of RFC 7208 (SMTPE_SHARED/suites/spf-rfc7208)', () => {
  it('is all there', () => {
    expect(rfc?.length).toBe(153);
  });
  it.each(rfc ?? [])('$name', play);
});
