// smtpe as its user starts it, built: what it says, where it listens, how it ends, and what it says when it cannot start.
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../fakes/program.ts';
import { childrenOf } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'dist/main.js');

/** Every policy that comes with smtpe. */
const policies = [
  'etc/smtpe.lua',
  ...readdirSync(join(root, 'etc/examples'))
    .filter((name) => name.endsWith('.lua') && !name.endsWith('_test.lua'))
    .map((name) => `etc/examples/${name}`),
];

let directory: string;
let programs: Program[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-start-'));
  programs = [];
});
afterEach(async () => {
  for (const program of programs) {
    if (!program.over) program.signal('SIGKILL');
    await program.ended;
  }
  await rm(directory, { recursive: true, force: true });
});

/** Starts smtpe without an option file of the machine. */
function smtpe(...args: readonly string[]): Program {
  const verb = args[0] !== undefined && /^[a-z]+$/.test(args[0]) ? [args[0]] : [];
  const program = new Program(process.execPath, [main, ...verb, 'file=', ...args.slice(verb.length)], {
    cwd: directory,
  });
  programs.push(program);
  return program;
}

async function policy(text: string): Promise<string> {
  const path = join(directory, 'policy.lua');
  await writeFile(path, text);
  return `script=${path}`;
}

const local = ['smtp-server-address=127.0.0.1', 'smtp-server-port=0', 'dns-client-timeout=0'] as const;

/** Starts a server and gives it with its port. */
async function server(text: string, ...options: readonly string[]): Promise<readonly [Program, number]> {
  const program = smtpe(await policy(text), ...local, ...options);
  const [, port] = await program.wrote(/listening on 127\.0\.0\.1:(\d+)/);
  return [program, Number(port)];
}

async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}

