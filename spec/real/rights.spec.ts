// Options user and group on a real system: only root can give up rights. What the process is afterwards, what it cannot do, and that it still
// serves a port below 1024 when workers are replaced and everything is read again.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findEntry } from '../../src/ops/account.ts';
import { type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
const nobody = findEntry('passwd', 'nobody');
const [uid, gid] = [Number(nobody?.[2]), Number(nobody?.[3])];

/** Another user must be able to run the program where it lies. */
function canBeTried(): boolean {
  if (process.getuid?.() !== 0 || nobody === undefined) return false;
  const words = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', process.execPath, '--check', main];
  try {
    execFileSync('setpriv', words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A port that only root may bind and that nobody has. */
async function lowPort(): Promise<number> {
  for (let port = 1000; ; port--) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

const policy = `
function hook.init()
  local file, wrong = io.open('/etc/shadow')
  smtpe.setoption('smtp-error-url', tostring(file) .. wrong)
end
function hook.noop()
  local file, wrong = io.open('/etc/shadow')
  local id = io.popen('id -u; id -g; id -G; echo $USER $LOGNAME')
  local told = id:read('*a'):gsub('%s+', ' ')
  id:close()
  return '250 ' .. tostring(file) .. ' ' .. wrong .. ' ' .. told .. smtpe.getoption('smtp-error-url')
end`;
const DENIED = '/etc/shadow: Permission denied';

const services: ServiceUnderTrial[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.remove();
});
vi.setConfig({ testTimeout: 60_000 });

async function start(settings: ServiceSettings): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start({ owner: uid, ...settings });
  services.push(service);
  return service;
}

async function noop(port: number): Promise<string> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  const reply = await client.command('NOOP');
  client.destroy();
  return reply;
}

/** Real, effective, saved and file system ids of every thread. */
async function ids(pid: number): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/status`, 'latin1').catch(() => '');
    for (const [line] of text.matchAll(/^(?:Uid|Gid|Groups|CapEff):.*$/gm))
      all.add(line.replace(/\s+/g, ' ').trim());
  }
  return all;
}

describe.skipIf(!canBeTried())('user=nobody, started by root', () => {
  it.each([1, 2])('has %i process(es) serve a low port as that user, whatever happens', async (workers) => {
    const port = await lowPort();
    const service = await start({
      policy,
      listen: `mx=127.0.0.1:${port}`,
      file: 'limit-errors=7\n',
      options: [`workers=${workers}`, 'user=nobody', 'log-file=log', 'pid-file=pid'],
    });
    await service.program.wrote(/listening on/);
    const expected = `250 nil ${DENIED} ${uid} ${gid} ${gid} nobody nobody nil${DENIED}\r\n`;
    expect(await noop(port)).toBe(expected);
    const log = (): Promise<string> => readFile(join(service.directory, 'log'), 'latin1');
    const rights = [
      `Uid:${` ${uid}`.repeat(4)}`,
      `Gid:${` ${gid}`.repeat(4)}`,
      'Groups:',
      `CapEff: ${'0'.repeat(16)}`,
    ];
    const processes = async (): Promise<readonly number[]> => [service.pid, ...(await service.workers())];
    for (const pid of await processes()) expect([...(await ids(pid))].toSorted()).toEqual(rights.toSorted());
    // The log is the user's, as it is opened again; the pid file is not, as root goes by it.
    expect([
      (await stat(join(service.directory, 'log'))).uid,
      (await stat(join(service.directory, 'pid'))).uid,
    ]).toEqual([uid, 0]);
    expect(await readFile(join(service.directory, 'pid'), 'latin1')).toBe(`${service.pid}\n`);
    if (workers > 1) {
      await expect.poll(log, { timeout: 20_000 }).toMatch(/(?:accepting connections[\s\S]*){2}/);
      for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
      await expect.poll(log, { timeout: 20_000 }).toMatch(/(?:accepting connections[\s\S]*){4}/);
      for (const pid of await processes())
        expect([...(await ids(pid))].toSorted()).toEqual(rights.toSorted());
    }
    await writeFile(join(service.directory, 'smtpe.cf'), 'limit-errors=8\n');
    service.program.signal('SIGHUP');
    await expect.poll(log, { timeout: 20_000 }).toMatch(/options changed.*limit-errors=8/);
    service.program.signal('SIGUSR2');
    expect(await noop(port)).toBe(expected);
    expect((await service.program.stop()).code).toBe(0);
    expect(await log()).not.toMatch(/ running as root|not opened again|cannot be/);
  });

  it.each<readonly [string, readonly string[], number, RegExp]>([
    ['a directory that is not its own', ['spool-dir=.'], 71, /spool-dir=\.: user \d+ may not write there/],
    [
      'a Maildir that is not its own',
      ['smtp-smart-host=maildir:/root/none/Mail'],
      71,
      /maildir:\S+: user nobody may not write in \/root/,
    ],
    [
      'a log that is not its own',
      ['log-file=policy.lua'],
      71,
      /log-file=policy\.lua: cannot be opened: EACCES.*opened as user nobody: chown nobody policy\.lua/,
    ],
    [
      'a log of its own that leads to what is not',
      ['log-file=spool/log'],
      71,
      /log-file=spool\/log: cannot be opened: EACCES/,
    ],
    ['other addresses in hook.init', [], 70, /with user= ports are bound before the policy is loaded/],
  ])('says what it cannot use then: %s', async (what, options, code, problem) => {
    const service = await start({
      policy: what.includes('hook.init')
        ? `function hook.init() smtpe.setoption('smtp-server-port', 2) end`
        : '',
      options: ['user=nobody', ...options],
      links: { 'spool/log': '../victim' },
    });
    const ended = await service.program.ended;
    expect(await readFile(join(service.directory, 'victim'), 'latin1')).toBe('');
    expect(ended.stderr).toMatch(problem);
    expect(ended.code).toBe(code);
  });
});

it.skipIf(!canBeTried())(
  'directories of recipients need not lie in one where the user may write',
  async () => {
    const service = await start({
      options: ['user=nobody', 'smtp-smart-host=maildir:/usr/%d/%n', 'check'],
    });
    expect((await service.program.ended).code).toBe(0);
    const shut = await start({ options: ['user=nobody', 'smtp-smart-host=maildir:/root/%d/%n', 'check'] });
    const { code, stderr } = await shut.program.ended;
    expect(stderr).toMatch(/maildir:\S+: user nobody may not enter \/root \(EACCES\); change its owner/);
    expect(code).toBe(71);
  },
);

it.skipIf(!canBeTried())('check and test try the policy as the user, too', async () => {
  const service = await start({
    policy: `local file, wrong = io.open('/etc/shadow')
      error(tostring(file) .. wrong, 0)`,
    options: ['user=nobody', 'check'],
  });
  const { code, stderr } = await service.program.ended;
  expect([code, stderr]).toEqual([70, expect.stringContaining(`nil${DENIED}`)]);
  const session = await start({ policy, options: ['user=nobody', '+test'] });
  session.program.end('NOOP\r\nQUIT\r\n');
  expect((await session.program.ended).stdout).toContain(
    `250 nil ${DENIED} ${uid} ${gid} ${gid} nobody nobody nil${DENIED}\r\n`,
  );
});

it.skipIf(!canBeTried())('user= is refused to who is not root, before anything is opened', async () => {
  const service = await start({ options: ['user=root', 'log-file=log'], as: { uid, gid } });
  const { code, stderr } = await service.program.ended;
  expect(stderr).toBe(
    `smtpe: command line: user=root: only root can become another user, and this process is user ${uid}; start it as root, or as that user and without user=\n`,
  );
  expect(code).toBe(64);
});
