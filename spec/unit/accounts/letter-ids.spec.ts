// Ids of letters: as a model has them, whatever is done to a folder and by whoever, with rows of versions before beside those of now.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LetterIds } from '../../../src/accounts/letter-ids.ts';
import { idKey } from '../../../src/accounts/rows.ts';
import { type AccountsRig, openAccounts } from '../../fakes/accounts-rig.ts';
import { Seeded } from '../../fakes/seeded.ts';

let rig: AccountsRig;
beforeEach(async () => {
  rig = await openAccounts();
});
afterEach(() => rig.close());

const name = (at: number): string => `${1_700_000_000 + at}.M1P2Q${at}.mx,S=5${'x'.repeat(at % 150)}\xff`;

/** Two rows for a letter, as version 1 has written them. */
async function writeOld(uid: number, folder: number, bases: readonly string[]): Promise<readonly number[]> {
  const { book, parts } = rig.accounts;
  return parts.database.write(() =>
    book.withIds('letter', (next) =>
      bases.map((base) => {
        const id = next();
        const file = Buffer.concat([idKey(uid, folder), Buffer.from(base, 'latin1')]);
        book.put('files', file, idKey(id));
        book.putJson('letters', idKey(uid, id), { folder, base });
        return id;
      }),
    ),
  );
}

/** As a list of letters does it. */
async function listed(ids: LetterIds, uid: number, folder: number, bases: readonly string[]) {
  const before = await ids.known(uid, folder, bases);
  const strange = bases.filter((_, at) => before.ids[at] === undefined);
  const given = (await ids.give(uid, folder, strange, before.mark)).values();
  const all = before.ids.map((id) => id ?? (given.next().value as number));
  if (strange.length > 0)
    await ids.forgetGone(uid, folder, bases.length, before, () => Promise.resolve(bases));
  return all;
}

it.each([1, 2, 3])('are as a model has them (%i)', async (seed) => {
  const chance = new Seeded(seed);
  const random = (limit: number): number => chance.below(limit);
  const processes = [new LetterIds(rig.accounts), new LetterIds(rig.accounts)];
  const any = (): LetterIds => processes[random(2)] as LetterIds;
  const folders = [0, 1, 7];
  const uids = [1, 2];
  /** By account and folder: names that are there, and ids that they have. */
  const boxes = new Map(
    uids.flatMap((uid) => folders.map((folder) => [`${uid} ${folder}`, new Map<string, number>()])),
  );
  const seen = new Set<number>();
  let next = 0;
  for (const [key, box] of boxes) {
    const [uid = 0, folder = 0] = key.split(' ').map(Number);
    const bases = Array.from({ length: 20 }, () => name(next++));
    const ids = await writeOld(uid, folder, bases);
    for (const [at, base] of bases.entries()) {
      box.set(base, ids[at] as number);
      seen.add(ids[at] as number);
    }
  }
  for (let step = 0; step < 60; step++) {
    const uid = uids[random(2)] as number;
    const folder = folders[random(3)] as number;
    const box = boxes.get(`${uid} ${folder}`) as Map<string, number>;
    if (random(3) > 0) {
      const fresh = Array.from({ length: random(10) === 0 ? 700 : random(5) }, () => name(next++));
      const bases = [...box.keys(), ...fresh];
      const [a, b] = await Promise.all([
        listed(any(), uid, folder, bases),
        listed(any(), uid, folder, bases),
      ]);
      expect(a).toEqual(b);
      for (const [at, base] of bases.entries()) {
        const id = a[at] as number;
        if (!box.has(base)) expect(seen.has(id)).toBe(false);
        else expect(id).toBe(box.get(base));
        box.set(base, id);
        seen.add(id);
      }
    } else {
      const [base, id] = [...box][random(box.size)] as [string, number];
      const ids = any();
      const row = await ids.row(uid, id, () => folders);
      expect(row).toEqual({ folder, base });
      await rig.accounts.parts.database.write(() => row && ids.remove(uid, id, row));
      expect(await ids.row(uid, id, () => folders)).toBeUndefined();
      box.delete(base);
    }
    for (const [base, id] of [...box].filter(() => random(100) === 0)) {
      expect(await any().row(uid, id, () => folders)).toEqual({ folder, base });
      expect(await any().row(3 - uid, id, () => folders)).toBeUndefined();
    }
  }
});

it('of letters that are gone are forgotten, those of old rows too, and none that another process has given meanwhile', async () => {
  const ids = new LetterIds(rig.accounts);
  const gone = Array.from({ length: 900 }, (_, at) => name(at));
  const old = await writeOld(1, 0, gone.slice(0, 300));
  const given = await listed(ids, 1, 0, gone);
  const late = name(5000);
  const before = await ids.known(1, 0, gone);
  const [lateId = 0] = await ids.give(1, 0, [late], before.mark);
  const kept = [gone[0], gone[899]] as string[];
  const others = Array.from({ length: 150 }, (_, at) => name(2000 + at));
  await ids.give(1, 0, others, (await ids.known(1, 0, [])).mark);
  const now = await ids.known(1, 0, []);
  await ids.forgetGone(1, 0, 2, { ...now, last: before.last }, () => Promise.resolve(kept));
  const folders = (): readonly number[] => [0];
  expect(await ids.row(1, lateId, folders)).toEqual({ folder: 0, base: late });
  expect(await ids.row(1, old[0] as number, folders)).toEqual({ folder: 0, base: gone[0] });
  expect(await ids.row(1, old[1] as number, folders)).toBeUndefined();
  expect(await ids.row(1, given[500] as number, folders)).toBeUndefined();
  expect(await ids.row(1, given[899] as number, folders)).toEqual({ folder: 0, base: gone[899] });
  expect((await ids.known(1, 0, [])).count).toBe(1 + 1 + 150);
  expect(rig.accounts.book.tables.files.keys({ start: Buffer.alloc(0), limit: 10 })).toHaveLength(1);
});

it.each([0, -1, 1.5, 2 ** 48, Number.NaN])('that nobody can have is nobody’s: %d', async (id) => {
  expect(await new LetterIds(rig.accounts).row(1, id, () => [0])).toBeUndefined();
});

// Old rows count as lines do: so many letters that are gone are forgotten, and not one fewer.
it.each([
  [1001, 0, 'kept'],
  [1002, 0, 'forgotten'],
  [0, 1001, 'kept'],
  [0, 1002, 'forgotten'],
  [500, 501, 'kept'],
  [500, 502, 'forgotten'],
])(
  '%i old rows and %i lines of letters that are gone, of a folder with one: %s',
  async (olds, lines, become) => {
    const ids = new LetterIds(rig.accounts);
    const names = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, at) => name(from + at));
    const old = await writeOld(1, 0, names(0, olds));
    const given = await ids.give(1, 0, names(2000, lines), undefined);
    await listed(ids, 1, 0, [name(9000)]);
    const last = [...old, ...given].at(-1) as number;
    expect((await ids.row(1, last, () => [0])) === undefined).toBe(become === 'forgotten');
  },
);
