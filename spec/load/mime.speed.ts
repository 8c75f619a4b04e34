// What mime.parts and uri.found cost, as processor time of one run beside mailsplit over the same bytes. The least of several rounds counts:
// others use the machine too.
import { describe, expect, test } from 'vitest';
import { allowed } from '../fakes/pace.ts';
import {
  chunks,
  least,
  mailsplitChunks,
  messages,
  observeChunks,
  processorTime,
  smallMessage,
} from './mime-messages.ts';

const rounds = 5;

/** Beside mailsplit (8 times were measured for HTML), which does not look at what is in a part: in HTML we read each tag, entity, shown text and the URIs of every attribute. */
const times = (kind: string): number => (kind.startsWith('HTML') ? 10 : 3);

describe('a 10 MB message costs a few times what mailsplit alone costs', () => {
  for (const [kind, message] of Object.entries(messages(10_000_000))) {
    test(kind, async () => {
      const pieces = chunks(message);
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        theirs.push(await processorTime(() => mailsplitChunks(pieces)));
        ours.push(await processorTime(() => observeChunks(pieces, true)));
      }
      expect(least(ours)).toBeLessThanOrEqual(times(kind) * least(theirs));
    });
  }
});

test('a 1 KB message costs at most 0.2 ms more than without', async () => {
  const pieces = [smallMessage];
  expect(smallMessage.length).toBeLessThan(1200);
  expect(observeChunks(pieces, true)).toEqual({ parts: 3, uris: 2 });
  const many = 2000;
  const cost = async (active: boolean): Promise<number> => {
    const used: number[] = [];
    for (let round = 0; round < rounds; round++) {
      used.push(
        await processorTime(() => {
          for (let i = 0; i < many; i++) observeChunks(pieces, active);
        }),
      );
    }
    return least(used) / many;
  };
  const off = await cost(false);
  expect((await cost(true)) - off).toBeLessThanOrEqual(allowed(0.2));
});
