// dovecot.dict as scripts call it, over files; what all forms have in common. Redis: spec/real/dovecot-dict.spec.ts.
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../../../src/base/clock.ts';
import type { CommitOutcome } from '../../../../../src/compat/dovecot/dict/dict.ts';
import { FileDict } from '../../../../../src/compat/dovecot/dict/file-dict.ts';
import { octetFiles } from '../../../../../src/compat/dovecot/dict/octet-files.ts';
import { Dotlocks, type LockParts } from '../../../../../src/mailbox/dotlock.ts';
import { ofThisProcess } from '../../../../../src/mailbox/parts.ts';
import { type ScriptsRig, startScripts } from '../../../../fakes/dovecot-scripts.ts';

let directory: string;
let rig: ScriptsRig;
beforeAll(async () => {
  // What is to be run comes as the password.
  const script = `
function auth_password_verify(req, lua)
  local ok, value = pcall(assert(load(lua, '=lua')))
  return dovecot.auth.PASSDB_RESULT_OK, { value = (ok and '' or 'error: ') .. tostring(value) }
end`;
  const started = await startScripts({ 'auth.lua': script }, { 'hook-time-limit': '10' });
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
});
afterAll(() => rig.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-dict-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const path = (name = 'dict'): string => join(directory, name);

/** Runs Lua with the dict of that file as `d`; gives what it returns, or the error. */
async function run(lua: string, file = path()): Promise<string> {
  const lines = `local d = dovecot.dict('file:${file}') ${lua}`;
  const answer = await rig.verify('u', lines, { signal: new AbortController().signal });
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify([answer, rig.log.lines.at(-1)]));
  return (answer.fields?.value ?? '').replace(/error: lua:\d+: /, 'error: ');
}

/** Beyond every number that a process has. */
const NO_PROCESS = 5_000_000;

const locksOf = (files: LockParts['files']): Dotlocks =>
  new Dotlocks({ ...ofThisProcess(), files, clock: systemClock, random: systemRandom });
const commit = (dict: FileDict, signal = new AbortController().signal): Promise<CommitOutcome> =>
  dict.commit([{ kind: 'set', key: 'shared/a', value: '2' }], { user: undefined, signal });

const collected = (call: string): string =>
  `local t = {} for key, values in ${call} do t[#t + 1] = key .. '=' .. (values[1] or '-') end table.sort(t) return table.concat(t, ' ')`;

