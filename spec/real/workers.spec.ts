// Workers that are always there, and an end that is in order: the built program with several processes, signals to each and to all of them.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, readlink, rm, unlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { isRunning, PortWatch, type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

let services: ServiceUnderTrial[];
beforeEach(() => {
  services = [];
});
afterEach(async () => {
  for (const service of services) await service.remove();
});

async function start(settings: ServiceSettings = {}, directory?: string): Promise<ServiceUnderTrial> {
  const service = await ServiceUnderTrial.start(settings, directory);
  services.push(service);
  return service;
}

const noop = (text: string | number): string => `function hook.noop() return '250 ${text}' end`;

async function answer(port: number): Promise<string> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  const reply = await client.command('NOOP');
  client.destroy();
  return reply;
}

/** A client with a recipient. */
async function inTransaction(port: number): Promise<SmtpClient> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  for (const line of ['EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>']) {
    expect(await client.command(line)).toMatch(/^250/);
  }
  return client;
}

/** Ends the transaction: the replies to DATA and to the dot. */
async function finish(client: SmtpClient): Promise<readonly string[]> {
  const data = await client.command('DATA');
  client.write('Subject: x\r\n\r\nx\r\n.\r\n');
  return [data.slice(0, 3), (await client.reply()).slice(0, 3)];
}

const maildir = (service: { directory: string }): string => join(service.directory, 'Mail/new');
const toMail = 'smtp-smart-host=maildir:Mail';

// Several starts of several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe('who has a message by one worker', () => {
  const tell = async (client: SmtpClient, id: number): Promise<string> => {
    for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@d.example>', 'DATA'])
      expect(await client.command(line)).toMatch(/^[23]/);
    client.write(`Message-ID: <${id}@x>\r\n\r\nx\r\n.\r\n`);
    return client.reply();
  };
  const connect = async (port: number): Promise<SmtpClient> => {
    const client = await SmtpClient.connect(port);
    await client.reply();
    await client.command('EHLO c');
    return client;
  };

  it('gets no second copy by another one, and none by a successor', async () => {
    const count = 8;
    const first = '250 c\r\n452 4.2.2 full\r\n';
    // Whoever waits for a second reply does not get it.
    const again = { reply: '250 e\r\n', end: 'close' as const };
    const dot = [...Array<string>(count).fill(first), ...Array<typeof again>(count / 2).fill(again), again];
    const hop = await NextHop.start({ dot });
    try {
      const service = await start({
        policy: noop('x'),
        options: ['workers=2', `smtp-smart-host=lmtp:${hop.target}`, 'smtp-forward-tls=off'],
      });
      const port = await service.ready(2);
      const clients = await Promise.all(Array.from({ length: count }, () => connect(port)));
      for (const [i, client] of clients.entries()) expect(await tell(client, i)).toMatch(/^451-/);
      // What the main process tells its workers comes in order: behind a second reload all have heard of the copies.
      for (const round of [1, 2]) {
        service.program.signal('SIGHUP');
        await service.said(/policy reloaded/, 2 * round);
      }
      // Each message by the client of another one, half of them by workers that have begun since.
      for (let i = 0; i < count / 2; i++)
        expect(await tell(clients[count - 1 - i] as SmtpClient, i)).toMatch(/^250 /);
      for (const client of clients) client.destroy();
      for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
      await service.said(/accepting connections/, 4);
      service.program.signal('SIGHUP');
      await service.said(/policy reloaded/, 6);
      for (let i = count / 2; i < count; i++) {
        const client = await connect(port);
        expect(await tell(client, i)).toMatch(/^250 /);
        client.destroy();
      }
      const asked = hop.commands.filter((line) => line === 'DATA').length;
      expect(asked).toBe(2 * count);
      expect((await service.program.stop()).code).toBe(0);
    } finally {
      await hop.close();
    }
  });
});

