// dovecot.dict beside programs that have the same data: a real Redis, and Dovecot's own doveadm on the same file, both writing at once.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { octetFiles } from '../../src/compat/dovecot/dict/octet-files.ts';
import { Dotlocks } from '../../src/mailbox/dotlock.ts';
import { ofThisProcess } from '../../src/mailbox/parts.ts';
import { type ScriptsRig, startScripts } from '../fakes/dovecot-scripts.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { describeWith, findProgram } from './needs.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

let rig: ScriptsRig;
beforeAll(async () => {
  const script = `
function auth_password_verify(req, lua)
  local ok, value = pcall(assert(load(lua, '=lua')))
  return dovecot.auth.PASSDB_RESULT_OK, { value = (ok and '' or 'error: ') .. tostring(value) }
end`;
  const started = await startScripts(
    { 'auth.lua': script },
    { 'hook-time-limit': '30', 'store-timeout': '5000' },
  );
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
});
afterAll(() => rig.close());

async function run(name: string, lua: string): Promise<string> {
  const signal = new AbortController().signal;
  const answer = await rig.verify('u', `local d = dovecot.dict('${name}') ${lua}`, { signal });
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify([answer, rig.log.lines.at(-1)]));
  return answer.fields?.value ?? '';
}

describeWith(['redis-server'], 'a dict on Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis('requirepass s3cret');
  });
  afterAll(() => redis.stop());
  const name = (more = ''): string => `redis:host=127.0.0.1:port=${redis.port}:password=s3cret${more}`;
  const ask = async (command: string): Promise<string> => {
    const client = promisify(execFile)(findProgram('redis-cli') ?? 'redis-cli', [
      ...['-p', String(redis.port), '-a', 's3cret', '--no-auth-warning'],
      ...command.split(' '),
    ]);
    return (await client).stdout.trim();
  };

  it("has Dovecot's names for keys", async () => {
    const set =
      "local t = d:transaction_begin('a/b') t:set('shared/x/y', '1') t:set('priv/z', '2') t:atomic_inc('shared/n', 3) t:commit() return 'done'";
    expect(await run(name(':prefix=p/'), set)).toBe('done');
    expect([await ask('GET p/x/y'), await ask('GET p/a\\-b/z'), await ask('GET p/n')]).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(
      await run(
        name(':prefix=p/'),
        "return d:lookup('priv/z', 'a/b')[1] .. d:lookup('shared/n')[1] .. tostring(d:lookup('shared/q'))",
      ),
    ).toBe('23nil');
    expect(await ask('TTL p/n')).toBe('-1');
  });

  it('iterates over what is there, octets that a pattern would take for something else too', async () => {
    const set = (keys: string): string =>
      `local t = d:transaction_begin('bob') for key in ('${keys}'):gmatch('%S+') do t:set(key, key:upper()) end t:commit()`;
    await run(name(':prefix=[i]*'), set('shared/a shared/a/b shared/c priv/e priv/f/g'));
    await run(name(':prefix=i'), set('shared/a shared/zz'));
    const all = (call: string): string =>
      `local t = {} for k, v in d:iterate(${call}) do t[#t + 1] = k .. '=' .. (v[1] or '') end return table.concat(t, ' ')`;
    expect(await run(name(':prefix=[i]*'), all("'shared/', 2"))).toBe('shared/a=SHARED/A shared/c=SHARED/C');
    expect(await run(name(':prefix=[i]*'), all("'shared/a', 3"))).toBe(
      'shared/a=SHARED/A shared/a/b=SHARED/A/B',
    );
    expect(await run(name(':prefix=[i]*'), all("'priv/', 11, 'bob'"))).toBe('priv/e= priv/f/g=');
  });

  it('does all of a transaction or nothing, and lets what has a time go', async () => {
    const bad =
      "local t = d:transaction_begin() t:set('shared/one', '1') t:set('shared/w', 'word') t:atomic_inc('shared/w', 1) t:commit()";
    expect(await run(name(':prefix=t/'), bad)).toMatch(
      /^error: lua:1: dict transaction commit failed: shared\/w has a value that is no whole number/,
    );
    expect(await ask('EXISTS t/one')).toBe('0');
    await ask('LPUSH t/list x');
    expect(await run(name(':prefix=t/'), "return d:lookup('shared/list')")).toMatch(
      /dict lookup failed: the key is of another type/,
    );
    await run(
      name(':prefix=t/:expire_secs=100'),
      "local t = d:transaction_begin() t:set('shared/short', '1') t:atomic_inc('shared/count', 1) t:commit()",
    );
    expect(Number(await ask('TTL t/short'))).toBeGreaterThan(90);
    expect(Number(await ask('TTL t/count'))).toBeGreaterThan(90);
  });

  it('is what the example of the page says: log-ins are counted, for a day', async () => {
    const page = pageBlock('doc/dovecot.md', 'dict').replace(
      'port=6379:',
      `port=${redis.port}:password=s3cret:`,
    );
    const example = await startScripts({ 'auth.lua': page }, { 'store-timeout': '5000' });
    if ('problem' in example) throw new Error(example.problem);
    try {
      for (const [user, seen] of [
        ['bob', '0'],
        ['Bob', '1'],
        ['al', '0'],
        ['bob', '2'],
      ] as const)
        expect(await example.verify(user, 'x')).toMatchObject({ kind: 'accepted', fields: { seen } });
      expect([await ask('GET seen/bob'), await ask('GET seen/al')]).toEqual(['3', '1']);
      expect(Number(await ask('TTL seen/bob'))).toBeGreaterThan(86_000);
      await ask('SET seen/bob word');
      expect(await example.verify('bob', 'x')).toMatchObject({
        kind: 'unavailable',
        cause: expect.stringMatching(/auth\.lua:8: dict transaction commit failed: shared\/bob has a value/),
      });
    } finally {
      example.close();
    }
  });

  it('counts every one of many that add at once', async () => {
    const add = "local t = d:transaction_begin() t:atomic_inc('shared/sum', 2) t:commit() return 'done'";
    const answers = await Promise.all(Array.from({ length: 100 }, () => run(name(':prefix=s/'), add)));
    expect(new Set(answers)).toEqual(new Set(['done']));
    expect(await ask('GET s/sum')).toBe('200');
  });

  it('is an error within its time when the server is gone or hangs, and never has the password in it', async () => {
    const look = "return d:lookup('shared/a')";
    const wrong = `redis:host=127.0.0.1:port=${redis.port}:password=hidden`;
    expect(await run(wrong, look)).toMatch(/the server cannot be reached: AUTH: WRONGPASS/);
    expect(await run(`redis:port=${redis.port}`, look)).toMatch(/the server cannot be reached: NOAUTH/);
    await run(name(':prefix=h/:timeout_msecs=300'), look);
    redis.signal('SIGSTOP');
    expect(await run(name(':prefix=h/:timeout_msecs=300'), look)).toMatch(/has not answered in time/);
    redis.signal('SIGCONT');
    await redis.kill();
    expect(await run(name(':prefix=h/:timeout_msecs=300'), look)).toMatch(/the server cannot be reached/);
    expect(JSON.stringify(rig.log.lines)).not.toMatch(/s3cret|hidden/);
  });
});

