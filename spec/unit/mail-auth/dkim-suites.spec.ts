// The suites of DKIM signatures, each case in chunks of three sizes.
import { describe, expect, it } from 'vitest';
import { chunkSizes, type TxtTable, takeIn, verifiedDkim } from '../../fakes/mail-auth.ts';
import { ownSuite, sharedSuite } from '../../fakes/shared-suites.ts';

interface Case {
  readonly name: string;
  readonly message: string;
  readonly result: readonly string[];
}

async function resultsOf(message: string, size: number, txt: TxtTable, now?: number): Promise<string> {
  const results = await verifiedDkim(takeIn(message, size), now === undefined ? { txt } : { txt, now });
  return results.length === 0 ? 'none' : results.map(({ result }) => result).join(',');
}

const own = ownSuite<{ cases: readonly (Case & { txt: TxtTable; time: number })[] }>('dkim-cases');
const openDkim = sharedSuite<{ txt: TxtTable; cases: readonly Case[] }>('dkim-opendkim');
const rfc8463 = sharedSuite<{ txt: TxtTable; message: string; result: readonly string[] }>('dkim-rfc8463');

describe('cases of our own', () => {
  it('are all there', () => {
    expect(own.cases.length).toBe(86);
  });

  it.each(own.cases)('$name', async ({ message, txt, time, result }) => {
    for (const size of chunkSizes) expect(result).toContain(await resultsOf(message, size, txt, time));
  });
});

describe.skipIf(openDkim === undefined)(
  'messages of the OpenDKIM library (SMTPE_SHARED/suites/dkim-opendkim)',
  () => {
    const { txt, cases } = openDkim ?? { txt: {}, cases: [] };

    it('are all there', () => {
      expect(cases.length).toBe(42);
    });

    it.each(cases)('$name', async ({ message, result }) => {
      for (const size of chunkSizes) expect(result).toContain(await resultsOf(message, size, txt));
    });
  },
);

describe.skipIf(rfc8463 === undefined)('the example of RFC 8463 (SMTPE_SHARED/suites/dkim-rfc8463)', () => {
  it('passes with both algorithms', async () => {
    const { message, txt, result } = rfc8463 ?? { message: '', txt: {}, result: [] };
    expect(result.length).toBe(2);
    for (const size of chunkSizes) expect(await resultsOf(message, size, txt)).toBe(result.join(','));
  });
});
