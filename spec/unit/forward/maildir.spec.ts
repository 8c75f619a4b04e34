import { spawnSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMaildir, type Maildir } from '../../../src/forward/maildir.ts';
import { systemClock } from '../../../src/ops/clock.ts';
import { RecordLog } from '../../fakes/record-log.ts';
import { delivery, source, streamed } from './support.ts';

let directory: string;
let log: RecordLog;
let maildir: Maildir;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-maildir-'));
  log = new RecordLog();
  maildir = createMaildir({
    clock: systemClock,
    random: () => 255,
    hostName: 'mx/1:example',
    processId: 77,
    log,
  });
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const never = new AbortController().signal;
const put = (path: string, message = source('Subject: x\r\n\r\n.dot\r\n')) =>
  maildir.deliver(path, { ...delivery([]), message }, never);
const list = async (path: string): Promise<Record<string, string[]>> => ({
  tmp: await readdir(join(path, 'tmp')),
  new: await readdir(join(path, 'new')),
  cur: await readdir(join(path, 'cur')),
});

describe('maildir', () => {
  it('makes the directories and puts exactly the bytes into a private file in new/', async () => {
    const path = join(directory, 'deep/er');
    const bytes = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n..dot\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    ]);
    const outcome = await put(path, source(bytes));
    const {
      tmp,
      new: [name = ''],
    } = (await list(path)) as { tmp: string[]; new: string[] };
    expect(tmp).toEqual([]);
    expect(name).toMatch(/^\d+\.M\d+P77Q1Rff\.mx\\0571\\072example$/);
    expect((await readFile(join(path, 'new', name))).equals(bytes)).toBe(true);
    expect((await lstat(join(path, 'new', name))).mode & 0o777).toBe(0o600);
    expect((await lstat(join(path, 'new'))).mode & 0o777).toBe(0o700);
    expect(outcome).toEqual({
      kind: 'delivered',
      host: `maildir:${path}`,
      code: 250,
      text: `250 2.0.0 ${name}`,
      rcpts: [{ recipient: 'bob@example.org', code: 250, text: '250 2.1.5 recipient ok' }],
    });
  });

  it('keeps apart what comes at the same moment, in memory, on disk and empty', async () => {
    const messages = [source('a'), streamed([Buffer.from('b'), Buffer.from('c')]), source('')];
    await Promise.all(messages.map((message) => put(directory, message)));
    const { new: names = [] } = await list(directory);
    const contents = await Promise.all(names.map((name) => readFile(join(directory, 'new', name), 'utf8')));
    expect(contents.sort()).toEqual(['', 'a', 'bc']);
  });

  it('supplies directories that are missing', async () => {
    await mkdir(join(directory, 'tmp'));
    expect((await put(directory)).kind).toBe('delivered');
    await rm(join(directory, 'new'), { recursive: true });
    expect((await put(directory)).kind).toBe('delivered');
  });

  it('knows its recipients without a message', async () => {
    const outcome = await maildir.deliver(directory, { ...delivery([]), message: undefined }, never);
    expect(outcome).toMatchObject({ kind: 'verified', code: 250 });
    expect(await readdir(directory)).toEqual([]);
  });

  it('says 451 and why in the log when it cannot store', async () => {
    await writeFile(join(directory, 'file'), '');
    const path = join(directory, 'file/x');
    expect(await put(path)).toMatchObject({
      kind: 'refused',
      stage: 'content',
      code: 451,
      text: '451 4.3.0 message cannot be stored',
    });
    expect(log.lines).toMatchObject([
      {
        level: 'err',
        message: 'cannot store in maildir',
        fields: { id: 'T1', host: `maildir:${path}`, cause: expect.stringContaining('ENOTDIR') },
      },
    ]);
  });

  it('leaves nothing behind when the message cannot be read', async () => {
    const message = {
      ...source('x'),
      pieces: undefined,
      async *read() {
        yield Buffer.from('beginning');
        throw new Error('EIO');
      },
    };
    expect(await put(directory, message)).toMatchObject({ kind: 'refused', code: 451 });
    expect(await list(directory)).toEqual({ tmp: [], new: [], cur: [] });
  });

  it('leaves nothing behind when it is given up', async () => {
    const abort = new AbortController();
    const message = {
      ...source('x'),
      pieces: undefined,
      async *read() {
        yield Buffer.from('beginning');
        abort.abort();
        yield Buffer.from('end');
      },
    };
    const outcome = await maildir.deliver(directory, { ...delivery([]), message }, abort.signal);
    expect(outcome).toMatchObject({ kind: 'failed', error: 'given up' });
    expect(await list(directory)).toEqual({ tmp: [], new: [], cur: [] });
  });
});

/** A file system of 64 KiB, where the tests may mount one. */
function mountSmall(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0;
}
const probe = join(tmpdir(), `smtpe-mount-${process.pid}-${hostname()}`);
const mayMount = await (async () => {
  await mkdir(probe, { recursive: true });
  const mounted = mountSmall(probe);
  if (mounted) spawnSync('umount', [probe]);
  await rm(probe, { recursive: true, force: true });
  return mounted;
})();

describe.skipIf(!mayMount)('maildir on a full file system (needs the right to mount)', () => {
  it('says 452, and leaves nothing behind', async () => {
    expect(mountSmall(directory)).toBe(true);
    try {
      expect((await put(directory)).kind).toBe('delivered');
      const outcome = await put(directory, source(Buffer.alloc(200_000, 'x\r\n')));
      expect(outcome).toMatchObject({
        kind: 'refused',
        stage: 'content',
        code: 452,
        text: '452 4.3.1 no space for the message',
      });
      const { tmp, new: files } = await list(directory);
      expect(tmp).toEqual([]);
      expect(files).toHaveLength(1);
    } finally {
      spawnSync('umount', [directory]);
    }
  });
});