describeWith(['doveadm'], 'a dict in a file, with Dovecot', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-dict-'));
    await writeFile(
      join(directory, 'dovecot.conf'),
      `base_dir = ${directory}/run\nlog_path = /dev/stderr\nprotocols =\nssl = no\n`,
    );
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const doveadm = async (...words: readonly string[]): Promise<string> => {
    const program = findProgram('doveadm') ?? 'doveadm';
    const conf = join(directory, 'dovecot.conf');
    const { stdout } = await promisify(execFile)(program, ['-c', conf, 'dict', ...words]);
    return stdout.trimEnd();
  };
  const uri = (): string => `file:${directory}/dict`;

  it('reads what Dovecot has written, and Dovecot what we have', async () => {
    await doveadm('set', uri(), 'shared/of-dovecot', 'a\tb\nc');
    expect(await run(uri(), "return d:lookup('shared/of-dovecot')[1]")).toBe('a\tb\nc');
    await run(
      uri(),
      "local t = d:transaction_begin() t:set('shared/of-us', 'x\\ty\\rz\\001e') t:set('shared/n', 4) t:commit()",
    );
    expect(await doveadm('get', uri(), 'shared/of-us')).toBe('x\ty\rz\x01e');
    await doveadm('inc', uri(), 'shared/n', '3');
    await doveadm('unset', uri(), 'shared/of-us');
    expect(await run(uri(), "return d:lookup('shared/n')[1] .. tostring(d:lookup('shared/of-us'))")).toBe(
      '7nil',
    );
  });

  it('is not waited for by Dovecot when one of ours was killed while it wrote', async () => {
    const locks = new Dotlocks({
      ...{ ...ofThisProcess(), files: octetFiles, clock: systemClock, random: systemRandom },
      // Beyond every number that a process has.
      processId: 5_000_000,
    });
    const path = join(directory, 'dict');
    const wish = { path, waitMs: 1000, staleMs: 60_000, mode: 0o644, signal: new AbortController().signal };
    expect((await locks.take(wish)).kind).toBe('locked');
    const before = Date.now() / 1000 - 5;
    await utimes(`${path}.lock`, before, before);
    const began = performance.now();
    await doveadm('set', uri(), 'shared/a', '1');
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(await readFile(path, 'utf8')).toBe('shared/a\n1\n');
  });

  it('loses nothing when both write at once', async () => {
    const ours = Array.from({ length: 30 }, (_, n) =>
      run(
        uri(),
        `local t = d:transaction_begin() t:atomic_inc('shared/n', 1) t:set('shared/us${n}', 'x') t:commit()`,
      ),
    );
    const theirs = (async () => {
      for (let n = 0; n < 15; n++) await doveadm('set', uri(), `shared/them${n}`, 'y');
    })();
    await Promise.all([...ours, theirs]);
    const lines = (await readFile(join(directory, 'dict'), 'latin1')).split('\n');
    expect(lines.filter((line) => line.startsWith('shared/us')).length).toBe(30);
    expect(lines.filter((line) => line.startsWith('shared/them')).length).toBe(15);
    expect(lines[lines.indexOf('shared/n') + 1]).toBe('30');
    expect((await readdir(directory)).filter((name) => name.startsWith('dict.'))).toEqual([]);
  });
});
