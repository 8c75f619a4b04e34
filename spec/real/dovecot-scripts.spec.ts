// Authentication scripts in the built program: check, a start with workers, SIGHUP, a worker that takes the place of another.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ended, Program } from '../fakes/program.ts';
import { ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

// Several starts of several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const main = join(import.meta.dirname, '../../dist/main.js');
const accepts = (password: string): string =>
  `function auth_passdb_lookup() return dovecot.auth.PASSDB_RESULT_OK, 'password=${password}' end\n`;

let service: ServiceUnderTrial | undefined;
afterEach(async () => {
  await service?.remove();
  service = undefined;
});

async function logIn(port: number, password: string): Promise<string> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  await client.command('EHLO c.example');
  const reply = await client.command(`AUTH PLAIN ${Buffer.from(`\0u\0${password}`).toString('base64')}`);
  client.destroy();
  return reply.slice(0, 3);
}

it('is checked, served by all workers, kept when a reload finds it broken, and given to a successor', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
  await writeFile(join(directory, 'auth.lua'), accepts('first'));
  const options = ['workers=2', 'auth-script=auth.lua', 'smtp-auth-delay=0'];
  service = await ServiceUnderTrial.start({ policy: '', options }, directory);
  const { program } = service;
  const port = await service.ready(2);
  const check = (): Promise<Ended> =>
    new Program(process.execPath, [main, 'check', 'file=', 'script=policy.lua', 'auth-script=auth.lua'], {
      cwd: directory,
    }).ended;
  expect(await check()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^auth\.lua: no mistake found; functions auth_passdb_lookup$/m),
  });
  for (let n = 0; n < 4; n++) expect(await logIn(port, 'first')).toBe('235');

  await writeFile(join(directory, 'auth.lua'), 'function auth_passdb_lookup(');
  program.signal('SIGHUP');
  await program.wrote(/policy not reloaded, the old one stays: auth\.lua:1: /);
  expect(await check()).toMatchObject({ code: 70, stderr: expect.stringMatching(/auth\.lua:1: /) });
  // A successor has what the others have, whatever the file is by now.
  const [worker] = await service.workers();
  if (worker === undefined) throw new Error('no worker');
  process.kill(worker, 'SIGKILL');
  await service.said(/accepting connections/, 3);
  for (let n = 0; n < 4; n++) expect(await logIn(port, 'first')).toBe('235');

  await writeFile(join(directory, 'auth.lua'), accepts('second'));
  program.signal('SIGHUP');
  await service.said(/policy reloaded/, 2);
  expect(await logIn(port, 'second')).toBe('235');
  expect(await logIn(port, 'first')).toBe('535');
});

describe('smtpe users', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-users-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const list = async (scripts: readonly string[]): Promise<Ended> => {
    for (const [at, text] of scripts.entries()) await writeFile(join(directory, `${at}.lua`), text, 'latin1');
    const named = scripts.map((_, at) => `${at}.lua`).join(' ');
    return new Program(process.execPath, [main, 'users', 'file=', `auth-script=${named}`], { cwd: directory })
      .ended;
  };
  const iterates = (lua: string): string => `function auth_userdb_iterate() ${lua} end`;

  it('lists the users of all scripts, each once', async () => {
    const first = iterates("return { 'bob', 12, 'm\\195\\188ller', 'bad\\nname', '\\255' }");
    const second = iterates("return { x = 'alice', 'bob' }");
    expect(await list([first, second])).toMatchObject({
      code: 0,
      stdout: '12\nalice\nbad\\x0Aname\nbob\nm\xc3\xbcller\n\\xFF\n',
      stderr: '',
    });
  });

  it.each([
    [[], 64, 'users: there is no auth-script; name one: smtpe users auth-script=FILE'],
    [[iterates("return 'bob'"), 'x = 1'], 70, 'users: Cannot iterate, return value is not table'],
    [['x = 1'], 70, 'users: 0.lua has no function auth_userdb_iterate'],
  ] as const)('%j: %i', async (scripts, code, message) => {
    const ended = await list(scripts);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr.trimEnd()).toBe(`smtpe: ${message}`);
  });
});
