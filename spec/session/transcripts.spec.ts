// All recorded dialogues of the original against the engine, each with the client's bytes cut in four ways.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences, differencesOf } from './differences/index.ts';
import { normalise } from './normalise.ts';
import type { Cut } from './replay.ts';
import { Replayer } from './replayer.ts';
import { readTranscripts, type Transcript } from './transcript.ts';

const { cases, prelude } = readTranscripts();
const replayer = new Replayer(prelude);

beforeAll(() => replayer.start());
afterAll(() => replayer.stop());

/** The ways in which the bytes of a dialogue can be cut without making it another one. */
function cutsOf({ as_recorded, options, policy, steps }: Transcript): readonly Cut[] {
  if (as_recorded === true) return ['as recorded'];
  const oneAfterTheOther: readonly Cut[] = ['as recorded', 'one byte', 'random'];
  // Sent at once, every command is pipelined; a second connection or the end of the input would come too early.
  const notAtOnce =
    options.includes('+rfc2920-pipelining-reject') ||
    policy.includes('is_pipelining') ||
    steps.filter((step) => step.connect).length > 1 ||
    steps.some((step) => step.client_shutdown_write);
  return notAtOnce ? oneAfterTheOther : [...oneAfterTheOther, 'at once'];
}

function expectation(transcript: Transcript): Transcript {
  return differencesOf(transcript).reduce((changed, { change }) => change(changed), normalise(transcript));
}

describe('transcripts', () => {
  it('are all there', () => {
    expect(cases.length).toBe(350);
    const unused = differences.filter(
      (difference) => !cases.some((one) => differencesOf(one).includes(difference)),
    );
    expect(unused.map(({ cases: names }) => names)).toEqual([]);
  });

  for (const [seed, transcript] of cases.entries()) {
    it(transcript.name, async () => {
      const expected = expectation(transcript);
      for (const cut of cutsOf(expected)) {
        expect(await replayer.replay(expected, cut, seed), cut).toEqual([]);
      }
    });
  }
});
