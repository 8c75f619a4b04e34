import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { processOf, removeLeftovers } from '../../../src/message/spool-leftovers.ts';
import { canOwn } from '../../../src/ops/process-life.ts';
import { SessionIds, TransactionIds } from '../../../src/smtp/server/session-id.ts';
import { Program } from '../../fakes/program.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-left-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function fileName(pid: number, counter = 4711): string {
  return new TransactionIds(new SessionIds(new FakeClock(), () => counter, pid).next(), () => 99).next();
}

describe('processOf', () => {
  it('property: finds the process in the name of every message file, also while it is replaced', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_194_304 }), fc.nat(65_534), (pid, counter) => {
        expect(processOf(fileName(pid, counter))).toBe(pid);
        expect(processOf(`${fileName(pid, counter)}.tmp`)).toBe(pid);
      }),
    );
  });

  it.each([
    '',
    'README',
    '2ARFeJ254843266500x',
    '2ARFeJ2548432665',
    '.2ARFeJ254843266500',
    '2ARFeJ25484326650-',
  ])('is undefined for %j', (name) => {
    expect(processOf(name)).toBe(undefined);
  });
});

describe('removeLeftovers', () => {
  it('takes files of dead processes, nothing else', async () => {
    const dead = [fileName(111), `${fileName(111)}.tmp`, fileName(123_456)];
    const stays = [fileName(222), 'something else', fileName(333), fileName(444)];
    for (const name of [...dead, ...stays.slice(0, 2)]) await writeFile(join(directory, name), 'x');
    await mkdir(join(directory, stays[2] ?? ''));
    await symlink('/etc/passwd', join(directory, stays[3] ?? ''));
    expect(await removeLeftovers(directory, (pid) => pid !== 222)).toBe(3);
    expect((await readdir(directory)).toSorted()).toEqual(stays.toSorted());
  });

  it('does nothing where there is no directory', async () => {
    expect(await removeLeftovers(join(directory, 'none'), () => true)).toBe(0);
  });
});

describe('canOwn', () => {
  it('is true for an smtpe that was running when the file was written, whatever has been started since', async () => {
    const smtpe = new Program(process.execPath, ['-e', 'setTimeout(() => 0, 30000)', 'dist/main.js']);
    const other = new Program('sleep', ['30']);
    const path = join(directory, 'x');
    await writeFile(path, '');
    await expect.poll(() => canOwn(smtpe.pid, Date.now())).toBe(true);
    expect(await canOwn(other.pid, Date.now())).toBe(false);
    // The number was given to it after its owner died: an hour ago it was somebody else's.
    await utimes(path, new Date(), new Date(Date.now() - 3_600_000));
    expect(await canOwn(smtpe.pid, Date.now() - 3_600_000)).toBe(false);
    expect(await canOwn(4_194_305, Date.now())).toBe(false);
    expect(await canOwn(process.pid, Date.now())).toBe(false);
    for (const program of [smtpe, other]) {
      program.signal('SIGKILL');
      await program.ended;
    }
  });
});
