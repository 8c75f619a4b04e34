// The ARC test suite of ValiMail: chains verified and sealed, each in chunks of three sizes.
import { describe, expect, it } from 'vitest';
import { sealArc } from '../../../src/mail-auth/arc/seal.ts';
import {
  bodyHashOf,
  chunkSizes,
  signingKey,
  type TxtTable,
  takeIn,
  verifiedArc,
} from '../../fakes/mail-auth.ts';
import { sharedSuite } from '../../fakes/shared-suites.ts';

interface Scenario<T> {
  readonly description: string;
  readonly txt: TxtTable;
  readonly tests: readonly T[];
}

interface Chain {
  readonly name: string;
  readonly message: string;
  /** Empty where the suite leaves it open. */
  readonly cv: string;
}

const verify = sharedSuite<{ scenarios: readonly Scenario<Chain>[] }>('arc-valimail-verify');

describe.skipIf(verify === undefined)('chains (SMTPE_SHARED/suites/arc-valimail-verify)', () => {
  const scenarios = verify?.scenarios ?? [];
  const all = scenarios.flatMap(({ description, txt, tests }) =>
    tests.map((test) => ({ ...test, description, txt })),
  );

  it('are all there', () => {
    expect(all.length).toBe(129);
    expect(all.filter(({ cv }) => cv === '').length).toBe(3);
  });

  it.each(all)('$description: $name', async ({ message, cv, txt }) => {
    for (const size of chunkSizes) {
      const { result } = await verifiedArc(takeIn(message, size), { txt });
      // Chains that the suite leaves open say themselves that they have failed.
      expect(result).toBe(cv === '' ? 'fail' : cv);
    }
  });
});

interface Sealing {
  readonly name: string;
  readonly message: string;
  readonly time: number;
  readonly signedHeaders: string;
  readonly authservId: string;
  readonly expected: Readonly<
    Record<'ARC-Seal' | 'ARC-Message-Signature' | 'ARC-Authentication-Results', string>
  >;
}

type SealScenario = Scenario<Sealing> & { domain: string; selector: string; privateKey: string };
const sign = sharedSuite<{ scenarios: readonly SealScenario[] }>('arc-valimail-sign');

/** What the Authentication-Results of a message with this id hold, together, as our own would be handed in. */
function resultsOf(message: string, id: string): string {
  const [head = ''] = message.split('\r\n\r\n');
  const ours = head
    .split(/\r\n(?![ \t])/)
    .filter((field) => field.startsWith(`Authentication-Results: ${id};`))
    .map((field) => field.slice(`Authentication-Results: ${id};`.length).trim());
  return `${id}; ${ours.join('; ')}`;
}

/** Tags without white space, sorted. */
const tagsOf = (value: string): string[] => value.replace(/\s+/g, '').split(';').sort();

describe.skipIf(sign === undefined)('sets (SMTPE_SHARED/suites/arc-valimail-sign)', () => {
  const all = (sign?.scenarios ?? []).flatMap(({ description, txt, domain, selector, privateKey, tests }) =>
    tests.map((test) => ({ ...test, description, txt, domain, selector, privateKey })),
  );

  it('are all there', () => {
    expect(all.length).toBe(13);
  });

  it.each(all)('$description: $name', async (test) => {
    const { message, txt, domain, selector, authservId, expected } = test;
    for (const size of chunkSizes) {
      const received = takeIn(message, size);
      const chain = await verifiedArc(received, { txt });
      const outcome = await sealArc(
        received.headers,
        bodyHashOf(message, 'relaxed', size),
        chain,
        {
          domain,
          selector,
          key: signingKey(test.privateKey),
          headers: test.signedHeaders.split(':'),
          body: 'relaxed',
          results: resultsOf(message, authservId),
        },
        test.time,
      );
      if (expected['ARC-Seal'] === '') {
        expect(outcome).toEqual({ kind: 'not-sealed', cause: 'recorded' });
        continue;
      }
      if (outcome.kind !== 'sealed') throw new Error(JSON.stringify(outcome));
      const [seal, ams, results] = outcome.headers;
      expect(tagsOf(seal)).toEqual(tagsOf(`ARC-Seal:${expected['ARC-Seal']}`));
      expect(tagsOf(ams)).toEqual(tagsOf(`ARC-Message-Signature:${expected['ARC-Message-Signature']}`));
      expect(tagsOf(results)).toEqual(
        tagsOf(`ARC-Authentication-Results:${expected['ARC-Authentication-Results']}`),
      );
    }
  });
});