describe('a dict in a file', () => {
  it("writes Dovecot's own form, and reads it", async () => {
    const odd = 'a\\tb\\rc\\nd\\001e\\0f\\255';
    await run(
      `local t = d:transaction_begin() t:set('shared/k\\t1', '${odd}') t:set('shared/empty', '') t:commit()`,
    );
    const content = await readFile(path(), 'latin1');
    expect(content).toBe('shared/k\x01t1\na\x01tb\x01rc\x01nd\x011e\x010f\xff\nshared/empty\n\n');
    expect(
      await run(`return d:lookup('shared/k\\t1')[1] == '${odd}' and #d:lookup('shared/empty')[1] == 0`),
    ).toBe('true');
    await writeFile(path(), 'shared/of-dovecot\nx\x01ty\n', 'latin1');
    expect(await run("return d:lookup('shared/of-dovecot')[1]")).toBe('x\ty');
  });

  it.each([
    ["d:lookup('shared/none') == nil", 'true'],
    ["#d:lookup('shared/a') .. d:lookup('shared/a')[1]", '11'],
  ])('%s is %s', async (expression, value) => {
    await writeFile(path(), 'shared/a\n1\n');
    expect(await run(`return ${expression}`)).toBe(value);
  });

  it.each([
    [0, 'shared/a=3 shared/b=1'],
    [1, 'shared/a=3 shared/b=1 shared/d/e=2 shared/d/f/g=0'],
    [9, 'shared/a=- shared/b=- shared/d/e=- shared/d/f/g=-'],
  ])('iterates with flags %i', async (flags, rows) => {
    await writeFile(path(), 'shared/b\n1\nshared/a\n3\nshared/d/e\n2\nshared/d/f/g\n0\n');
    expect(await run(collected(`d:iterate('shared/', ${flags})`))).toBe(rows);
  });

  it.each([
    [1 + 2, 'shared/a shared/b shared/d/e'],
    [1 + 4, 'shared/b shared/d/e shared/a'],
    [1 + 2 + 32, 'shared/a shared/b shared/d/e'],
  ])('sorts with flags %i', async (flags, keys) => {
    await writeFile(path(), 'shared/b\n1\nshared/a\n3\nshared/d/e\n2\n');
    const all = `local t = {} for key in d:iterate('shared/', ${flags}) do t[#t + 1] = key end return table.concat(t, ' ')`;
    expect(await run(all)).toBe(keys);
  });

  it('iterates one key, none, and what is longer than the prefix', async () => {
    await writeFile(path(), 'shared/a\n1\nshared/ab\n2\n');
    expect(await run(collected("d:iterate('shared/a', 16)"))).toBe('shared/a=1');
    expect(await run(collected("d:iterate('shared/x', 16)"))).toBe('');
    expect(await run(collected("d:iterate('shared/a', 0)"))).toBe('shared/a=1 shared/ab=2');
  });

  it('commits all or nothing, in the order of the calls', async () => {
    const lines = `local t = d:transaction_begin()
      t:set('shared/n', 5) t:atomic_inc('shared/n', 3) t:atomic_inc('shared/new', -2) t:set('shared/gone', 'x') t:unset('shared/gone')
      t:unset('shared/never') t:set_timestamp { tv_sec = 1, tv_nsec = 2 } t:commit()`;
    await run(lines);
    expect(await readFile(path(), 'latin1')).toBe('shared/n\n8\nshared/new\n-2\n');
    const bad = `local t = d:transaction_begin() t:set('shared/x', 'word') t:atomic_inc('shared/n', 1) t:atomic_inc('shared/x', 1) t:commit()`;
    expect(await run(bad)).toMatch(
      /^error: dict transaction commit failed: shared\/x has a value that is no whole number/,
    );
    expect(await readFile(path(), 'latin1')).toBe('shared/n\n8\nshared/new\n-2\n');
    expect(await readdir(directory)).toEqual(['dict']);
  });

  it('does nothing for what was rolled back, or forgotten, or is empty', async () => {
    await run(`local t = d:transaction_begin() t:set('shared/a', '1') t:rollback()
      d:transaction_begin():set('shared/b', '2') d:transaction_begin():commit()`);
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps keys of users apart by the path, and refuses names that lead elsewhere', async () => {
    const file = path('%d/%n/dict');
    const set = (user: string): string =>
      `local t = d:transaction_begin('${user}') t:set('priv/a', '${user}') t:commit() return d:lookup('priv/a', '${user}')[1]`;
    expect(await run(set('bob@example.com'), file)).toBe('bob@example.com');
    expect(await run(set('eve@example.com'), file)).toBe('eve@example.com');
    expect(await readFile(path('example.com/bob/dict'), 'latin1')).toBe('priv/a\nbob@example.com\n');
    for (const user of ['../x@example.com', 'a/b@example.com', '.@x', 'bob', 'bob@..', 'a\\0@b', 'a\\n@b'])
      expect([user, await run(set(user), file)]).toEqual([
        user,
        expect.stringMatching(/the name of the user cannot stand in the path/),
      ]);
    expect(await run("return d:lookup('shared/a')", file)).toMatch(/no user was named$/);
    expect(await run(set('bob'))).toMatch(/priv\/ keys are of one; put %u into the path$/);
    expect((await readdir(directory)).sort()).toEqual(['example.com']);
  });

  it.each([
    ["d:lookup('x/a')", 'Invalid dict key prefix'],
    ["d:lookup('')", 'Invalid dict key prefix'],
    ["d:lookup('priv/a')", 'priv/ dict key prefix requires username'],
    ["d:lookup('priv/a', '')", 'priv/ dict key prefix requires username'],
    ["d:iterate('priv/', 0)", 'priv/ dict key prefix requires username'],
    ["d:transaction_begin():set('priv/a', 'x')", 'priv/ dict key prefix requires username'],
    ['d:lookup()', 'expected 2 to 3 arguments, got 1'],
    ["d:lookup('a', 'b', 'c')", 'expected 2 to 3 arguments, got 4'],
    ["d:iterate('shared/')", 'expected 3 to 4 arguments, got 2'],
    ["d:transaction_begin():unset('shared/a', 'x')", 'expected 2 arguments, got 3'],
    ['d:transaction_begin():set_timestamp { tv_nsec = 1 }', 'tv_sec missing from table'],
    ['d:transaction_begin():set_timestamp { tv_sec = 1 }', 'tv_nsec missing from table'],
    ["d:transaction_begin():set('shared/a', {})", "bad argument #2 to 'set' (string expected, got table)"],
    [
      "d:transaction_begin():atomic_inc('shared/a', 1.5)",
      "bad argument #2 to 'atomic_inc' (number has no integer representation)",
    ],
    ["d:transaction_begin():atomic_inc('shared/a', 1e17)", 'dict increment is more than 2^53'],
    ["d.lookup({}, 'shared/a')", 'Bad argument #1, expected struct dict got table'],
    ["d.lookup(d:transaction_begin(), 'shared/a')", 'Bad argument #1, expected struct dict got table'],
    ["d:lookup('shared/' .. ('x'):rep(1024))", 'dict key has more than 1024 octets'],
    ["d:transaction_begin():set('shared/a', ('x'):rep(262145))", 'dict value has more than 262144 octets'],
    [
      "(function() local t = d:transaction_begin() t:commit() t:set('shared/a', '1') end)()",
      'dict transaction already committed',
    ],
    [
      '(function() local t = d:transaction_begin() t:rollback() t:commit() end)()',
      'dict transaction already aborted',
    ],
    [
      "(function() local t = d:transaction_begin() for n = 1, 1001 do t:set('shared/a', n) end end)()",
      'dict transaction has more than 1000 changes, or more than 1048576 octets',
    ],
  ])('%s: %s', async (expression, message) => {
    expect(await run(`return ${expression}`)).toBe(`error: ${message}`);
  });

  it.each([
    ['a directory', async () => void (await mkdir(path())), /is no file$/],
    ['a link', async () => symlink('/etc/passwd', path()), /is a symbolic link$/],
    ['a link to nothing', async () => symlink('/nowhere/dict', path()), /is a symbolic link$/],
    ['half an entry', async () => writeFile(path(), 'shared/a\n1\nshared/b\n'), /the last key has no value$/],
    [
      'too much',
      async () => writeFile(path(), Buffer.alloc(4 * 1024 * 1024 + 1)),
      /has more than 4194304 octets$/,
    ],
  ])('says what is wrong with %s, and changes nothing', async (_what, make, message) => {
    await make();
    expect(await run("return d:lookup('shared/a')")).toMatch(message);
    expect(await run("local t = d:transaction_begin() t:set('shared/a', '1') t:commit()")).toMatch(message);
    expect(await readdir(directory)).toEqual(['dict']);
  });

  it('keeps the rights of the file', async () => {
    await writeFile(path(), 'shared/a\n1\n');
    await chmod(path(), 0o640);
    await run("local t = d:transaction_begin() t:set('shared/b', '2') t:commit()");
    expect((await stat(path())).mode & 0o777).toBe(0o640);
  });

  it('keeps them though others read it while it is being written', async () => {
    const commit = `local t = d:transaction_begin() t:atomic_inc('shared/n', 1) t:commit()`;
    for (let n = 0; n < 10; n++) {
      await writeFile(path(), `shared/n\n${n}\n`);
      await chmod(path(), 0o640);
      const looks = Array.from({ length: 10 }, () => run("return d:lookup('shared/n')"));
      await Promise.all([...looks, run(commit)]);
      expect((await stat(path())).mode & 0o777).toBe(0o640);
    }
  });

  it('waits for the lock of another process, and takes one away that is old', async () => {
    await writeFile(path('dict.lock'), '');
    const waiting = run("local t = d:transaction_begin() t:set('shared/a', '1') t:commit() return 'done'");
    await rm(path('dict.lock'));
    expect(await waiting).toBe('done');
    await writeFile(path('dict.lock'), '');
    const old = Date.now() / 1000 - 61;
    await utimes(path('dict.lock'), old, old);
    // The time of the change itself cannot be set back: whoever looks a minute later sees an old one.
    const later = Date.now() + 61_000;
    const now = Date.now;
    Date.now = () => later;
    try {
      expect(
        await run("local t = d:transaction_begin() t:set('shared/a', '2') t:commit() return 'done'"),
      ).toBe('done');
    } finally {
      Date.now = now;
    }
    expect(await readdir(directory)).toEqual(['dict']);
  });

  it('takes away the lock of a writer that was killed, and waits for one that is there', async () => {
    await writeFile(path('dict.lock'), `${NO_PROCESS}:${hostname()}`);
    await writeFile(path('dict.smtpe'), 'shared/half');
    const before = Date.now() / 1000 - 3;
    await utimes(path('dict.lock'), before, before);
    expect(await run("local t = d:transaction_begin() t:set('shared/a', '1') t:commit() return 'done'")).toBe(
      'done',
    );
    expect(await readdir(directory)).toEqual(['dict']);
    await writeFile(path('dict.lock'), `1:${hostname()}`);
    await utimes(path('dict.lock'), before - 600, before - 600);
    const stop = new AbortController();
    let judged = 0;
    const open: LockParts['files']['open'] = async (...args) => {
      const opened = await octetFiles.open(...args);
      // It has read whose it is, more than once.
      if (++judged === 3) stop.abort();
      return opened;
    };
    const waiting = commit(new FileDict(path(), locksOf({ ...octetFiles, open })), stop.signal);
    expect(await waiting).toEqual({ kind: 'failed', cause: 'cancelled' });
    expect(await readFile(path('dict.lock'), 'utf8')).toBe(`1:${hostname()}`);
  });

  it('is locked by this process, by its name, in whatever octets its path is', async () => {
    const seen: string[] = [];
    const locks = locksOf({
      ...octetFiles,
      unlink: async (name) => {
        seen.push(await readFile(Buffer.from(String(name), 'latin1'), 'utf8'));
        return octetFiles.unlink(name);
      },
    });
    expect(await commit(new FileDict(path('d\xfc\xff'), locks))).toEqual({ kind: 'done' });
    // The name that it was written under, and the lock itself.
    expect(seen).toEqual([1, 2].map(() => `${process.pid}:${hostname()}`));
    const names = await readdir(directory, { encoding: 'buffer' });
    expect(names.map((name) => name.toString('latin1'))).toEqual(['d\xfc\xff']);
  });

  it('is what it was when the lock was taken away meanwhile, or the new one cannot be written', async () => {
    await writeFile(path(), 'shared/a\n1\n');
    const isLost = locksOf({ ...octetFiles, lstat: () => Promise.reject<never>(new Error('made up')) });
    expect(await commit(new FileDict(path(), isLost))).toEqual({
      kind: 'failed',
      cause: `${path()}.lock was taken away`,
    });
    await rm(path('dict.lock'), { force: true });
    await mkdir(path('dict.smtpe'));
    expect(await commit(new FileDict(path(), locksOf(octetFiles)))).toEqual({
      kind: 'failed',
      cause: `${path()}: EISDIR`,
    });
    expect(await readFile(path(), 'utf8')).toBe('shared/a\n1\n');
    expect((await readdir(directory)).sort()).toEqual(['dict', 'dict.smtpe']);
  });

  it('loses nothing of what many log-ins change at once', async () => {
    const change = (n: number): string =>
      `local t = d:transaction_begin() t:atomic_inc('shared/count', 1) t:set('shared/of/${n}', 'x') t:commit() return 'done'`;
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => run(change(n))));
    expect(new Set(answers)).toEqual(new Set(['done']));
    const lines = (await readFile(path(), 'latin1')).split('\n');
    expect(lines[lines.indexOf('shared/count') + 1]).toBe('40');
    expect(lines.filter((line) => line.startsWith('shared/of/')).length).toBe(40);
  });
});

