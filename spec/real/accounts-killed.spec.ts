// A process that makes, renames and deletes accounts and delivers to them is killed by SIGKILL, again and again: the next one finds accounts and
// Maildirs that fit together, all that was answered has happened, and each letter that was answered is there once.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AccountsRig, freshDirectory, openAccounts, value } from '../fakes/accounts-rig.ts';
import { Program } from '../fakes/program.ts';

const script = join(import.meta.dirname, '../fakes/accounts-process.mjs');

type Said = { readonly done: boolean } & (
  | { readonly do: 'save' | 'delete'; readonly user: string }
  | { readonly do: 'rename'; readonly user: string; readonly to: string }
  | { readonly do: 'letter'; readonly token: string }
);

let directory: string;
beforeAll(async () => {
  directory = await freshDirectory();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs it until it has answered so often, and kills it in the middle of what it does then. */
async function killed(run: number, answers: number): Promise<readonly Said[]> {
  const program = new Program(process.execPath, [script, directory, String(run)]);
  const answered = (): number => program.stdout.split('"done":true').length - 1;
  while (answered() < answers && !program.over) await new Promise((resolve) => setImmediate(resolve));
  program.signal('SIGKILL');
  const { stderr, stdout } = await program.ended;
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  // The last line may be cut.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Said);
}

/** What users there are to be, and which there may be: what had begun and was not answered has happened or has not. */
class Expected {
  readonly users = new Set<string>();
  readonly maybe: (readonly [from: string | undefined, to: string | undefined])[] = [];
  readonly letters = new Set<string>();
  readonly lettersMaybe = new Set<string>();

  take(said: readonly Said[]): void {
    const open = new Map<string, Said>();
    for (const one of said) {
      const key = JSON.stringify({ ...one, done: undefined });
      if (one.done) {
        open.delete(key);
        this.#happened(one);
      } else open.set(key, one);
    }
    for (const one of open.values()) {
      if (one.do === 'letter') this.lettersMaybe.add(one.token);
      else if (one.do === 'save') this.maybe.push([undefined, one.user]);
      else this.maybe.push([one.user, one.do === 'rename' ? one.to : undefined]);
    }
  }

  #happened(one: Said): void {
    if (one.do === 'letter') this.letters.add(one.token);
    else if (one.do === 'save') this.users.add(one.user);
    else {
      this.users.delete(one.user);
      if (one.do === 'rename') this.users.add(one.to);
    }
  }

  /** Settles what was open by what there is. Gives what it was settled to. */
  settle(there: ReadonlySet<string>): void {
    for (const [from, to] of this.maybe.splice(0)) {
      const happened = to === undefined ? from !== undefined && !there.has(from) : there.has(to);
      if (!happened) continue;
      if (from !== undefined) this.users.delete(from);
      if (to !== undefined) this.users.add(to);
    }
  }
}

/** Files below a directory. */
async function filesIn(place: string): Promise<readonly string[]> {
  const found = await readdir(place, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

async function check(rig: AccountsRig, expected: Expected): Promise<void> {
  const { accounts } = rig;
  expect(await accounts.recover()).toBeUndefined();
  const all = value(await accounts.list('a.test'));
  const there = new Set(all.map(({ user }) => user));
  expected.settle(there);
  expect([...there].toSorted()).toEqual([...expected.users].toSorted());
  // Each has one row by name and by id, and a directory of its own.
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(new Set(all.map(({ maildir }) => maildir)).size).toBe(all.length);
  for (const account of all) {
    expect(value(accounts.byId(account.id))).toEqual(account);
    expect(value(accounts.exact('a.test', account.user))).toEqual(account);
  }
  // Directories are those of accounts; what was deleted is kept aside, below a name that is none of an account.
  const storage = join(directory, 'mail');
  const known = new Set(all.map(({ maildir }) => relative(storage, maildir)));
  const boxes = await readdir(join(storage, 'a.test'));
  expect(
    boxes.filter((name) => /^r\d/.test(name) && !known.has(`a.test/${name}`) && !/delet/.test(name)),
  ).toEqual([]);
  // Letters: once, and in the Maildir of the account, wherever that has gone.
  const seen = new Map<string, string[]>();
  for (const file of await filesIn(storage)) {
    if (!/\/(?:new|cur)\/[^/]+$/.test(file)) continue;
    const text = await readFile(file, 'latin1');
    const token = /letter-[^.]*\./.exec(text)?.[0] ?? text;
    expect(text.endsWith('text\r\n'.repeat(50))).toBe(true);
    seen.set(token, [...(seen.get(token) ?? []), relative(storage, file)]);
  }
  for (const token of expected.letters) expect([token, seen.get(token)?.length]).toEqual([token, 1]);
  for (const [token, places] of seen) {
    expect([token, places.length]).toEqual([token, 1]);
    expect(expected.letters.has(token) || expected.lettersMaybe.has(token)).toBe(true);
    const [, user = ''] = /^letter-(.*)-[ab]\.$/.exec(token) ?? [];
    const owner = all.find((one) => one.user === user || one.user === `${user}-new`);
    if (owner !== undefined)
      expect(join(storage, places[0] ?? '').startsWith(`${owner.maildir}/`)).toBe(true);
  }
}

it('leaves what fits together, whenever it is killed', async () => {
  const expected = new Expected();
  for (const [run, answers] of [1, 4, 9, 16, 22, 31].entries()) {
    const said = await killed(run, answers);
    expect(said.filter(({ done }) => done).length).toBeGreaterThanOrEqual(answers);
    expected.take(said);
    // Beside a process that looks only, as an operator does, the next one does the same.
    const rig = await openAccounts({ directory });
    try {
      await check(rig, expected);
    } finally {
      await rig.close();
    }
  }
  expect(expected.letters.size).toBeGreaterThan(10);
}, 60_000);
