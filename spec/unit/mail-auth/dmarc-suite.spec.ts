// DMARC by cases of our own (spec/suites/dmarc-cases).
import { describe, expect, it } from 'vitest';
import { authorOf } from '../../../src/mail-auth/author.ts';
import { checkDmarc } from '../../../src/mail-auth/dmarc/check.ts';
import { SuiteRecords, type SuiteZone } from '../../fakes/mail-auth-zone.ts';
import { ownSuite } from '../../fakes/shared-suites.ts';

interface Case {
  readonly name: string;
  readonly from: string | null;
  readonly spfPass: string | null;
  readonly dkimPass: readonly string[];
  readonly zone: SuiteZone;
  readonly doesNotAnswer: readonly string[];
  readonly result: readonly string[];
  readonly policy?: string;
  readonly organisationalDomain?: string;
}

const suite = ownSuite<{ cases: readonly Case[] }>('dmarc-cases');

describe('cases of our own', () => {
  it('are all there', () => {
    expect(suite.cases.length).toBe(45);
  });

  it.each(suite.cases)('$name', async (test) => {
    const lookup = new SuiteRecords(test.zone, test);
    const author = authorOf(test.from === null ? [] : [test.from]);
    const { spfPass, dkimPass } = test;
    const verdict = await checkDmarc({ author, spfPass: spfPass ?? undefined, dkimPass }, lookup);
    expect(test.result).toContain(verdict.result);
    if (test.policy !== undefined) expect(verdict.published).toBe(test.policy);
    expect(verdict.policy).toBe(verdict.result === 'fail' ? verdict.published : 'none');
    if (test.organisationalDomain !== undefined) expect(verdict.organisation).toBe(test.organisationalDomain);
    expect(new Set(lookup.asked).size).toBe(lookup.asked.length);
  });
});
