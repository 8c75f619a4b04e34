// The short form of `npm run chaos`: troubles for half a minute; nothing is lost, doubled, refused or left behind.
import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos/run.ts';

describe('chaos', () => {
  it('for half a minute: no message lost or doubled, the port never closes, nothing is left', async () => {
    const told: string[] = [];
    const outcome = await runChaos({
      ...{ workers: 2, seconds: 35, seed: Date.now() % 100_000, clients: 6 },
      say: (text) => told.push(text),
    });
    expect(outcome.complaints, told.join('\n')).toEqual([]);
    expect(outcome.verdict).toMatchObject({ lost: 0, doubled: 0 });
    expect(outcome.verdict.attempts.taken).toBeGreaterThan(50);
  }, 180_000);
});
