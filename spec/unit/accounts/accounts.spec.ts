// Accounts in their database: held against a model, and what each function says of what is wrong.
import { chmod, mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { AccountWish } from '../../../src/accounts/account.ts';
import { MAX_PATTERNS } from '../../../src/accounts/book.ts';
import { openDatabase } from '../../../src/accounts/database.ts';
import { globMatches } from '../../../src/accounts/glob.ts';
import { digestOf } from '../../../src/accounts/password.ts';
import { type AccountsRig, freshDirectory, openAccounts, value } from '../../fakes/accounts-rig.ts';
import { Seeded } from '../../fakes/seeded.ts';

const never = new AbortController().signal;
const rigs: AccountsRig[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});
afterAll(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

async function open(settings: Parameters<typeof openAccounts>[0] = {}): Promise<AccountsRig> {
  const rig = await openAccounts(settings);
  rigs.push(rig);
  return rig;
}

async function directory(): Promise<string> {
  const path = await freshDirectory();
  directories.push(path);
  return path;
}

const wish = (user: string, domain: string, more: Partial<AccountWish> = {}): AccountWish => ({
  ...{ user, domain, type: 'mbox', password: '', arguments: '' },
  ...more,
});

describe('accounts', () => {
  it('are as their names and patterns say', async () => {
    const { accounts } = await open();
    expect(value(await accounts.createDomain('Shop.test'))).toBe(true);
    expect(value(await accounts.createDomain('shop.TEST'))).toBe(false);
    expect(value(await accounts.domains())).toEqual([{ name: 'shop.test', path: '', flags: 0 }]);
    expect((await stat(join(accounts.storage, 'shop.test'))).mode & 0o777).toBe(0o700);
    expect(value(await accounts.save(wish('Ann', 'shop.test')))).toBe(1);
    expect(value(await accounts.save(wish('ann', 'SHOP.test')))).toBeUndefined();
    expect(value(await accounts.save(wish('bob', 'other.test')))).toBeUndefined();
    expect(
      value(await accounts.save(wish('sales-*', 'shop.test', { type: 'alias', arguments: 'ann@shop.test' }))),
    ).toBe(2);
    expect(value(await accounts.save(wish('sale?-*', 'shop.test')))).toBe(3);
    expect(value(await accounts.save(wish('*', 'shop.test')))).toBe(4);
    const whose = (user: string): unknown => value(accounts.find('shop.test', user))?.id;
    expect(['ann', 'ANN', 'sales-eu', 'salet-x', 'sales', '*', 'sales-*'].map(whose)).toEqual([
      1, 1, 2, 3, 4, 4, 2,
    ]);
    expect(value(accounts.exact('shop.test', 'sales-eu'))).toBeUndefined();
    expect(value(accounts.exact('shop.test', '*'))?.id).toBe(4);
    expect(value(accounts.byId(1))).toEqual({
      ...{ id: 1, user: 'ann', domain: 'shop.test', type: 'mbox', password: '', arguments: '' },
      maildir: join(accounts.storage, 'shop.test/ann'),
    });
    expect(value(await accounts.list('shop.test')).map(({ user }) => user)).toEqual([
      'ann',
      'sales-*',
      'sale?-*',
      '*',
    ]);
    expect(value(await accounts.list('other.test'))).toEqual([]);
  });

  it('are deleted by exactly their name, and their ids come never again', async () => {
    const { accounts, ...rig } = await open({ directory: await directory() });
    await accounts.createDomain('a.test');
    await accounts.save(wish('*', 'a.test'));
    expect(value(await accounts.delete({ domain: 'a.test', user: 'nobody' }))).toBe(false);
    expect(value(await accounts.delete({ domain: 'a.test', user: '*' }))).toBe(true);
    expect(value(await accounts.delete({ id: 1 }))).toBe(false);
    expect(value(accounts.find('a.test', 'nobody'))).toBeUndefined();
    await rig.close();
    const again = await open({ directory: rig.directory });
    expect(value(await again.accounts.save(wish('zoe', 'a.test')))).toBe(2);
  });

  it('with patterns are so many in a domain and no more, whether new or by another name', async () => {
    const { accounts } = await open();
    await accounts.createDomain('a.test');
    await accounts.createDomain('b.test');
    const saved = await Promise.all(
      Array.from({ length: MAX_PATTERNS }, (_, at) => accounts.save(wish(`p${at}-*`, 'a.test'))),
    );
    const [first] = saved.map((one) => value(one));
    const plain = value(await accounts.save(wish('plain', 'a.test')));
    const many = { kind: 'failed', cause: expect.stringMatching(/a\.test has 1000 accounts with patterns/) };
    expect(await accounts.save(wish('*', 'a.test'))).toEqual(many);
    expect(await accounts.save(wish('*', 'a.test', { id: plain }))).toEqual(many);
    expect(value(accounts.find('a.test', 'plain'))?.id).toBe(plain);
    expect(value(await accounts.save(wish('other-*', 'a.test', { id: first })))).toBe(first);
    expect(value(await accounts.save(wish('*', 'b.test')))).toBeGreaterThan(0);
    expect(value(await accounts.delete({ domain: 'a.test', user: 'other-*' }))).toBe(true);
    expect(value(await accounts.save(wish('*', 'a.test')))).toBeGreaterThan(0);
  });

  it('go along with their domain, and stay when it goes', async () => {
    const { accounts } = await open();
    await accounts.createDomain('a.test', '', 1);
    await accounts.save(wish('ann', 'a.test'));
    expect(value(await accounts.deleteDomain('a.test'))).toBe(true);
    expect(value(await accounts.deleteDomain('a.test'))).toBe(false);
    expect(value(accounts.byId(1))).toBeUndefined();
    expect(value(accounts.belongs('ann@a.test'))).toEqual({ kind: 'foreign' });
    expect(value(await accounts.domains())).toEqual([]);
    expect(value(await accounts.save(wish('bob', 'a.test')))).toBeUndefined();
    expect(value(await accounts.createDomain('a.test'))).toBe(true);
    expect(value(accounts.byId(1))?.user).toBe('ann');
    await mkdir(join(accounts.storage, 'a.test/ann/new'), { recursive: true });
    await writeFile(join(accounts.storage, 'a.test/ann/new/1'), 'x');
    expect(value(await accounts.updateDomain('a.test', 'b.test'))).toBe(true);
    expect(value(accounts.byId(1))).toMatchObject({
      domain: 'b.test',
      maildir: join(accounts.storage, 'b.test/ann'),
    });
    expect(await readdir(join(accounts.storage, 'b.test/ann/new'))).toEqual(['1']);
    expect(await readdir(accounts.storage)).toEqual(['b.test']);
    expect(value(accounts.find('a.test', 'ann'))).toBeUndefined();
    await accounts.createDomain('c.test');
    expect(value(await accounts.updateDomain('b.test', 'c.test'))).toBe(false);
    expect(value(await accounts.updateDomain('none.test', 'd.test'))).toBe(false);
    expect(value(await accounts.updateDomain('b.test', '../x'))).toBe(false);
    expect(value(await accounts.updateDomain('b.test', 'b.test', 'x/y', 1))).toBe(true);
    expect(value(accounts.domain('b.test'))).toMatchObject({ path: 'x/y', flags: 1 });
    expect(await readdir(join(accounts.storage, 'x/y/ann/new'))).toEqual(['1']);
  });

  it('have directories that no other domain has', async () => {
    const { accounts } = await open();
    const make = async (name: string, path = ''): Promise<boolean> =>
      value(await accounts.createDomain(name, path));
    expect(await make('a.test', 'one/two')).toBe(true);
    expect(await make('b.test', 'one/two')).toBe(false);
    expect(await make('b.test', 'one')).toBe(false);
    expect(await make('b.test', 'one/two/three')).toBe(false);
    expect(await make('b.test', 'one/tw')).toBe(true);
    expect(await make('c.test', 'd.test')).toBe(true);
    expect(await make('d.test')).toBe(false);
    for (const path of ['..', '/', '/etc', 'x/../../y', 'a\0'])
      expect(await make('e.test', path)).toBe(false);
  });

  it('that change their name take their mail along', async () => {
    const { accounts } = await open();
    await accounts.createDomain('a.test');
    await accounts.save(wish('ann', 'a.test'));
    await mkdir(join(accounts.storage, 'a.test/ann/new'), { recursive: true });
    expect(value(await accounts.save(wish('anna', 'a.test', { id: 1 })))).toBe(1);
    expect(await readdir(join(accounts.storage, 'a.test'))).toEqual(['anna']);
    expect(value(await accounts.save(wish('x', 'a.test', { id: 7 })))).toBeUndefined();
    await accounts.save(wish('bob', 'a.test'));
    expect(value(await accounts.save(wish('bob', 'a.test', { id: 1 })))).toBeUndefined();
    // One that lies there is not touched.
    await mkdir(join(accounts.storage, 'a.test/carl/new'), { recursive: true });
    expect(value(await accounts.save(wish('carl', 'a.test', { id: 1 })))).toBe(1);
    expect((await readdir(join(accounts.storage, 'a.test'))).sort()).toEqual(['carl', 'carl.1']);
  });

  it('that are deleted leave their mail aside', async () => {
    const { accounts } = await open();
    await accounts.createDomain('a.test');
    await accounts.save(wish('ann', 'a.test'));
    await mkdir(join(accounts.storage, 'a.test/ann/cur'), { recursive: true });
    await accounts.delete({ id: 1 });
    await accounts.save(wish('ann', 'a.test'));
    expect(await readdir(join(accounts.storage, 'a.test'))).toEqual([
      expect.stringMatching(/^ann\.deleted-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/),
    ]);
  });

  it.each([
    ['user', wish('a/b', 'a.test')],
    ['long user', wish('x'.repeat(300), 'a.test')],
    ['NUL', wish('a\0', 'a.test')],
    ['domain', wish('a', '..')],
    ['password', wish('a', 'a.test', { password: 'x'.repeat(1025) })],
    ['arguments', wish('a', 'a.test', { arguments: 'x'.repeat(16_385) })],
  ])('with a wrong %s are none', async (_, wrong) => {
    const { accounts } = await open();
    await accounts.createDomain('a.test');
    expect(value(await accounts.save(wrong))).toBeUndefined();
    expect(value(await accounts.list('a.test'))).toEqual([]);
  });

  it('are as a model has them, whatever is done', async () => {
    const random = new Seeded(20);
    const { accounts } = await open();
    interface Row {
      readonly domain: string;
      readonly user: string;
    }
    const live = new Set<string>();
    const rows = new Map<number, Row>();
    let next = 1;
    const domains = ['a.test', 'b.test', 'c.test'];
    const users = ['ann', 'bob', 'a*', '*', '?nn', '[ab]*', 'a?'];
    const holder = ({ domain, user }: Row): number | undefined =>
      [...rows].find(([, row]) => row.domain === domain && row.user === user)?.[0];
    const found = (domain: string, user: string): number | undefined => {
      if (!live.has(domain)) return undefined;
      const equal = holder({ domain, user });
      const all = [...rows].filter(
        ([, row]) => row.domain === domain && /[*?[]/.test(row.user) && globMatches(row.user, user),
      );
      all.sort(([a, x], [b, y]) => y.user.length - x.user.length || a - b);
      return equal ?? all[0]?.[0];
    };
    for (let i = 0; i < 400; i++) {
      const row = { domain: random.pick(domains), user: random.pick(users) };
      switch (random.below(7)) {
        case 0:
          expect(value(await accounts.createDomain(row.domain))).toBe(!live.has(row.domain));
          live.add(row.domain);
          break;
        case 1:
          if (!random.oneIn(3)) break;
          expect(value(await accounts.deleteDomain(row.domain))).toBe(live.delete(row.domain));
          break;
        case 2: {
          const to = random.pick(domains);
          const isFree =
            to === row.domain || (!live.has(to) && ![...rows.values()].some(({ domain }) => domain === to));
          const isDone = live.has(row.domain) && isFree;
          expect(value(await accounts.updateDomain(row.domain, to))).toBe(isDone);
          if (!isDone) break;
          live.delete(row.domain);
          live.add(to);
          for (const [id, one] of rows) if (one.domain === row.domain) rows.set(id, { ...one, domain: to });
          break;
        }
        case 3: {
          const id = 1 + random.below(next);
          const old = rows.get(id);
          const other = holder(row);
          const isDone =
            live.has(row.domain) && old !== undefined && live.has(old.domain) && (other ?? id) === id;
          expect(value(await accounts.save({ ...wish(row.user, row.domain), id }))).toBe(
            isDone ? id : undefined,
          );
          if (isDone) rows.set(id, row);
          break;
        }
        case 4: {
          const id = live.has(row.domain) ? holder(row) : undefined;
          expect(value(await accounts.delete(row))).toBe(id !== undefined);
          if (id !== undefined) rows.delete(id);
          break;
        }
        default: {
          const isNew = live.has(row.domain) && holder(row) === undefined;
          expect(value(await accounts.save(wish(row.user, row.domain)))).toBe(isNew ? next : undefined);
          if (isNew) rows.set(next++, row);
        }
      }
      for (const user of ['ann', 'abb', 'bob', 'x', '*'])
        expect([i, row.domain, user, value(accounts.find(row.domain, user))?.id]).toEqual([
          ...[i, row.domain, user],
          found(row.domain, user),
        ]);
      if (i % 20 > 0) continue;
      const ids = value(await accounts.list(row.domain)).map(({ id }) => id);
      expect(ids).toEqual(
        live.has(row.domain)
          ? [...rows].flatMap(([id, one]) => (one.domain === row.domain ? [id] : [])).sort((a, b) => a - b)
          : [],
      );
      expect(value(await accounts.domains()).map(({ name }) => name)).toEqual([...live].sort());
    }
    expect(rows.size).toBeGreaterThan(3);
  });
});

describe('a password', () => {
  it.each(['sha256', 'scrypt'] as const)('kept as %s is checked', async (scheme) => {
    const { accounts } = await open({ scheme });
    await accounts.createDomain('a.test');
    await accounts.save(wish('ann', 'a.test', { password: digestOf('sesame') }));
    await accounts.save(wish('bob', 'a.test', { type: 'alias', password: digestOf('sesame') }));
    await accounts.save(wish('nopw', 'a.test'));
    const kept = value(accounts.byId(1))?.password ?? '';
    expect(kept === digestOf('sesame')).toBe(scheme === 'sha256');
    const check = async (user: string, password: string): Promise<string> =>
      value(await accounts.checkPassword('a.test', user, password, never)).kind;
    expect(await check('ann', 'sesame')).toBe('match');
    expect(await check('ANN', 'sesame')).toBe('match');
    for (const [user, password] of [
      ['ann', 'Sesame'],
      ['ann', digestOf('sesame')],
      ['bob', 'sesame'],
      ['nobody', 'sesame'],
      ['nopw', ''],
    ] as const)
      expect(await check(user, password)).toBe('mismatch');
    // As a script does that has read it.
    const account = value(accounts.byId(1));
    if (account !== undefined) await accounts.save(account);
    expect(value(accounts.byId(1))?.password).toBe(kept);
    expect(await check('ann', 'sesame')).toBe('match');
  });
});

describe('a database', () => {
  const problemOf = async (path: string): Promise<string> => {
    const opened = await openDatabase(path);
    if (opened.kind === 'refused') return opened.problem;
    await opened.database.close();
    return '';
  };

  it('is for nobody else to read', async () => {
    const path = join(await directory(), 'deep/er/db');
    expect(await problemOf(path)).toBe('');
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'data.mdb'))).mode & 0o777).toBe(0o600);
    await chmod(path, 0o750);
    expect(await problemOf(path)).toMatch(/others may read .*; chmod 700/);
    await chmod(path, 0o700);
    await chmod(join(path, 'data.mdb'), 0o644);
    expect(await problemOf(path)).toMatch(/others may read .*data\.mdb.*; chmod 600/);
    await chmod(join(path, 'data.mdb'), 0o600);
    expect(await problemOf(path)).toBe('');
  });

  /** As a version wrote it. */
  const withSchema = async (schema: string): Promise<string> => {
    const path = join(await directory(), 'db');
    const opened = await openDatabase(path);
    if (opened.kind === 'refused') throw new Error(opened.problem);
    const { state } = opened.database.tables;
    await opened.database.write(() => state.put(Buffer.from('version'), Buffer.from(schema)));
    await opened.database.close();
    return path;
  };

  it('of the schema before is one of this schema from now on: what was before would give ids again', async () => {
    const path = await withSchema('1');
    for (const _ of ['it is raised', 'it stays']) {
      const opened = await openDatabase(path);
      if (opened.kind === 'refused') throw new Error(opened.problem);
      expect(opened.database.tables.state.get(Buffer.from('version'))?.toString()).toBe('2');
      await opened.database.close();
    }
  });

  it.each(['0', '3', '10', '', 'x'])(
    'of schema "%s" is left as it is, and what would be right is said',
    async (schema) => {
      const path = await withSchema(schema);
      const problem = `are of schema ${schema}, and this smtpe knows 1 and 2: use the smtpe that has written them`;
      for (let times = 0; times < 2; times++) expect(await problemOf(path)).toContain(problem);
    },
  );

  it('that is cut is left as it is and not begun anew', async () => {
    const path = await withSchema('2');
    const { size } = await stat(join(path, 'data.mdb'));
    await truncate(join(path, 'data.mdb'), size - 8192);
    expect(await problemOf(path)).toMatch(/data\.mdb is damaged/);
    expect((await readdir(path)).filter((name) => name.startsWith('damaged'))).toEqual([]);
  });

  it('with a damaged row gives no answer, and never a wrong one', async () => {
    const { accounts, log } = await open();
    await accounts.createDomain('a.test');
    await accounts.save(wish('ann', 'a.test'));
    const { tables } = accounts.book;
    const key = Buffer.from([0, 0, 0, 0, 0, 1]);
    await accounts.parts.database.write(() => {
      const row = Buffer.from(tables.accounts.get(key) ?? '');
      row[row.length - 3] = (row[row.length - 3] ?? 0) ^ 1;
      tables.accounts.put(key, row);
    });
    expect(accounts.find('a.test', 'ann')).toEqual({
      kind: 'failed',
      cause: expect.stringContaining('is damaged'),
    });
    expect(accounts.belongs('ann@a.test').kind).toBe('failed');
    expect(log.events.of('accounts-fault').length).toBeGreaterThan(0);
  });
});