describe('the port and the policy', () => {
  it.each([
    ['broken', (service: ServiceUnderTrial) => service.policy('function hook.noop(')],
    ['deleted', (service: ServiceUnderTrial) => unlink(join(service.directory, 'policy.lua'))],
  ])('stay when the policy file is %s and every worker dies', async (_name, spoil) => {
    const service = await start({ policy: noop('old'), options: ['workers=2'] });
    const port = await service.ready(2);
    await spoil(service);
    service.program.signal('SIGHUP');
    await service.said(/policy not reloaded, the old one stays/);
    const watch = new PortWatch(port);
    for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
    await service.said(/accepting connections/, 4);
    expect(await answer(port)).toBe('250 old\r\n');
    expect(await watch.stop()).toBe(0);
    expect((await service.program.stop()).code).toBe(0);
  });

  it('stay when workers are replaced, one at a time, while clients hold transactions open on both', async () => {
    const service = await start({ policy: noop(1), options: ['workers=2', toMail, 'shutdown-timeout=60'] });
    const port = await service.ready(2);
    const clients = await Promise.all(Array.from({ length: 8 }, () => inTransaction(port)));
    await service.policy('broken(');
    const watch = new PortWatch(port);
    for (const pid of await service.workers()) process.kill(pid, 'SIGTERM');
    await service.said(/told to end/, 2);
    // Both drain, both successors serve; these are asked as well and stay until there is room.
    const pids = [...service.program.stderr.matchAll(/smtpe\[(\d+)\] notice - accepting/g)].map(
      (it) => it[1],
    );
    for (const pid of pids.slice(2)) process.kill(Number(pid), 'SIGTERM');
    await service.said(/worker is to be replaced/, 4);
    expect(await answer(port)).toBe('250 1\r\n');
    for (const client of clients) expect(await finish(client)).toEqual(['354', '250']);
    await service.said(/accepting connections/, 6);
    expect(await watch.stop()).toBe(0);
    expect((await service.program.stop()).code).toBe(0);
    expect(await readdir(maildir(service))).toHaveLength(8);
  });

  it('stay when the directories of log and spool are gone and every worker dies', async () => {
    const logs = await mkdtemp(join(tmpdir(), 'smtpe-logs-'));
    const log = join(logs, 'log');
    const service = await start({ policy: noop('old'), options: ['workers=2', `log-file=${log}`] });
    const port = await service.port();
    const lines = (): Promise<string> => readFile(log, 'latin1').catch(() => '');
    const served = /(?:accepting connections.*\s+[\s\S]*){2}/;
    await expect.poll(lines, { timeout: 20_000 }).toMatch(served);
    const spool = join(service.directory, 'spool');
    for (const directory of [logs, spool]) await rm(directory, { recursive: true });
    for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
    await service.said(/log-file=\S+ cannot be written: ENOENT.*; lines are kept/);
    expect(await answer(port)).toBe('250 old\r\n');
    await mkdir(logs);
    await expect.poll(lines, { timeout: 20_000 }).toMatch(served);
    expect(await lines()).toMatch(/messages that need a file are refused cause=.*spool-dir=/);
    await service.said(/the log file can be written again/);
    expect((await service.program.stop()).code).toBe(0);
    await rm(logs, { recursive: true });
  });

  it('are taken from the files again when nobody serves and SIGHUP says so', async () => {
    const service = await start({ policy: noop('old'), options: ['workers=2'] });
    const port = await service.ready(2);
    for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
    await service.said(/worker ended/, 2);
    await service.policy(noop('new'));
    service.program.signal('SIGHUP');
    await service.said(/accepting connections/, 4);
    expect(await answer(port)).toBe('250 new\r\n');
  });

  it('follow the files by themselves with +reload-watch, all workers alike', async () => {
    const service = await start({ policy: noop(1), options: ['workers=2', '+reload-watch'] });
    const port = await service.ready(2);
    await service.policy(noop('number two'));
    await service.said(/policy reloaded/, 2);
    for (let i = 0; i < 6; i++) expect(await answer(port)).toBe('250 number two\r\n');
    await service.policy('broken(');
    await service.said(/policy not reloaded, the old one stays/);
    await service.policy(noop(3));
    await service.said(/policy reloaded/, 4);
    expect(await answer(port)).toBe('250 3\r\n');
    // The one that tried it is the one that refused it.
    expect(service.program.stderr.match(/not reloaded/g)).toHaveLength(1);
  });

  it('SIGHUP while a worker starts reaches that one as well, and it goes on', async () => {
    const service = await start({ policy: noop('old'), options: ['workers=2'] });
    await service.said(/accepting connections/, 1);
    await service.policy(noop('new'));
    service.program.signal('SIGHUP');
    const port = await service.ready(2);
    await service.said(/policy reloaded/, 1);
    for (let i = 0; i < 8; i++) {
      await vi.waitFor(async () => expect(await answer(port)).toBe('250 new\r\n'), { timeout: 20_000 });
    }
    expect(service.program.stderr).not.toMatch(/internal error|worker ended/);
    expect((await service.program.stop()).code).toBe(0);
  });

  it('come with the same modules and options to a successor', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
    await writeFile(join(directory, 'mod.lua'), "return { text = 'module' }");
    await writeFile(
      join(directory, 'policy.lua'),
      "local m = require 'mod' function hook.noop() return '250 ' .. m.text .. smtpe.getoption('limit-errors') end",
    );
    const again = await start({ file: 'limit-errors=7\nworkers=2\n' }, directory);
    const port = await again.ready(2);
    await writeFile(join(directory, 'mod.lua'), 'return {');
    await writeFile(join(directory, 'smtpe.cf'), 'no-such-option=1\n');
    for (const pid of await again.workers()) process.kill(pid, 'SIGKILL');
    await again.said(/accepting connections/, 4);
    expect(await answer(port)).toBe('250 module7\r\n');
  });
});

