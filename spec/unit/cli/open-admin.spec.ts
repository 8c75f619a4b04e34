// The administration interface is opened, or it is said what keeps it from that: the place, the token, a socket that somebody has left.
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { AdminToken } from '../../../src/cli/admin-token.ts';
import { settleMetrics } from '../../../src/cli/counting.ts';
import { hidden, type OpenAdmin, openAdmin } from '../../../src/cli/open-admin.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { askHttp } from '../../fakes/admin-rig.ts';
import { killHard } from '../../fakes/left-socket.ts';

let directory: string;
let open: OpenAdmin[] = [];
let server: Server | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-admin-'));
});
afterEach(async () => {
  for (const admin of open) await admin.close();
  open = [];
  server?.close();
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function tried(place: string, token = ''): Promise<string | undefined> {
  const options = createOptions({ 'admin-listen': place, 'admin-token-file': token });
  const outcome = await openAdmin({
    ...{
      token: new AdminToken(),
      options,
      log: new RecordLog(),
      metrics: settleMetrics(options, 1),
      apart: true,
      droppedLines: () => 0,
    },
    desks: () => [],
    serving: () => 0,
    ending: () => false,
    policy: () => undefined,
    reload: () => Promise.resolve({ kind: 'reloaded', changed: [], needRestart: [], silent: [] }),
  });
  if (outcome.kind === 'failed') return outcome.problem;
  open.push(outcome.admin);
  return undefined;
}

async function tokenFile(text: string): Promise<string> {
  const path = join(directory, 'token');
  await writeFile(path, text);
  return path;
}

describe('the token', () => {
  it.each([
    ['short', /16 or more characters/],
    ['with a blank in it anyhow', /16 or more characters/],
    ['', /its first line is empty/],
  ])('%s', async (text, problem) => {
    expect(await tried('127.0.0.1:0', await tokenFile(text))).toMatch(problem);
  });

  it('is not shown when it is wrong, and what is right is said', async () => {
    const problem = await tried('127.0.0.1:0', await tokenFile('too-short'));
    expect(problem).toContain('openssl rand');
    expect(problem).not.toContain('too-short');
    expect(await tried('127.0.0.1:0', join(directory, 'nothing'))).toContain('there is no such file');
    expect(await tried('127.0.0.1:0', directory)).toContain('that is no file');
  });
});

describe('a UNIX socket', () => {
  const path = (): string => join(directory, 'admin.sock');

  it('is for the user and the group of smtpe only, answers, and is gone in the end', async () => {
    expect(await tried(`unix:${path()}`)).toBeUndefined();
    expect((await stat(path())).mode & 0o777).toBe(0o660);
    const answer = await askHttp({ socketPath: path(), method: 'POST', path: '/reload' });
    expect(answer.status).toBe(200);
    await open.pop()?.close();
    await expect(stat(path())).rejects.toThrow('ENOENT');
  });

  it('takes the place of one that a dead process has left, and of nothing else', async () => {
    await killHard(path());
    expect((await stat(path())).isSocket()).toBe(true);
    expect(await tried(`unix:${path()}`)).toBeUndefined();
    expect(await tried(`unix:${path()}`)).toMatch(/another program listens there/);
    const file = await tokenFile('x');
    expect(await tried(`unix:${file}`)).toMatch(/something else than a socket/);
    expect((await stat(file)).isFile()).toBe(true);
    expect(await tried(`unix:${directory}/none/admin.sock`)).toMatch(/there is no such directory/);
  });

  it('where nobody may write', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere');
    await chmod(directory, 0o500);
    expect(await tried(`unix:${path()}`)).toMatch(/may not listen there/);
    await chmod(directory, 0o700);
  });
});

it.each([
  ['redis://127.0.0.1:6379/0', 'redis://127.0.0.1:6379/0'],
  ['redis://:secret@127.0.0.1:6379/0', 'redis://:***@127.0.0.1:6379/0'],
  ['rediss://user:s3c:r@t@host:1/0', 'rediss://user:***@host:1/0'],
  ['redis://user@host', 'redis://user@host'],
  ['mx=*:25 submission=*:587/tls-required', 'mx=*:25 submission=*:587/tls-required'],
])('%s is shown as %s', (text, shown) => {
  expect(hidden(text)).toBe(shown);
});

it('a port that is taken, and an address that is not ours', async () => {
  server = createServer();
  const port = await new Promise<number>((resolve) => {
    server?.listen(0, '127.0.0.1', () => {
      const address = server?.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  expect(await tried(`127.0.0.1:${port}`)).toMatch(
    new RegExp(`admin-listen=127.0.0.1:${port}: another program listens there; stop it`),
  );
  const token = await tokenFile('long-enough-for-a-token');
  expect(await tried('192.0.2.1:9101', token)).toMatch(/this machine has no such address/);
});
