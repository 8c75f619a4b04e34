// Every deliberate difference between our replies and hook logs and those recorded of the original: which cases, why, and what is expected
// instead, in one list by topic. Nothing else is changed (but see normalise.ts for what concerns all cases). S.., engine ..: notes on
// the original.
import type { Transcript } from '../transcript.ts';
import { dialogueDifferences } from './dialogue.ts';
import { messageDifferences } from './message.ts';
import { nextHopDifferences } from './next-hop.ts';
import { pathDifferences } from './paths.ts';
import { pipeliningDifferences } from './pipelining.ts';
import { policyDifferences } from './policy.ts';
import { resultDifferences } from './results.ts';
import type { Difference } from './words.ts';

export const differences: readonly Difference[] = [
  ...dialogueDifferences,
  ...pathDifferences,
  ...messageDifferences,
  ...policyDifferences,
  ...resultDifferences,
  ...nextHopDifferences,
  ...pipeliningDifferences,
];

export function differencesOf(transcript: Transcript): readonly Difference[] {
  return differences.filter(({ cases }) =>
    cases.some((one) => (typeof one === 'string' ? one === transcript.name : one.test(transcript.name))),
  );
}
