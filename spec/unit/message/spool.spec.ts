import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import { rewriteHeaders } from '../../../src/message/rewrite.ts';
import { type Spool, SpoolStore } from '../../../src/message/spool.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-spool-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function contents(spool: Spool, start = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read(start)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

describe('Spool', () => {
  it('keeps a small message in memory and leaves no file', async () => {
    const store = new SpoolStore();
    const spool = store.create(directory, 'T1', { message: 1000, total: 1e9 });
    await spool.append(allBytes);
    expect(spool.pieces).toEqual([allBytes]);
    expect(await readdir(directory)).toEqual([]);
    expect((await contents(spool, 250)).equals(allBytes.subarray(250))).toBe(true);
    await spool.delete();
    expect(store.size).toBe(0);
  });

  it('goes to a private file beyond the memory limit and is gone after delete', async () => {
    const store = new SpoolStore();
    const spool = store.create(directory, 'T2', { message: 300, total: 1e9 });
    const sent: Buffer[] = [];
    for (let i = 0; i < 200; i++) {
      const piece = Buffer.alloc(100 + i, i);
      sent.push(piece);
      await spool.append(piece);
    }
    await spool.onDisk();
    expect(spool.pieces).toBeUndefined();
    expect(statSync(spool.path).mode & 0o777).toBe(0o600);
    expect(readFileSync(spool.path).equals(Buffer.concat(sent))).toBe(true);
    expect((await contents(spool)).equals(Buffer.concat(sent))).toBe(true);
    await spool.delete();
    await spool.delete();
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes the file at once when Lua opens the path, also while writes are on their way', async () => {
    const store = new SpoolStore();
    const small = store.create(directory, 'T3', { message: 1000, total: 1e9 });
    await small.append(Buffer.from('abc'));
    expect(store.find(join(directory, 'T3'))).toBe(small);
    small.onDiskSync();
    expect(readFileSync(small.path, 'latin1')).toBe('abc');
    await small.append(Buffer.from('def'));
    small.onDiskSync();
    expect(readFileSync(small.path, 'latin1')).toBe('abcdef');
    await small.onDisk();
    expect((await contents(small)).toString()).toBe('abcdef');
    await small.delete();

    const large = store.create(directory, 'T4', { message: 10, total: 1e9 });
    await large.append(Buffer.alloc(100_000, 1));
    expect(large.append(Buffer.alloc(100_000, 2))).toBeUndefined();
    large.onDiskSync();
    expect(readFileSync(large.path).length).toBe(200_000);
    await large.onDisk();
    expect(
      readFileSync(large.path).equals(Buffer.concat([Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)])),
    ).toBe(true);
    await large.delete();
    expect(await readdir(directory)).toEqual([]);
  });

  it('never writes into a file that is there already', async () => {
    writeFileSync(join(directory, 'T5'), 'precious');
    const spool = new SpoolStore().create(directory, 'T5', { message: 0, total: 1e9 });
    await expect(spool.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(join(directory, 'T5'), 'latin1')).toBe('precious');
  });

  it.each([
    ['a link', (path: string, other: string) => symlinkSync(other, path)],
    ['a hard link', (path: string, other: string) => linkSync(other, path)],
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
    ['nothing', () => undefined],
  ])(
    'never writes on into %s in the place of its file, and says from then on that it failed',
    async (_, put) => {
      const spool = new SpoolStore().create(directory, 'T5', { message: 0, total: 1e9 });
      await spool.append(Buffer.from('abc'));
      await spool.onDisk();
      unlinkSync(spool.path);
      const other = join(directory, 'other');
      writeFileSync(other, 'precious');
      put(spool.path, other);
      const later = spool.append(Buffer.from('def'));
      expect(() => spool.onDiskSync()).toThrow();
      await Promise.resolve(later).catch(() => undefined);
      expect(spool.failure).toBeInstanceOf(Error);
      expect(readFileSync(other, 'latin1')).toBe('precious');
      await spool.delete();
    },
  );

  it('tells Lua of trouble with the disk by an error that no missing file has', async () => {
    const store = new SpoolStore();
    const spool = store.create(join(directory, 'none'), 'T6', { message: 1000, total: 1e9 });
    await spool.append(Buffer.from('abc'));
    expect(() => store.open(spool.path)).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(spool.failure).toMatchObject({ code: 'ENOENT' });
    store.open(join(directory, 'another'));
  });

  it('reports a missing directory to who waits, and to the next append', async () => {
    const spool = new SpoolStore().create(join(directory, 'none'), 'T6', { message: 0, total: 1e9 });
    await expect(spool.append(Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(spool.append(Buffer.from('y'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(spool.onDisk()).rejects.toMatchObject({ code: 'ENOENT' });
    await spool.delete();
  });

  it('leaves a file alone that the policy moved away', async () => {
    const spool = new SpoolStore().create(directory, 'T7', { message: 0, total: 1e9 });
    await spool.append(Buffer.from('kept'));
    await rename(spool.path, join(directory, 'quarantine'));
    await spool.delete();
    expect(readFileSync(join(directory, 'quarantine'), 'latin1')).toBe('kept');
  });

  for (const limit of [0, 1000]) {
    it(`replaces the header block and the whole content (${limit === 0 ? 'on disk' : 'in memory'})`, async () => {
      const spool = new SpoolStore().create(directory, 'T8', { message: limit, total: 1e9 });
      await spool.append(Buffer.from('A: 1\r\n'));
      await spool.append(Buffer.concat([Buffer.from('B: 2\r\n\r\n'), allBytes]));
      const headers = new HeaderList();
      headers.receiveBlock(Buffer.from('A: 1\r\nB: 2\r\n'));
      headers.modify('A', 1, 'changed');
      await rewriteHeaders(spool, headers, { headerLength: 12, hasEmptyLine: true });
      const right = Buffer.concat([Buffer.from('A: changed\r\nB: 2\r\n\r\n'), allBytes]);
      expect((await contents(spool)).equals(right)).toBe(true);
      expect(spool.size).toBe(right.length);
      await spool.replaceContent([Buffer.from('new'), Buffer.from('er')]);
      expect((await contents(spool)).toString()).toBe('newer');
      expect(existsSync(`${spool.path}.tmp`)).toBe(false);
      await spool.delete();
      expect(await readdir(directory)).toEqual([]);
    });
  }

  it('leaves nothing behind when it is deleted while it is replaced, whatever step that is at', async () => {
    for (let step = 0; step < 12; step++) {
      const spool = new SpoolStore().create(directory, `R${step}`, { message: 0, total: 1e9 });
      await spool.append(Buffer.from('Subject: a\r\n\r\nbody\r\n'));
      await spool.onDisk();
      const replaced = [
        spool.replaceContent([Buffer.from('one')]),
        spool.replaceContent([Buffer.from('two')]),
      ];
      for (const each of replaced) each.catch(() => undefined);
      for (let turn = 0; turn < step; turn++) await new Promise((resolve) => setImmediate(resolve));
      await spool.delete();
      await Promise.allSettled(replaced);
      expect(await readdir(directory)).toEqual([]);
    }
  });

  describe('in memory, while the new content is being made,', () => {
    /** A message in memory whose content is being replaced; `done` ends that. */
    function replacing() {
      const store = new SpoolStore();
      const spool = store.create(directory, 'M', { message: 1000, total: 1e9 });
      void spool.append(Buffer.from('old'));
      let done = (): void => undefined;
      const made = new Promise<void>((resolve) => {
        done = resolve;
      });
      async function* content(): AsyncGenerator<Buffer> {
        yield Buffer.from('longer than the old one');
        await made;
      }
      return { store, spool, done: () => done(), replaced: spool.replaceContent(content()) };
    }

    it('is not there again when it is deleted', async () => {
      const { store, spool, done, replaced } = replacing();
      await spool.delete();
      done();
      await expect(replaced).rejects.toThrow('the message is gone');
      expect([store.held, store.size, spool.pieces]).toEqual([0, 0, undefined]);
    });

    it('has the new content in its file when somebody has looked at it', async () => {
      const { store, spool, done, replaced } = replacing();
      store.open(spool.path);
      expect(readFileSync(spool.path, 'latin1')).toBe('old');
      done();
      await replaced;
      expect(readFileSync(spool.path, 'latin1')).toBe('longer than the old one');
      expect((await contents(spool)).toString()).toBe('longer than the old one');
      await spool.delete();
      expect(await readdir(directory)).toEqual([]);
      expect(store.held).toBe(0);
    });
  });

  it('replaces one after the other', async () => {
    const spool = new SpoolStore().create(directory, 'R', { message: 0, total: 1e9 });
    await spool.append(Buffer.from('old'));
    await Promise.all([
      spool.replaceContent([Buffer.from('one')]),
      spool.replaceContent([Buffer.from('two')]),
    ]);
    expect((await contents(spool)).toString()).toBe('two');
    await spool.delete();
  });

  it('goes to disk when all messages together hold too much, and gives the memory back', async () => {
    const store = new SpoolStore();
    const limits = { message: 1000, total: 250 };
    const [one, two, three] = [1, 2, 3].map((n) => store.create(directory, `B${n}`, limits));
    await one?.append(Buffer.alloc(200));
    expect(store.held).toBe(200);
    await two?.append(Buffer.alloc(100));
    expect([one?.pieces?.length, two?.pieces]).toEqual([1, undefined]);
    expect(store.held).toBe(200);
    await one?.replaceContent([Buffer.alloc(50)]);
    expect(store.held).toBe(50);
    await three?.append(Buffer.alloc(200));
    expect(three?.pieces?.length).toBe(1);
    three?.onDiskSync();
    expect(store.held).toBe(50);
    for (const spool of [one, two, three]) await spool?.delete();
    expect(store.held).toBe(0);
    expect(await readdir(directory)).toEqual([]);
  });

  it('stays in memory without a directory', async () => {
    const spool = new SpoolStore().create('', 'T9', { message: 0, total: 1e9 });
    await spool.append(allBytes);
    await spool.onDisk();
    expect(spool.path).toBe('');
    expect(spool.pieces).toEqual([allBytes]);
    await spool.delete();
  });

  it('keeps a failure for whoever asks next, and lets none get lost as an unhandled rejection', async () => {
    const lost: unknown[] = [];
    const note = (reason: unknown): void => {
      lost.push(reason);
    };
    process.on('unhandledRejection', note);
    const spool = new SpoolStore().create(join(directory, 'missing'), 'T10', { message: 10, total: 1e9 });
    await expect(spool.append(Buffer.alloc(50))).rejects.toThrow('ENOENT');
    const later = spool.append(Buffer.alloc(5));
    await expect(later).rejects.toThrow('ENOENT');
    const other = new SpoolStore().create(join(directory, 'missing'), 'T11', { message: 0, total: 1e9 });
    expect(other.append(Buffer.alloc(5))).toBeInstanceOf(Promise);
    other.append(Buffer.alloc(5));
    await expect(other.onDisk()).rejects.toThrow('ENOENT');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(lost).toEqual([]);
    await spool.delete();
  });
});

it('gives the size that is to be read when a policy has written to the file', async () => {
  const place = await mkdtemp(join(tmpdir(), 'spool-'));
  const store = new SpoolStore();
  const spool = store.create(place, 'T', { message: 1000, total: 1000 });
  await spool.append(Buffer.from('abc'));
  expect(await spool.sizeNow()).toBe(3);
  store.open(spool.path);
  appendFileSync(spool.path, 'def');
  expect([spool.size, await spool.sizeNow()]).toEqual([3, 6]);
  await spool.delete();
  await rm(place, { recursive: true });
});