describe('signals', () => {
  it.each([1, 2])('SIGTERM to the whole group lets transactions finish (workers=%d)', async (workers) => {
    const service = await start({ options: [`workers=${workers}`, toMail, 'shutdown-timeout=60'] });
    const port = await service.ready(workers);
    const clients = await Promise.all([inTransaction(port), inTransaction(port), inTransaction(port)]);
    service.signalGroup('SIGTERM');
    await service.said(workers === 1 ? /signal SIGTERM received/ : /told to end/, workers);
    for (const client of clients) {
      expect(await finish(client)).toEqual(['354', '250']);
      expect(await client.reply()).toMatch(/^421 /);
    }
    expect((await service.program.ended).code).toBe(0);
    expect(await readdir(maildir(service))).toHaveLength(3);
  });

  it('a stop lets a worker finish that was draining already; a second one hurries it too', async () => {
    for (const hurry of [false, true]) {
      const service = await start({ options: ['workers=2', toMail, 'shutdown-timeout=60'] });
      const port = await service.ready(2);
      const clients = await Promise.all(Array.from({ length: 6 }, () => inTransaction(port)));
      for (const pid of await service.workers()) process.kill(pid, 'SIGTERM');
      await service.said(/told to end/, 2);
      await service.said(/accepting connections/, 4);
      service.program.signal('SIGTERM');
      await service.said(/told to end/, 4);
      if (hurry) service.program.signal('SIGTERM');
      for (const client of clients) {
        if (hurry) expect(await client.reply()).toMatch(/^421 /);
        else expect(await finish(client)).toEqual(['354', '250']);
      }
      expect((await service.program.ended).code).toBe(0);
    }
  });

  it.each([1, 2])(
    'SIGHUP and SIGUSR2 while the program is being loaded do not kill (workers=%d)',
    async (workers) => {
      const service = await start({ options: [`workers=${workers}`] });
      // Bits 0 and 11 of the mask of signals that are caught.
      for (let mask = 0n; (mask & 0x801n) !== 0x801n; ) {
        const status = await readFile(`/proc/${service.pid}/status`, 'latin1');
        mask = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
      }
      expect(service.program.stdout).toBe('');
      service.program.signal('SIGHUP');
      service.program.signal('SIGUSR2');
      const port = await service.ready(workers);
      // With workers the policy is read after that anyway.
      if (workers === 1) await service.said(/policy reloaded/);
      expect(await answer(port)).toMatch(/^250 /);
      expect((await service.program.stop()).code).toBe(0);
    },
  );

  it('an early SIGTERM ends it with 0', async () => {
    const service = await start({ options: ['workers=2'] });
    await service.port();
    service.signalGroup('SIGTERM');
    expect((await service.program.ended).code).toBe(0);
  });

  it.each([1, 2])('SIGTERM ends a start that waits in hook.init (workers=%d)', async (workers) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const service = await start({
      policy: `function hook.init() service.http.request('http://127.0.0.1:${port}/') service.wait() end`,
      options: [`workers=${workers}`, 'http-allow-reserved=127.0.0.0/8', 'http-timeout=600'],
    });
    await once(silent, 'connection');
    const before = performance.now();
    service.signalGroup('SIGTERM');
    expect(await service.program.ended).toMatchObject({ code: 0, stdout: '' });
    expect(performance.now() - before).toBeLessThan(20_000);
    silent.close();
  });
});

