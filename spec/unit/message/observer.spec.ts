// When the tables fill: from the first byte, from the middle of a message, after its end, from memory and from a file.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultMimeLimits } from '../../../src/message/mime-limits.ts';
import { MessageObserver } from '../../../src/message/observer.ts';
import { type Spool, SpoolStore } from '../../../src/message/spool.ts';
import type { StoredMessage } from '../../../src/message/stored-message.ts';
import { parseUri } from '../../../src/uri/parse-uri.ts';
import { FakeLiveTable } from '../../fakes/live-table.ts';
import { observe, tables } from '../../fakes/observe-message.ts';
import { RecordLog } from '../../fakes/record-log.ts';

const message = Buffer.from(
  `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${Array.from(
    { length: 40 },
    (_, i) =>
      `--b\r\nContent-Type: text/html\r\n\r\n<a href="http://h${i}.example.com/">${'x '.repeat(5000)}\r\n`,
  ).join('')}--b--\r\n`,
);
const whole = observe(message);
const create = (log?: RecordLog): MessageObserver =>
  new MessageObserver({ limits: defaultMimeLimits, parseUri, log });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-spec-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function spoolOf(bytes: Buffer, memoryLimit: number): Promise<Spool> {
  const spool = new SpoolStore().create(directory, `S${memoryLimit}-${bytes.length}`, {
    message: memoryLimit,
    total: 1e9,
  });
  await spool.append(bytes);
  return spool;
}

/** A message in memory in pieces of one byte. */
function inMemory(bytes: Buffer): StoredMessage {
  return {
    path: '',
    size: bytes.length,
    onDisk: async () => undefined,
    onDiskSync: () => undefined,
    async *read() {
      yield bytes;
    },
    pieces: Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
  };
}

describe('the observer of a message', () => {
  test('fills each table alone as both together', () => {
    const parts = new FakeLiveTable();
    const onlyParts = create();
    onlyParts.activateParts(parts, undefined);
    onlyParts.feed(message);
    onlyParts.end();
    const uris = new FakeLiveTable();
    const onlyUris = create();
    onlyUris.activateUris(uris, undefined);
    onlyUris.feed(message);
    onlyUris.end();
    expect(tables(parts, uris)).toEqual(whole);
    expect(whole.parts.length).toBe(41);
    expect(whole.uris.length).toBe(40);
  });

  test('shows what is complete as soon as it has been fed', () => {
    const observer = create();
    const parts = new FakeLiveTable();
    const uris = new FakeLiveTable();
    observer.activateParts(parts, undefined);
    observer.activateUris(uris, undefined);
    const text = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhttp://a.example.com/ ';
    observer.feed(Buffer.from(text));
    expect([parts.sequence.length, uris.sequence.length]).toEqual([1, 1]);
    observer.feed(Buffer.from('\r\n--b'));
    expect(parts.sequence.length).toBe(1);
    observer.feed(Buffer.from('\r\n'));
    expect(parts.sequence.length).toBe(2);
    observer.end();
    expect(parts.sequence.length).toBe(3);
  });

  test('is at hand at once when what came before is small and in memory', async () => {
    const bytes = message.subarray(0, 20_000);
    const observer = create();
    observer.feed(bytes);
    const parts = new FakeLiveTable();
    const uris = new FakeLiveTable();
    expect(observer.activateParts(parts, inMemory(bytes))).toBeUndefined();
    expect(observer.activateUris(uris, inMemory(bytes))).toBeUndefined();
    expect([parts.sequence.length, uris.sequence.length]).toEqual([2, 2]);
    observer.feed(message.subarray(20_000));
    observer.end();
    expect(tables(parts, uris)).toEqual(whole);
  });

  for (const [where, memoryLimit] of [
    ['a file', 0],
    ['memory, too large for one turn', 10_000_000],
  ] as const) {
    test(`reads again what came before from ${where}`, async () => {
      const bytes = message.subarray(0, 300_000);
      const spool = await spoolOf(bytes, memoryLimit);
      const observer = create();
      observer.feed(bytes);
      const parts = new FakeLiveTable();
      const uris = new FakeLiveTable();
      const first = observer.activateParts(parts, spool);
      expect(first).toBeInstanceOf(Promise);
      const second = observer.activateUris(uris, spool);
      // What comes in meanwhile waits for its turn.
      await spool.append(message.subarray(300_000));
      observer.feed(message.subarray(300_000));
      observer.end();
      await Promise.all([first, second]);
      expect(tables(parts, uris)).toEqual(whole);
      await spool.delete();
    });
  }

  test('is complete when the message has ended before', async () => {
    const spool = await spoolOf(message, 0);
    const observer = create();
    observer.feed(message);
    observer.end();
    const parts = new FakeLiveTable();
    const uris = new FakeLiveTable();
    await observer.activateParts(parts, spool);
    await observer.activateUris(uris, spool);
    expect(tables(parts, uris)).toEqual(whole);
    await spool.delete();
  });

  test('rejects when the stored message cannot be read, and goes on for the other table', async () => {
    const broken: StoredMessage = {
      ...inMemory(Buffer.alloc(0)),
      size: 100,
      pieces: undefined,
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      async *read() {
        throw new Error('EIO: i/o error');
      },
    };
    const observer = create();
    const uris = new FakeLiveTable();
    observer.activateUris(uris, undefined);
    observer.feed(message);
    const parts = new FakeLiveTable();
    await expect(observer.activateParts(parts, broken)).rejects.toThrow('EIO');
    observer.end();
    expect(uris.sequence.length).toBe(40);
    expect(parts.sequence.length).toBe(0);
  });

  test('stops reading when the session is over', async () => {
    const spool = await spoolOf(message, 0);
    const observer = create();
    observer.feed(message);
    const parts = new FakeLiveTable();
    const filling = observer.activateParts(parts, spool);
    observer.close();
    parts.release();
    await filling;
    expect(parts.sequence.length).toBeLessThan(whole.parts.length);
    await spool.delete();
  });

  test('of an empty message fills nothing', () => {
    const observer = create();
    const parts = new FakeLiveTable();
    observer.activateParts(parts, inMemory(Buffer.alloc(0)));
    observer.end();
    expect(parts.sequence).toEqual([]);
  });

  test('says once which limit was reached', () => {
    const log = new RecordLog();
    const observer = new MessageObserver({
      limits: { ...defaultMimeLimits, parts: 3, uris: 2 },
      parseUri,
      log,
    });
    observer.activateParts(new FakeLiveTable(), undefined);
    observer.activateUris(new FakeLiveTable(), undefined);
    observer.feed(message);
    observer.end();
    expect(log.short).toEqual([
      'info mime: more than 3 parts (limit-mime-parts): the rest is not taken apart',
      'info mime: more than 2 URIs, or 512 bytes of them (limit-uris): further ones are not listed',
    ]);
  });
});
