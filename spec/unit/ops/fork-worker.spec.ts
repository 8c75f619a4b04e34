import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forkWorker } from '../../../src/ops/fork-worker.ts';

describe('forkWorker', () => {
  it.each([
    // Node.js throws for some errors (ENOMEM, ETXTBSY) and has an event for others.
    ['the program is just being written', 'ETXTBSY'],
    ['there is no program', 'ENOENT'],
  ])('a worker that the system does not start is one that has ended: %s', async (_what, cause) => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-fork-'));
    const program = join(directory, 'node');
    const busy = cause === 'ETXTBSY' ? await open(program, 'w') : undefined;
    if (busy !== undefined) await chmod(program, 0o755);
    const { execPath } = process;
    process.execPath = program;
    try {
      const worker = forkWorker({ file: 2, slot: 0, workers: 2, seed: '' });
      const ended = new Promise((resolve) => worker.onExit((code, signal) => resolve([code, signal])));
      worker.send({ kind: 'drain' });
      worker.kill('SIGKILL');
      expect(worker.pid).toBe(0);
      expect(await ended).toEqual([null, expect.stringContaining(cause)]);
    } finally {
      process.execPath = execPath;
      await busy?.close();
      await rm(directory, { recursive: true });
    }
  });
});
