// A folder with many messages: others get their turn while it is read.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readLines, readText } from '../../../src/mailbox/disk.ts';
import type { Files } from '../../../src/mailbox/files.ts';
import { eachInPieces, PIECE_LENGTH, sortInPieces } from '../../../src/mailbox/in-pieces.ts';
import { createMailUsers } from '../../../src/mailbox/maildir-user.ts';
import { addToUidList } from '../../../src/mailbox/uid-list.ts';
import { entryLine } from '../../../src/mailbox/uid-list-text.ts';
import { done, MailSite, never } from './support.ts';

/** Counts turns that others get, until `work` is over. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const next = (): void => {
    turns++;
    if (!isOver) setImmediate(next);
  };
  setImmediate(next);
  await work();
  isOver = true;
  return turns;
}

describe('work in pieces', () => {
  it.each([0, 1, PIECE_LENGTH - 1, PIECE_LENGTH, 3 * PIECE_LENGTH + 1])(
    'gives each of %i once, in order',
    async (count) => {
      const all = Array.from({ length: count }, (_, at) => at);
      const seen: number[] = [];
      const turns = await turnsDuring(() => eachInPieces(all, (one) => seen.push(one)));
      expect(seen).toEqual(all);
      expect(turns).toBeGreaterThanOrEqual(Math.floor(count / PIECE_LENGTH));
    },
  );

  it('sorts as sort does, what is equal too', async () => {
    const key = fc.integer({ min: 0, max: 50 });
    const many = fc.tuple(
      fc.array(key, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 5 * PIECE_LENGTH }),
    );
    await fc.assert(
      fc.asyncProperty(many, async ([keys, length]) => {
        const all = Array.from({ length }, (_, at) => ({
          at,
          key: ((keys[at % keys.length] ?? 0) * (at + 1)) % 97,
        }));
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
        expect(await sortInPieces(all, compare)).toEqual([...all].sort(compare));
      }),
      { numRuns: 20 },
    );
  });

  it('compares so many between two turns, however many there are', async () => {
    let compared = 0;
    let most = 0;
    let isOver = false;
    const next = (): void => {
      most = Math.max(most, compared);
      compared = 0;
      if (!isOver) setImmediate(next);
    };
    setImmediate(next);
    const all = Array.from({ length: 30_000 }, (_, at) => (at * 7919) % 30_011);
    await sortInPieces(all, (a, b) => {
      compared++;
      return a - b;
    });
    isOver = true;
    expect(Math.max(most, compared)).toBeLessThan(PIECE_LENGTH * 14);
  });
});

describe('a uid list with many lines', () => {
  let site: MailSite | undefined;
  afterEach(() => site?.remove());
  const COUNT = 4 * PIECE_LENGTH + 1;
  const names = Array.from({ length: COUNT }, (_, at) => `${at}.x`);

  it('is read so many lines between two turns, however short they are', async () => {
    site = await MailSite.make();
    await mkdir(site.path, { recursive: true });
    const path = join(site.path, 'list');
    const lines = names.map((base, at) => entryLine({ uid: at + 1, fields: '', base }));
    await writeFile(path, lines.join(''));
    let since = 0;
    let most = 0;
    const read: string[] = [];
    const turns = await turnsDuring(() =>
      readText((site as MailSite).parts.files, path, 1e6, async (text) => {
        for await (const some of text.lines) {
          since += some.length;
          most = Math.max(most, since);
          read.push(...some);
          setImmediate(() => {
            since = 0;
          });
        }
      }),
    );
    expect(read.map((line) => `${line}\n`)).toEqual(lines);
    expect(most).toBeLessThanOrEqual(PIECE_LENGTH);
    expect(turns).toBeGreaterThanOrEqual(COUNT / PIECE_LENGTH - 1);
  });

  /** Writes of a list, as lines. `heldFor`: how often the lock is ours still. */
  async function added(heldFor: number) {
    site = await MailSite.make();
    await mkdir(site.path, { recursive: true });
    const path = join(site.path, 'dovecot-uidlist');
    await writeFile(path, `3 V1 N1 G${'0'.repeat(32)}\n`);
    const writes: number[] = [];
    const { files } = site.parts;
    const open: Files['open'] = async (...args) => {
      const file = await files.open(...args);
      const write = file.write.bind(file) as (octets: Buffer, ...more: number[]) => Promise<object>;
      return Object.assign(file, {
        write: (octets: Buffer, ...more: number[]) => {
          writes.push(octets.toString('latin1').split('\n').length - 1);
          return write(octets, ...more);
        },
      });
    };
    let asked = 0;
    const lock = { isHeld: async () => asked++ < heldFor, release: async () => undefined };
    const outcome = await addToUidList({ ...site.parts, files: { ...files, open } }, site.path, names, lock);
    const lines = (await readLines(files, path, 1e6)) ?? [];
    return { lines: lines.slice(1), outcome, writes };
  }

  it('is written in pieces, under a lock that is looked at before each', async () => {
    const { lines, outcome, writes } = await added(Number.POSITIVE_INFINITY);
    expect(outcome).toEqual({ kind: 'added', firstUid: 1, uidValidity: 1 });
    expect(lines).toEqual(names.map((base, at) => `${at + 1} :${base}`));
    expect(writes).toEqual([PIECE_LENGTH, PIECE_LENGTH, PIECE_LENGTH, PIECE_LENGTH, 1]);
  });

  it('gets no more lines once the lock was taken away, and whole ones before', async () => {
    const { lines, outcome, writes } = await added(2);
    expect(outcome.kind).toBe('refused');
    expect(writes).toEqual([PIECE_LENGTH, PIECE_LENGTH]);
    expect(lines).toEqual(names.slice(0, 2 * PIECE_LENGTH).map((base, at) => `${at + 1} :${base}`));
  });
});

describe('a folder with many messages', () => {
  let site: MailSite | undefined;
  afterEach(() => site?.remove());

  const COUNT = 30_000;
  /** Names of a directory that is not there: to make so many files takes longer than the test. */
  const listing = (files: Files, directory: string): Files => ({
    ...files,
    opendir: (async (path: string, options: object) => {
      if (path !== directory) return files.opendir(path, options);
      let at = 0;
      return {
        read: (take: (error: null, entry: object | null) => void) => {
          const entry = {
            name: `${(at * 7919) % COUNT}.M1.x:2,S`,
            isFile: () => true,
          };
          const give = (): void => take(null, at++ < COUNT ? entry : null);
          // As the system gives them: some hundred for each call.
          if (at % 512 === 511) setImmediate(give);
          else process.nextTick(give);
        },
        close: async () => undefined,
      };
    }) as unknown as Files['opendir'],
  });

  it.each(['for the first time', 'again, with a uid list'])('is read %s in pieces', async (when) => {
    site = await MailSite.make();
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(site.path, part), { recursive: true });
    const parts = { ...site.parts, files: listing(site.parts.files, join(site.path, 'cur')) };
    const mailbox = () =>
      createMailUsers(parts)
        .user({ name: 'alice', path: (site as MailSite).path }, { listener: undefined, signal: never })
        .mailbox('INBOX');
    if (when.startsWith('again')) await done(mailbox().status());
    let mails: readonly { readonly uid: number }[] = [];
    const turns = await turnsDuring(async () => {
      mails = await done(mailbox().mails());
    });
    expect(mails.map(({ uid }) => uid)).toEqual(Array.from({ length: COUNT }, (_, at) => at + 1));
    // The listing, who has no uid, the view and the records at least.
    expect(turns).toBeGreaterThan(COUNT / 512 + (3 * COUNT) / PIECE_LENGTH);
  });
});
