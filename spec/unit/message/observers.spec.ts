// When the tables fill: from the first byte, from the middle of a message, after its end, from memory and from a file.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { defaultMimeLimits } from '../../../src/message/mime/limits.ts';
import { type ObserverKey, observerTable } from '../../../src/message/observer-table.ts';
import { MessageObservers, type MessageReader } from '../../../src/message/observers.ts';
import { type Spool, SpoolStore } from '../../../src/message/spool.ts';
import type { StoredMessage } from '../../../src/message/stored-message.ts';
import { parseUri } from '../../../src/uri/parse-uri.ts';
import { FakeLiveTable } from '../../fakes/live-table.ts';
import { observe, tables } from '../../fakes/observe-message.ts';

const message = Buffer.from(
  `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${Array.from(
    { length: 40 },
    (_, i) =>
      `--b\r\nContent-Type: text/html\r\n\r\n<a href="http://h${i}.example.com/">${'x x x \r\n'.repeat(1250)}\r\n`,
  ).join('')}--b--\r\n`,
);
const whole = observe(message);
const create = (log?: RecordLog): MessageObservers<ObserverKey> =>
  new MessageObservers(observerTable, { limits: defaultMimeLimits, parseUri, log });

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
  test('tells each URI once, with the link that shows it, where all of the message is there', () => {
    const link = Buffer.from(
      'Content-Type: text/html\r\n\r\n<a href="http://a.example.com/">www.b.example.net</a>\r\n',
    );
    const told: string[] = [];
    class Counted extends FakeLiveTable {
      override set(key: string, value: LuaValue): void {
        told.push(key);
        super.set(key, value);
      }
    }
    const uris = new Counted();
    const observer = create();
    observer.feed(link);
    observer.end();
    observer.observe('uri.found', uris, inMemory(link));
    expect(told).toEqual(observe(link).keys);
    expect(uris.fields.get(told[0] ?? '')).toMatchObject({ text_host: 'www.b.example.net' });
  });

  test.each([1, 7, 10_000])(
    'lists what stands in a URI though it is listed by itself later: in pieces of %i',
    (size) => {
      const text = '<area href=http://c.example/?r=http%3A%2F%2Fnest.example%2Fq>';
      const odd = Buffer.from(
        `X: http://b.example/\r\nList-Help: <http://a.example/?r=http%3A%2F%2Fnest.example%2Fq>\r\nContent-Type: text/html\r\n\r\n${text}\r\n`,
      );
      const pieces = Array.from({ length: Math.ceil(odd.length / size) }, (_, i) =>
        odd.subarray(i * size, (i + 1) * size),
      );
      const { uris } = observe(pieces, { uris: 2 });
      expect(uris.find(({ host }) => host === 'a.example')?.nested).toHaveLength(1);
    },
  );

  test('fills each table alone as both together', () => {
    const parts = new FakeLiveTable();
    const onlyParts = create();
    onlyParts.observe('mime.parts', parts, undefined);
    onlyParts.feed(message);
    onlyParts.end();
    const uris = new FakeLiveTable();
    const onlyUris = create();
    onlyUris.observe('uri.found', uris, undefined);
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
    observer.observe('mime.parts', parts, undefined);
    observer.observe('uri.found', uris, undefined);
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
    expect(observer.observe('mime.parts', parts, inMemory(bytes))).toBeUndefined();
    expect(observer.observe('uri.found', uris, inMemory(bytes))).toBeUndefined();
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
      const first = observer.observe('mime.parts', parts, spool);
      expect(first).toBeInstanceOf(Promise);
      const second = observer.observe('uri.found', uris, spool);
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
    await observer.observe('mime.parts', parts, spool);
    await observer.observe('uri.found', uris, spool);
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
    observer.observe('uri.found', uris, undefined);
    observer.feed(message);
    const parts = new FakeLiveTable();
    await expect(observer.observe('mime.parts', parts, broken)).rejects.toThrow('EIO');
    observer.end();
    expect(uris.sequence.length).toBe(40);
    expect(parts.sequence.length).toBe(0);
  });

  test('stops reading when the session is over', async () => {
    const spool = await spoolOf(message, 0);
    const observer = create();
    observer.feed(message);
    const parts = new FakeLiveTable();
    const filling = observer.observe('mime.parts', parts, spool);
    observer.close();
    parts.release();
    await filling;
    expect(parts.sequence.length).toBeLessThan(whole.parts.length);
    await spool.delete();
  });

  test('of an empty message fills nothing', () => {
    const observer = create();
    const parts = new FakeLiveTable();
    observer.observe('mime.parts', parts, inMemory(Buffer.alloc(0)));
    observer.end();
    expect(parts.sequence).toEqual([]);
  });

  test('says once which limit was reached', () => {
    const log = new RecordLog();
    const observer = new MessageObservers(observerTable, {
      limits: { ...defaultMimeLimits, parts: 3, uris: 2 },
      parseUri,
      log,
    });
    observer.observe('mime.parts', new FakeLiveTable(), undefined);
    observer.observe('uri.found', new FakeLiveTable(), undefined);
    observer.feed(message);
    observer.end();
    expect(log.short).toEqual([
      'info mime: more than 3 parts (limit-mime-parts): the rest is not taken apart',
      'info mime: more than 2 URIs, or 512 bytes of them (limit-uris): further ones are not listed',
    ]);
  });
});

describe('a third observer', () => {
  /** The digest of the body, set when the message is complete. */
  const bodyDigest = (): MessageReader => ({
    pass(wanted) {
      const hash = createHash('sha256');
      let begin = '';
      return {
        feed(content) {
          if (begin.endsWith('\r\n\r\n')) hash.update(content);
          else
            for (const [at, octet] of content.entries()) {
              begin = (begin + String.fromCharCode(octet)).slice(-4);
              if (begin === '\r\n\r\n') {
                hash.update(content.subarray(at + 1));
                break;
              }
            }
        },
        end: () => wanted['sample.digest']?.set('sha256', hash.digest('hex')),
      };
    },
  });
  const rows = {
    ...observerTable,
    'sample.digest': { module: 'sample', field: 'digest', reader: bodyDigest },
  };
  const begin = () => new MessageObservers(rows, { limits: defaultMimeLimits, parseUri, log: undefined });
  const body = message.subarray(message.indexOf('\r\n\r\n') + 4);
  const digest = createHash('sha256').update(body).digest('hex');

  test.each([1, 7, 65_536])('is one row: fed in pieces of %i, beside the others', (size) => {
    const observers = begin();
    const [table, parts] = [new FakeLiveTable(), new FakeLiveTable()];
    observers.observe('sample.digest', table, undefined);
    observers.observe('mime.parts', parts, undefined);
    for (let at = 0; at < message.length; at += size) observers.feed(message.subarray(at, at + size));
    expect(table.fields.size).toBe(0);
    observers.end();
    expect(table.fields.get('sha256')).toBe(digest);
    expect(parts.sequence).toEqual(whole.parts);
  });

  test.each([0, 10_000_000])(
    'is shown what came before it was wanted (%i octets in memory)',
    async (memory) => {
      const spool = await spoolOf(message.subarray(0, 300_000), memory);
      const observers = begin();
      observers.feed(message.subarray(0, 300_000));
      const table = new FakeLiveTable();
      const ready = observers.observe('sample.digest', table, spool);
      observers.feed(message.subarray(300_000));
      observers.end();
      await ready;
      expect(table.fields.get('sha256')).toBe(digest);
      await spool.delete();
    },
  );
});
