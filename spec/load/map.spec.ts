// A list of 1,000,000 lines: others are served while it is read, and a look-up costs what it costs in a short one. Ratios within one run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { MapContent } from '../../src/modules/map/content.ts';
import { readMapFile } from '../../src/modules/map/read-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-map-load-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const keyOf = (i: number): string => `user${(i * 7919) % 9_999_991}@example${i % 1000}.com`;

async function read(lines: number): Promise<MapContent> {
  const path = join(directory, `list${lines}`);
  writeFileSync(path, Array.from({ length: lines }, (_, i) => `${keyOf(i)} ${i}\n`).join(''));
  const found = await readMapFile(path, 'keys');
  if (found.kind === 'failed') throw new Error(found.message);
  return found.content;
}

/** Processor time of one look-up, µs: the best of several rounds. */
function cost(list: MapContent, lines: number): number {
  const keys = Array.from({ length: 50_000 }, (_, i) => keyOf((i * 31) % (lines * 2)));
  let best = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    for (const key of keys) if (list.lookup(key) !== undefined) found++;
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / keys.length);
  }
  expect(found).toBeGreaterThan(0);
  return best;
}

it('is read while others have their turn, and looked up like a short one', { timeout: 120_000 }, async () => {
  const short = await read(1000);
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  const long = await read(1_000_000);
  clearInterval(others);
  expect(long.entries).toBe(1_000_000);
  // A second of work in slices of 2 ms.
  expect(turns).toBeGreaterThan(30);
  const [few, many] = [cost(short, 1000), cost(long, 1_000_000)];
  const middle = cost(await read(100_000), 100_000);
  console.info(
    `a look-up: ${few.toFixed(2)} µs in 1,000 lines, ${middle.toFixed(2)} in 100,000, ${many.toFixed(2)} in 1,000,000; ${turns} turns`,
  );
  // Memory that is not in the cache is slower; the number of lines is not in it.
  expect(many).toBeLessThan(few * 20 + 1);
});
