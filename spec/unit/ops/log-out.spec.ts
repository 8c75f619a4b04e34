import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { descriptorOut } from '../../../src/ops/log-out.ts';

describe('a named pipe as the log', () => {
  it('is written to again when its reader has been away', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-log-'));
    const path = join(directory, 'log');
    execFileSync('mkfifo', [path]);
    const openReader = (): number => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const read = (fd: number): string => {
      const buffer = Buffer.alloc(100);
      return buffer.toString('latin1', 0, readSync(fd, buffer));
    };
    const clock = new FakeClock();
    const first = openReader();
    const stderr = openSync(path, constants.O_WRONLY);
    const out = descriptorOut(stderr, clock);
    const write = (text: string): Promise<Error | undefined> =>
      new Promise((resolve) => out.write(Buffer.from(text), (error) => resolve(error)));
    expect(await write('one\n')).toBe(undefined);
    expect(read(first)).toBe('one\n');
    closeSync(first);
    clock.advance(500);
    expect(await write('two\n')).toMatchObject({ code: 'EPIPE' });
    clock.advance(500);
    expect(await write('three\n')).toBeInstanceOf(Error);
    const second = openReader();
    clock.advance(500);
    expect(await write('four\n')).toBe(undefined);
    expect(read(second)).toBe('four\n');
    out.close();
    for (const fd of [second, stderr]) closeSync(fd);
    await rm(directory, { recursive: true });
  });
});