describe('an end in order', () => {
  it('kill -9 of the main process: the workers finish and end by themselves', async () => {
    const service = await start({ options: ['workers=2', toMail, 'shutdown-timeout=60'] });
    const port = await service.ready(2);
    const client = await inTransaction(port);
    const workers = await service.workers();
    service.program.signal('SIGKILL');
    expect(await finish(client)).toEqual(['354', '250']);
    for (const pid of workers) await expect.poll(() => isRunning(pid)).toBe(false);
    expect(await readdir('/dev/shm')).not.toContainEqual(expect.stringContaining(`smtpe-${service.pid}`));
  });

  it('kill -9 of the main process while a successor starts: that one ends too', async () => {
    const service = await start({ options: ['workers=2'] });
    await service.ready(2);
    const before = await service.workers();
    for (const pid of before) process.kill(pid, 'SIGTERM');
    await expect.poll(async () => (await service.workers()).length).toBe(3);
    service.program.signal('SIGKILL');
    for (const pid of service.seen) await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('a worker that is stopped (SIGSTOP) is killed when the time is over', async () => {
    const service = await start({ options: ['workers=2', 'shutdown-timeout=1'] });
    await service.ready(2);
    const [first = 0] = await service.workers();
    process.kill(first, 'SIGSTOP');
    const before = performance.now();
    expect((await service.program.stop()).code).toBe(0);
    expect(performance.now() - before).toBeLessThan(25_000);
    expect(service.program.stderr).toMatch(/worker killed: it did not end in time worker=\d+/);
  });

  it.each([
    ['a start', 1],
    ['a start', 2],
    ['a reload', 1],
    ['a reload', 2],
  ])('the command that hook.init of %s waits for ends with it (workers=%d)', async (what, workers) => {
    const wait = "os.execute('echo $$ > pid.new; mv pid.new pid; exec sleep 300')";
    const init = (text: string): string => `function hook.init() ${text} end`;
    const reload = what === 'a reload';
    const service = await start({ policy: init(reload ? '' : wait), options: [`workers=${workers}`] });
    if (reload) {
      await service.ready(workers);
      await service.policy(init(wait));
      service.program.signal('SIGHUP');
      // One that waits for the first one to end.
      service.program.signal('SIGHUP');
    }
    const pid = (): Promise<string> => readFile(join(service.directory, 'pid'), 'latin1').catch(() => '');
    await expect.poll(pid, { timeout: 20_000 }).toMatch(/^\d+\n$/);
    const command = Number(await pid());
    const { code, stderr } = await service.program.stop();
    expect(code).toBe(0);
    await expect.poll(() => isRunning(command)).toBe(false);
    expect(stderr).not.toMatch(/ crit /);
  });

  it.each([1, 2])(
    'what hook.close of a session that is cut off waits for keeps nothing (workers=%d)',
    async (workers) => {
      const service = await start({
        policy: "function hook.close() os.execute('exec sleep 300') end",
        options: [`workers=${workers}`, 'spool-memory=0', 'shutdown-timeout=1', 'hook-close-limit=60'],
      });
      const port = await service.ready(workers);
      const client = await inTransaction(port);
      await client.command('DATA');
      client.write('half');
      await expect.poll(() => service.spool()).toHaveLength(1);
      const { code, stderr } = await service.program.stop();
      expect(code).toBe(0);
      expect(await service.spool()).toEqual([]);
      expect(stderr).toMatch(/ session .* end=shutdown-timeout/);
      expect(stderr).not.toMatch(/given up/);
    },
  );

  it('a system call that does not come back (a FIFO that nobody writes to) keeps nobody', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-fifo-'));
    const fifo = join(directory, 'policy.lua');
    await promisify(execFile)('mkfifo', [fifo]);
    const writer = await open(fifo, 'r+');
    const service = await start({ options: [`script=${fifo}`] });
    const reads = async (): Promise<boolean> => {
      const descriptors = await readdir(`/proc/${service.pid}/fd`);
      const names = descriptors.map((fd) => readlink(`/proc/${service.pid}/fd/${fd}`).catch(() => ''));
      return (await Promise.all(names)).includes(fifo);
    };
    await expect.poll(reads, { timeout: 20_000 }).toBe(true);
    const before = performance.now();
    await service.program.stop();
    expect(performance.now() - before).toBeLessThan(20_000);
    await writer.close();
    await rm(directory, { recursive: true });
  });

  it('message files of dead processes are removed, by the main process and at the next start', async () => {
    const settings = { options: ['workers=2', 'spool-memory=0', 'pid-file=pid'] };
    const service = await start(settings);
    const port = await service.ready(2);
    await writeFile(join(service.directory, 'spool', 'of-somebody-else'), '');
    for (let i = 0; i < 6; i++) {
      const client = await inTransaction(port);
      await client.command('DATA');
      client.write('half');
    }
    await expect.poll(() => service.spool()).toHaveLength(7);
    const [first = 0, second = 0] = await service.workers();
    const left = (await service.spool()).filter((name) => name.includes(String(second).padStart(5, '0')));
    process.kill(first, 'SIGKILL');
    await service.said(/message files of a process that died removed/);
    expect(await service.spool()).toEqual(expect.arrayContaining(left));
    expect(await service.spool()).toHaveLength(left.length + 1);
    process.kill(service.pid, 'SIGKILL');
    for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
    process.kill(second, 'SIGKILL');
    await service.program.ended;
    expect(await readFile(join(service.directory, 'pid'), 'latin1')).toBe(`${service.pid}\n`);
    const next = await start(settings, service.directory);
    await next.ready(2);
    expect(await next.spool()).toEqual(['of-somebody-else']);
    expect(await readFile(join(next.directory, 'pid'), 'latin1')).toBe(`${next.pid}\n`);
    await next.program.stop();
    expect(await readdir(next.directory)).not.toContain('pid');
  });

  it.each([1, 2])(
    'worker-max-memory below the base size is refused at start (workers=%d)',
    async (workers) => {
      const service = await start({ options: [`workers=${workers}`, 'worker-max-memory=20'] });
      const ended = await service.program.ended;
      expect(ended).toMatchObject({ code: 70, stdout: '' });
      expect(ended.stderr).toMatch(
        /^smtpe: command line: worker-max-memory=20: a worker with this policy has \d+ MiB .*set \d+ or more/m,
      );
    },
  );

  it.each([1, 2])(
    'and by a reload as well, which would be the end of it otherwise (workers=%d)',
    async (workers) => {
      const directory = await mkdtemp(join(tmpdir(), 'smtpe-memory-'));
      const file = join(directory, 'smtpe.cf');
      await writeFile(file, 'worker-max-memory=1000\n');
      const service = await start({ options: [`workers=${workers}`, `file=${file}`] });
      await service.ready(workers);
      await writeFile(file, 'worker-max-memory=20\n');
      service.program.signal('SIGHUP');
      await service.said(/old one stays: \S+: worker-max-memory=20: a worker with this policy has \d+ MiB/);
      expect((await service.program.stop()).stderr).not.toMatch(/options changed/);
      await rm(directory, { recursive: true });
    },
  );

  it('commands of a killed worker are killed, by the main process and at the next start', async () => {
    const settings = {
      // The number of the shell, then it becomes the sleeper; one in the background stays with it.
      policy: "function hook.noop() os.execute('sleep 300 & echo $$ >> pids; exec sleep 300') end",
      options: ['workers=2'],
    };
    const sleepers = async (service: ServiceUnderTrial): Promise<readonly number[]> => {
      const text = await readFile(join(service.directory, 'pids'), 'latin1').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map(Number);
    };
    const service = await start(settings);
    const port = await service.ready(2);
    const client = await SmtpClient.connect(port);
    await client.reply();
    client.write('NOOP\r\n');
    await expect.poll(async () => (await sleepers(service)).length).toBe(1);
    for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
    // The log says how many, but a start of another smtpe, as other tests make, may have been there before.
    const [first = 0] = await sleepers(service);
    await expect.poll(() => isRunning(first)).toBe(false);
    await service.said(/accepting connections/, 4);
    const again = await SmtpClient.connect(port);
    await again.reply();
    again.write('NOOP\r\n');
    await expect.poll(async () => (await sleepers(service)).length).toBe(2);
    for (const pid of [service.pid, ...(await service.workers())]) process.kill(pid, 'SIGKILL');
    for (const pid of [service.pid, ...service.seen]) await expect.poll(() => isRunning(pid)).toBe(false);
    const [, second = 0] = await sleepers(service);
    const next = await start(settings, service.directory);
    await expect.poll(() => isRunning(second)).toBe(false);
    await next.ready(2);
    expect((await next.program.stop()).code).toBe(0);
  }, 180_000);

  it('worker-max-memory replaces a worker, and ends a single process in order with 75 when it is set', async () => {
    // Lua strings in the environment of the connection, 8 MiB for each NOOP.
    const policy =
      "local t = {} function hook.noop() t[#t + 1] = ('x'):rep(8388608) .. #t return '250 1' end";
    for (const workers of [1, 2]) {
      const service = await start({
        policy,
        options: [`workers=${workers}`, 'worker-max-memory=250', 'lua-max-memory=1000'],
      });
      const port = await service.ready(workers);
      const client = await SmtpClient.connect(port);
      await client.reply();
      for (let i = 0; i < 30; i++) await client.command('NOOP');
      if (workers === 1) {
        expect(await client.reply()).toMatch(/^421 /);
        expect((await service.program.ended).code).toBe(75);
      } else {
        await service.said(/worker is to be replaced: \d+ MiB of memory, worker-max-memory is 250/);
        await service.said(/accepting connections/, 3);
        expect(await client.reply()).toMatch(/^421 /);
        expect((await service.program.stop()).code).toBe(0);
      }
    }
  });
});

describe('SIGHUP and the option file', () => {
  it.each([1, 2])(
    'changes what can be changed and names what needs a restart (workers=%d)',
    async (workers) => {
      const service = await start({ policy: '', file: `workers=${workers}\nlimit-recipients=2\n` });
      const port = await service.ready(workers);
      const file = join(service.directory, 'smtpe.cf');
      await writeFile(file, `workers=${workers}\nlimit-recipients=1\nsmtp-server-queue=7\nlog-level=info\n`);
      service.program.signal('SIGHUP');
      await service.said(/options changed changed="limit-recipients=1 log-level=info"/);
      await service.said(/options changed in the file that need a restart options=smtp-server-queue/);
      await service.said(/policy reloaded/, workers);
      const client = await inTransaction(port);
      expect(await client.command('RCPT TO:<x@d.example>')).toMatch(/^452 /);
      // Anything wrong, and nothing changes.
      await writeFile(file, `workers=${workers}\nlimit-recipients=3\nsmtp-nonsense=1\n`);
      await service.policy('function hook.rcpt() return "550 no" end');
      service.program.signal('SIGHUP');
      await service.said(
        /not reloaded, the old options and the old policy stay cause=".*smtpe\.cf:3: there is no option \\"smtp-nonsense\\"/,
      );
      await writeFile(file, `workers=${workers}\nlimit-recipients=3\n`);
      await service.policy('function hook.rcpt(');
      service.program.signal('SIGHUP');
      await service.said(/policy not reloaded, the old one stays/);
      const again = await inTransaction(port);
      expect(await again.command('RCPT TO:<x@d.example>')).toMatch(/^452 /);
      for (const one of [client, again]) one.destroy();
      expect((await service.program.stop()).code).toBe(0);
    },
  );

  it.each([1, 2])('gives options that hook.init sets to its revision only (workers=%d)', async (workers) => {
    const sets = (recipients: number, more = ''): string =>
      `function hook.init() smtpe.setoption('limit-recipients', '${recipients}') ${more} end`;
    const service = await start({ policy: sets(1), file: `workers=${workers}\nlimit-recipients=2\n` });
    const port = await service.ready(workers);
    /** How many recipients are taken. */
    const taken = async (): Promise<number> => {
      const client = await inTransaction(port);
      let count = 1;
      while ((await client.command('RCPT TO:<x@d.example>')).startsWith('250')) count++;
      client.destroy();
      return count;
    };
    expect(await taken()).toBe(1);
    await service.policy(sets(9, "error('no')"));
    service.program.signal('SIGHUP');
    await service.said(/policy not reloaded, the old one stays: hook\.init: /);
    expect(await taken()).toBe(1);
    await service.policy('');
    service.program.signal('SIGHUP');
    await service.said(/policy reloaded/, workers);
    expect(await taken()).toBe(2);
    expect((await service.program.stop()).code).toBe(0);
  });
});