describe('the name of a dict', () => {
  it.each([
    [
      '',
      'there is no such kind of dict; right would be file:/path or redis:host=ADDRESS:port=NUMBER:prefix=TEXT',
    ],
    [
      'sql:x',
      'there is no such kind of dict; right would be file:/path or redis:host=ADDRESS:port=NUMBER:prefix=TEXT',
    ],
    ['file:', 'file: a path from the root is needed, such as file:/var/lib/dict'],
    ['file:relative', 'file: a path from the root is needed, such as file:/var/lib/dict'],
    ['file:/x/%h', 'file: %h is not known in the path; %u, %n, %d and %% are'],
    ['file:/x/%', 'file: %  is not known in the path; %u, %n, %d and %% are'],
    ['file:/x\\0y', 'file: the path has control characters'],
    [
      'file:/x:lock=flock',
      'file: lock=flock is not known; the file is locked by PATH.lock, as Dovecot does by default',
    ],
    ['redis:port=x', 'redis: port is a number from 1 to 65535'],
    ['redis:port=0', 'redis: port is a number from 1 to 65535'],
    ['redis:port=65536', 'redis: port is a number from 1 to 65535'],
    ['redis:host=a b', 'redis: host is a name or an address'],
    ['redis:db=-1', 'redis: db is a number from 0 to 99999'],
    ['redis:path=x', 'redis: path is that of a socket, from the root'],
    [
      'redis:expire=5',
      'redis: expire is not known; known are host port path prefix db timeout_msecs expire_secs user password',
    ],
    [
      'redis:s3cret',
      'redis: a word without = is not known; known are host port path prefix db timeout_msecs expire_secs user password',
    ],
  ])('%j: %s', async (name, message) => {
    expect(await run(`return dovecot.dict('${name}')`)).toBe(`error: dovecot.dict: ${message}`);
  });

  it('may be of both separators, and of an address of IPv6', async () => {
    for (const name of [
      'redis:host=127.0.0.1:port=1:prefix=x/',
      'redis:host=127.0.0.1,port=1,prefix=x/',
      'redis:host=[::1]:port=1',
    ])
      expect(await run(`return dovecot.dict('${name}'):lookup('shared/a')`)).toMatch(
        /^error: dict lookup failed: the server cannot be reached/,
      );
  });

  it('opens at most 64, and has constants for iterations', async () => {
    const many = `for n = 1, 65 do local ok, err = pcall(function() dovecot.dict('file:${directory}/' .. n):lookup('shared/a') end) if not ok then return n .. err end end`;
    expect(await run(many)).toMatch(/^\d+lua:1: dict lookup failed: more than 64 dicts are open/);
    expect(await run('return dovecot.dict.ITERATE_FLAG_RECURSE + dovecot.dict.ITERATE_FLAG_NO_VALUE')).toBe(
      '9',
    );
  });
});