describe('start', () => {
  it('says in one line where it listens, and takes a message to the Maildir', async () => {
    const [program, port] = await server('', `smtp-smart-host=maildir:${join(directory, 'Mail')}`);
    expect(program.stdout.split('\n').filter((line) => line.includes('listening'))).toEqual([
      `smtpe 0.1.0 listening on 127.0.0.1:${port}`,
    ]);
    expect(program.stdout).toContain(`policy   ${join(directory, 'policy.lua')}`);
    expect(program.stdout).toContain(`maildir:${join(directory, 'Mail')}`);
    const hello = new Program(process.execPath, [join(root, 'etc/hello.mjs'), `127.0.0.1:${port}`]);
    programs.push(hello);
    expect(await hello.ended).toMatchObject({ code: 0 });
    const [name = ''] = await readdir(join(directory, 'Mail/new'));
    expect(await readFile(join(directory, 'Mail/new', name), 'latin1')).toContain(
      'This is the first message.\r\n',
    );
    const ended = await program.stop();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^\S+ smtpe\[\d+\] info \w{18} mail result=accepted /m);
    expect(ended.stderr).toMatch(/^\S+ smtpe\[\d+\] info \w{18} session client=127\.0\.0\.1 /m);
    expect(ended.stderr).toMatch(/notice - terminated\n$/);
  });

  it.skipIf(!existsSync('/usr/bin/swaks'))(
    'runs the first policy, and takes what README sends with swaks',
    async () => {
      const starter = await readFile(join(root, 'etc/smtpe.lua'), 'utf8');
      const [, port] = await server(starter, `smtp-smart-host=maildir:${join(directory, 'Mail')}`);
      const readme = await readFile(join(root, 'README.md'), 'utf8');
      const line = /`swaks (--server [^`]*)`/.exec(readme)?.[1] ?? '';
      expect(line).toContain('127.0.0.1:2525');
      const swaks = new Program('/usr/bin/swaks', line.replace(':2525', `:${port}`).split(' '));
      programs.push(swaks);
      expect(await swaks.ended).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('250 2.0.0 message'),
      });
      expect(await readdir(join(directory, 'Mail/new'))).toHaveLength(1);
    },
  );

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 at %s', async (signal) => {
    const [program, port] = await server('');
    const client = await SmtpClient.connect(port);
    await client.reply();
    program.signal(signal);
    expect(await client.reply()).toMatch(/^421 4\.3\.2 /);
    expect((await program.ended).code).toBe(0);
  });

  it('lets a transaction finish after SIGTERM, and takes no new connections', async () => {
    const [program, port] = await server('', `smtp-smart-host=maildir:${join(directory, 'Mail')}`);
    const client = await SmtpClient.connect(port);
    expect((await client.envelope()).at(-1)).toMatch(/^354/);
    client.write('Subject: x\r\n\r\nhalf ');
    program.signal('SIGTERM');
    await program.wrote(/signal SIGTERM received/);
    await expect.poll(() => refuses(port)).toBe(true);
    client.write('a message\r\n.\r\n');
    expect(await client.reply()).toMatch(/^250 /);
    expect(await client.reply()).toMatch(/^421 /);
    expect((await program.ended).code).toBe(0);
    expect(await readdir(join(directory, 'Mail/new'))).toHaveLength(1);
  });

  it('cuts a transaction off after shutdown-timeout, or at a second signal', async () => {
    const spool = join(directory, 'spool');
    await mkdir(spool);
    for (const hurry of [false, true]) {
      const timeout = hurry ? 'shutdown-timeout=600' : 'shutdown-timeout=1';
      const [program, port] = await server('', timeout, `spool-dir=${spool}`, 'spool-memory=0');
      const client = await SmtpClient.connect(port);
      await client.envelope();
      client.write('half a message');
      program.signal('SIGTERM');
      await program.wrote(/signal SIGTERM received/);
      if (hurry) program.signal('SIGTERM');
      expect(await client.reply()).toMatch(/^421 /);
      expect((await program.ended).code).toBe(0);
      expect(await readdir(spool)).toEqual([]);
    }
  });

  it('reloads the policy at SIGHUP; a broken one leaves the old one in service', async () => {
    const [program, port] = await server("function hook.noop() return '250 one' end");
    const old = await SmtpClient.connect(port);
    await old.reply();
    await policy("function hook.noop() return '250 two' end");
    program.signal('SIGHUP');
    await program.wrote(/policy reloaded/);
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await client.command('NOOP')).toBe('250 two\r\n');
    expect(await old.command('NOOP')).toBe('250 one\r\n');
    await policy('function hook.noop(');
    program.signal('SIGHUP');
    await program.wrote(/policy not reloaded, the old one stays: .*policy\.lua:1/);
    const third = await SmtpClient.connect(port);
    await third.reply();
    expect(await third.command('NOOP')).toBe('250 two\r\n');
    expect((await program.stop()).code).toBe(0);
  });

  it('reloads by itself with +reload-watch', async () => {
    const [program, port] = await server("function hook.noop() return '250 one' end", '+reload-watch');
    await policy("function hook.noop() return '250 number two' end");
    await program.wrote(/policy reloaded/);
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await client.command('NOOP')).toBe('250 number two\r\n');
    client.destroy();
    await program.stop();
  });

  it('watches the modules of the policy too, and the old revision stays while one is broken', async () => {
    const module = join(directory, 'reply.lua');
    await writeFile(module, "return '250 one'");
    const [program, port] = await server(
      "local reply = require 'reply' function hook.noop() return reply end",
      '+reload-watch',
    );
    const noop = async (): Promise<string> => {
      const client = await SmtpClient.connect(port);
      await client.reply();
      const answer = await client.command('NOOP');
      client.destroy();
      return answer;
    };
    await writeFile(module, "return '250 half");
    await program.wrote(/policy not reloaded, the old one stays: .*reply\.lua:1/);
    expect(await noop()).toBe('250 one\r\n');
    await writeFile(module, "return '250 number two'");
    await program.wrote(/policy reloaded/);
    expect(await noop()).toBe('250 number two\r\n');
    await program.stop();
  });

  it('lets hook.init set options of the server', async () => {
    const [program, port] = await server(
      "function hook.init() smtpe.setoption('smtp-default-at-dot', '550') end",
    );
    const client = await SmtpClient.connect(port);
    await client.envelope();
    client.write('x\r\n.\r\n');
    expect(await client.reply()).toMatch(/^550 5\.7\.0 /);
    client.destroy();
    await program.stop();
  });

  it('+daemon: the starter ends with 0 once connections are accepted, the daemon logs to its file and ends at SIGTERM', async () => {
    const log = join(directory, 'log');
    const pidFile = join(directory, 'pid');
    const started = await smtpe(
      await policy(''),
      ...local,
      '+daemon',
      `log-file=${log}`,
      `pid-file=${pidFile}`,
    ).ended;
    expect(started).toMatchObject({ code: 0, stderr: '' });
    const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(started.stdout)?.[1]);
    const pid = Number(await readFile(pidFile, 'latin1'));
    const client = await SmtpClient.connect(port);
    expect(await client.reply()).toMatch(/^220 /);
    process.kill(pid, 'SIGTERM');
    await client.closed();
    await expect.poll(() => readFile(log, 'latin1')).toMatch(/notice - terminated\n$/);
    await expect.poll(() => readdir(directory)).not.toContain('pid');
  });

  it.each(['0', '2'])(
    'a pid file that cannot be written ends the start before anybody is let in, workers=%s',
    async (workers) => {
      const pidFile = join(directory, 'none', 'pid');
      const script = await policy('');
      const ended = await smtpe(script, ...local, `workers=${workers}`, `pid-file=${pidFile}`).ended;
      expect(ended).toMatchObject({ code: 71, stdout: '' });
      expect(ended.stderr).toContain(`pid-file=${pidFile}: there is no directory ${join(directory, 'none')}`);
      expect(ended.stderr).not.toContain('accepting connections');
    },
  );

  it('+daemon: the starter says why the daemon could not start', async () => {
    const log = `log-file=${join(directory, 'log')}`;
    const script = await policy('error("no")');
    expect(await smtpe(script, ...local, '+daemon', log).ended).toMatchObject({
      code: 70,
      stdout: '',
      stderr: expect.stringMatching(/^smtpe: .*policy\.lua:1: no\n$/),
    });
  });
});

describe('workers', () => {
  const noop = (n: number): string => `function hook.noop() return '250 ${n}' end`;

  async function answer(port: number): Promise<string> {
    const client = await SmtpClient.connect(port);
    await client.reply();
    const reply = await client.command('NOOP');
    client.destroy();
    return reply;
  }

  it('share a port, reload together, and end with 0 after the transaction in progress', async () => {
    const [program, port] = await server(
      noop(1),
      'workers=2',
      `smtp-smart-host=maildir:${join(directory, 'Mail')}`,
    );
    await expect.poll(() => program.stderr.match(/accepting connections/g)?.length).toBe(2);
    expect(program.stdout.match(/listening/g)).toHaveLength(1);
    expect(await answer(port)).toBe('250 1\r\n');
    await policy(noop(2));
    program.signal('SIGHUP');
    await expect.poll(() => program.stderr.match(/policy reloaded/g)?.length).toBe(2);
    expect(await answer(port)).toBe('250 2\r\n');
    const client = await SmtpClient.connect(port);
    expect((await client.envelope()).at(-1)).toMatch(/^354/);
    program.signal('SIGTERM');
    await program.wrote(/told to end/);
    client.write('x\r\n.\r\n');
    expect(await client.reply()).toMatch(/^250 /);
    expect((await program.ended).code).toBe(0);
    expect(await readdir(join(directory, 'Mail/new'))).toHaveLength(1);
  });

  it('are replaced when they die, while the others serve', async () => {
    const [program, port] = await server(noop(1), 'workers=2');
    await expect.poll(() => program.stderr.match(/accepting connections/g)?.length).toBe(2);
    const [, victim] = /smtpe\[(\d+)\] notice - accepting/.exec(program.stderr) ?? [];
    process.kill(Number(victim), 'SIGKILL');
    await program.wrote(/worker ended \(SIGKILL\) and is replaced/);
    expect(await answer(port)).toBe('250 1\r\n');
    await expect
      .poll(() => program.stderr.match(/accepting connections/g)?.length, { timeout: 10_000 })
      .toBe(3);
    expect((await program.stop()).code).toBe(0);
  });

  it('are killed and replaced when one stands still; the other serves meanwhile', async () => {
    const env = { ...process.env, NODE_OPTIONS: `--import ${join(root, 'spec/fakes/stand-still.mjs')}` };
    const args = [
      'file=',
      await policy(noop(1)),
      ...local,
      'workers=2',
      'watchdog-timeout=1',
      'hook-cpu-limit=500',
    ];
    const program = new Program(process.execPath, [main, ...args], { cwd: directory, env });
    programs.push(program);
    const [, port] = await program.wrote(/listening on 127\.0\.0\.1:(\d+)/);
    await expect.poll(() => program.stderr.match(/accepting connections/g)?.length).toBe(2);
    const [stuck] = await childrenOf(program.pid);
    process.kill(stuck ?? 0, 'SIGWINCH');
    await program.wrote(/stood still for .*: the process is killed/);
    expect(await answer(Number(port))).toBe('250 1\r\n');
    await program.wrote(/worker ended \(SIGKILL\) and is replaced/);
    expect((await program.stop()).code).toBe(0);
  });

  it('hold limits together', async () => {
    const [program, port] = await server('', 'workers=2', 'limit-client-connections=3');
    const clients: SmtpClient[] = [];
    for (let i = 0; i < 4; i++) clients.push(await SmtpClient.connect(port));
    const codes = await Promise.all(clients.map(async (client) => (await client.reply()).slice(0, 3)));
    expect(codes.toSorted()).toEqual(['220', '220', '220', '421']);
    for (const client of clients) client.destroy();
    await program.stop();
  });

  it('say once what keeps them from starting', async () => {
    const ended = await smtpe(await policy('x.y = 1'), ...local, 'workers=2').ended;
    expect(ended).toMatchObject({ code: 70, stdout: '' });
    expect(ended.stderr.match(/^smtpe: .*policy\.lua:1: /gm)).toHaveLength(1);
  });

  it('run under +daemon', async () => {
    const pidFile = join(directory, 'pid');
    const log = join(directory, 'log');
    const options = ['workers=2', '+daemon', `log-file=${log}`, `pid-file=${pidFile}`];
    const started = await smtpe(await policy(noop(1)), ...local, ...options).ended;
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(await answer(Number(/127\.0\.0\.1:(\d+)/.exec(started.stdout)?.[1]))).toBe('250 1\r\n');
    process.kill(Number(await readFile(pidFile, 'latin1')), 'SIGTERM');
    await expect.poll(() => readdir(directory), { timeout: 10_000 }).not.toContain('pid');
    expect(await readFile(log, 'latin1')).toMatch(/notice - terminated\n$/);
  });
});

describe('start that fails', () => {
  let taken: Server | undefined;
  afterEach(() => {
    taken?.close();
    taken = undefined;
  });

  async function failure(code: number, pattern: RegExp, ...args: readonly string[]): Promise<void> {
    const ended = await smtpe(...args).ended;
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(pattern);
  }

  it('for a policy that is missing, does not compile, or fails', async () => {
    await failure(
      70,
      /^smtpe: command line: script=none\.lua: there is no such file\n$/,
      'script=none.lua',
      ...local,
    );
    await failure(70, /^smtpe: .*policy\.lua:2: /m, await policy('x = 1\nfunction ('), ...local);
    await failure(
      70,
      /^smtpe: .*policy\.lua:2: attempt to index/m,
      await policy('local a\na.b.c = 1'),
      ...local,
    );
    const init = 'function hook.init()\n  error("no redis")\nend';
    await failure(70, /^smtpe: hook\.init: .*policy\.lua:2: no redis/m, await policy(init), ...local);
  });

  it('for a port in use, naming it', async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await failure(
      70,
      new RegExp(
        `^smtpe: cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there; .*smtp-server-port`,
        'm',
      ),
      await policy(''),
      'smtp-server-address=127.0.0.1',
      `smtp-server-port=${port}`,
    );
  });

  it('for a spool directory that is missing or no directory, and a log file that cannot be opened', async () => {
    const script = await policy('');
    const none = join(directory, 'none');
    await failure(
      71,
      /spool-dir=.*none: there is no such directory; make it with: mkdir -p/,
      script,
      ...local,
      `spool-dir=${none}`,
    );
    const file = join(directory, 'policy.lua');
    await failure(71, /spool-dir=.*: that is no directory/, script, ...local, `spool-dir=${file}`);
    await failure(71, /log-file=.*cannot be opened: ENOENT/, script, ...local, `log-file=${none}/x`);
  });

  it('for a spool directory that may not be written', async () => {
    const spool = join(directory, 'spool');
    await mkdir(spool, { mode: 0o500 });
    await chmod(directory, 0o755);
    await policy('');
    // Root may write everywhere.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const args = ['file=', 'script=policy.lua', ...local, `spool-dir=${spool}`];
    const program = new Program(process.execPath, [main, ...args], { cwd: directory, ...user });
    programs.push(program);
    expect(await program.ended).toMatchObject({
      code: 71,
      stdout: '',
      stderr: expect.stringMatching(
        /^smtpe: command line: spool-dir=.*: user \d+ may not write there \(EACCES\); /,
      ),
    });
  });

  it('for options that are not right, all of them at once', async () => {
    await failure(
      64,
      /no option "smtp-prot"; did you mean smtp-server-port\?\n.*"smtp-max-size=big": expected an integer/,
      'smtp-prot=1',
      'smtp-max-size=big',
    );
    await failure(64, /"chekc" is no option.*\n.*did you mean: smtpe check\?/, 'chekc');
    const named = new Program(process.execPath, [main, 'file=none.cf'], { cwd: directory });
    expect(await named.ended).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/none\.cf does not exist/),
    });
  });
});

describe('verbs', () => {
  it('info and version print and end with 0; +info, +version with 64', async () => {
    for (const [verb, pattern] of [
      ['info', /^smtp-server-port=26 +# command line$/m],
      ['version', /^smtpe 0\.1\.0\n/],
    ] as const) {
      const options = verb === 'info' ? ['smtp-server-port=26'] : [];
      const spelled = await smtpe(verb, ...options).ended;
      expect(spelled).toMatchObject({ code: 0, stderr: '' });
      expect(spelled.stdout).toMatch(pattern);
      expect(await smtpe(`+${verb}`, ...options).ended).toMatchObject({ code: 64, stdout: spelled.stdout });
    }
  });

  it('help: one screen; all, an option, a verb; +help is the option file of the original, with 64', async () => {
    expect(await smtpe('help').ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('usage: smtpe [VERB]'),
    });
    for (const word of ['--help', '-h']) expect((await smtpe(word).ended).code).toBe(0);
    const all = await smtpe('help', 'all').ended;
    expect(all).toMatchObject({ code: 0, stdout: expect.stringMatching(/^smtp-server-port=25$/m) });
    expect(await smtpe('+help').ended).toMatchObject({ code: 64, stdout: all.stdout });
    expect((await smtpe('help', 'smtp-partial', 'check').ended).stdout).toMatch(
      /^# Reply at dot(?:.|\n)*\nsmtp-partial=451\n\nusage: smtpe check/,
    );
    expect(await smtpe('help', 'smtp-partail').ended).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('did you mean smtp-partial?'),
    });
  });

  it('check: 0 for a good policy; else what is wrong, with a hook that does not exist', async () => {
    const good = await smtpe('check', await policy('function hook.rcpt() end')).ended;
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/no mistake found; hooks rcpt\n$/),
      stderr: '',
    });
    const unknown = await smtpe('check', await policy('function hook.rctp() end')).ended;
    expect(unknown).toMatchObject({ code: 70, stdout: '' });
    expect(unknown.stderr).toMatch(
      /hook\.rctp is never called: there is no such hook; did you mean hook\.rcpt\?/,
    );
    const broken = await smtpe('check', await policy('function (')).ended;
    expect(broken).toMatchObject({ code: 70, stderr: expect.stringMatching(/policy\.lua:1:/) });
    expect(await smtpe('check', 'script=none.lua').ended).toMatchObject({ code: 70 });
    expect(await smtpe('check', 'smtp-prot=1').ended).toMatchObject({ code: 64 });
  });

  it.each([
    ["hook.rcpt = 'x'", /hook\.rcpt is a string; right would be: a function/],
    ['hook = nil', /hook is nil; right would be: a table of functions/],
    ['function hook.rctp() end', /hook\.rctp is never called: .*did you mean hook\.rcpt\?/],
  ])('%s: neither check nor the start takes it', async (text, message) => {
    const script = await policy(text);
    for (const verb of [['check'], [], ['+test']]) {
      const ended = await smtpe(...verb, script, 'smtp-server-port=0', 'dns-client-timeout=0').ended;
      expect([verb, ended.code]).toEqual([verb, 70]);
      expect(ended.stderr).toMatch(message);
    }
  });

  it('hook-unknown=warn tolerates a hook that does not exist, in check and at the start', async () => {
    const script = await policy('function hook.rctp() end');
    const checked = await smtpe('check', script, 'hook-unknown=warn').ended;
    expect(checked).toMatchObject({ code: 0, stderr: expect.stringContaining('hook.rctp is never called') });
    const program = smtpe('+test', script, 'hook-unknown=warn', 'dns-client-timeout=0');
    program.end('QUIT\r\n');
    expect(await program.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('hook.rctp') });
  });

  it('check: mistakes of the text and of hook.init, each with its place; nobody is reached, nothing is run', async () => {
    const text = [
      'function hook.init()',
      "  smtpe.setoption('lua-max-commands', '9') os.execute('touch ran') assert(not io.popen('touch ran'))",
      "  assert(not smtp.sendstring({'127.0.0.1:9'}, '', {'a@b.example'}, 'x'))",
      '  local list = nil',
      '  print(list.x)',
      'end',
      "function hook.rcpt() return '550 no', true end",
    ].join('\n');
    const checked = await smtpe('check', await policy(text)).ended;
    expect(checked).toMatchObject({ code: 70, stdout: '' });
    expect(checked.stderr).toMatch(/hook\.init: .*policy\.lua:5: attempt to index a nil value/);
    expect(checked.stderr).toMatch(
      /policy\.lua:7:22: hook\.rcpt returns '550 no', true; right would be: the drop flag/,
    );
    expect(checked.stderr).toMatch(
      /^smtpe: 2 mistakes, 0 warnings; hooks init rcpt; asks smtp 127\.0\.0\.1:9$/m,
    );
    expect(await readdir(directory)).not.toContain('ran');
  });

  it.each(policies)('check finds no mistake in %s', async (path) => {
    expect(await smtpe('check', `script=${join(root, path)}`).ended).toMatchObject({ code: 0 });
  });
});

describe('+test', () => {
  it('log-ins can be tried where smtp-tls wants them under TLS', async () => {
    const script = await policy("function hook.auth() return '235 2.7.0 in' end");
    const program = smtpe('+test', script, 'smtp-tls=none.pem', 'dns-client-timeout=0');
    program.end('EHLO me\r\nAUTH PLAIN AHUAcA==\r\nQUIT\r\n');
    const { stdout } = await program.ended;
    expect(stdout).toContain('250-AUTH PLAIN LOGIN\r\n');
    expect(stdout).toContain('235 2.7.0 in\r\n');
  });

  it('serves a session from a pipe; other lines run as Lua in its environment', async () => {
    const text = [
      'function hook.mail(sender) count = (count or 0) + 1; last = sender end',
      "function hook.quit() return '221 2.0.0 bye' end",
    ].join('\n');
    const program = smtpe(
      '+test',
      await policy(text),
      'dns-client-timeout=0',
      `smtp-smart-host=maildir:${directory}/M`,
    );
    program.end(
      [
        'EHLO me.example',
        'MAIL FROM:<a@b.example>',
        'return count, last, client.address',
        'RCPT TO:<c@d.example>',
        'DATA',
        'return 1',
        '.',
        'nosuch.field = 1',
        'x = 21; return x * 2',
        'QUIT',
        '',
      ].join('\r\n'),
    );
    const ended = await program.ended;
    // nosuch.field has failed.
    expect(ended.code).toBe(1);
    const lines = ended.stdout.split(/\r?\n/);
    expect(lines[0]).toMatch(/^220 /);
    expect(lines).toContain('1\ta@b.example\t127.0.0.1');
    expect(lines.filter((line) => /^250 2\.0\.0 message \w{18} accepted$/.test(line))).toHaveLength(1);
    expect(lines.some((line) => /^error: .*nosuch/.test(line))).toBe(true);
    expect(lines).toContain('42');
    expect(lines.at(-2)).toBe('221 2.0.0 bye');
    const [name = ''] = await readdir(join(directory, 'M/new'));
    expect(await readFile(join(directory, 'M/new', name), 'latin1')).toBe(
      'Return-Path: <a@b.example>\r\nDelivered-To: c@d.example\r\nreturn 1\r\n',
    );
  });

  it('leaves no message file behind when it is interrupted', async () => {
    const spool = join(directory, 'spool');
    await mkdir(spool);
    const options = ['dns-client-timeout=0', `spool-dir=${spool}`, 'spool-memory=0'];
    const program = smtpe('+test', await policy(''), ...options);
    program.write('EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nhalf\n');
    await expect.poll(() => readdir(spool)).toHaveLength(1);
    program.signal('SIGINT');
    expect((await program.ended).stdout).toMatch(/\n421 [^\n]+\n$/);
    expect(await readdir(spool)).toEqual([]);
  });

  it('ends at the end of the input', async () => {
    const program = smtpe('talk', await policy(''), 'dns-client-timeout=0');
    program.end('NOOP\nreturn 7');
    expect(await program.ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^220 [^\n]+\n250 2\.0\.0 OK\r\n/),
    });
  });

  it('says what is wrong with the policy', async () => {
    const ended = await smtpe('+test', await policy('x.y = 1')).ended;
    expect(ended).toMatchObject({
      code: 70,
      stdout: '',
      stderr: expect.stringMatching(/smtpe: .*policy\.lua:1:/),
    });
  });
});

describe('package', () => {
  it('npx smtpe runs from the root', async () => {
    const npx = new Program('npx', ['--no-install', 'smtpe', 'version'], { cwd: root });
    programs.push(npx);
    expect(await npx.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^smtpe 0\.1\.0\n/) });
  });

  it('shows in README the policy that is in etc/examples/first.lua', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const shown = /<!-- policy -->\n```lua\n([^`]*)```/.exec(readme)?.[1];
    expect(shown).toBe(await readFile(join(root, 'etc/examples/first.lua'), 'utf8'));
    expect(shown?.trimEnd().split('\n')).toHaveLength(11);
  });
});
