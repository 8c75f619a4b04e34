// Listening sockets that somebody else holds (systemd's socket activation), and what systemd is told (Type=notify): the built program is
// stopped and started again and again, and nobody who connects is refused. This process is in the place of systemd.
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onPort } from '../../src/net/listener.ts';
import { HeldSockets, type SocketHandle } from '../../src/ops/held-sockets.ts';
import { Program } from '../fakes/program.ts';
import { childrenOf, PortWatch } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
vi.setConfig({ testTimeout: 60_000 });

let directory: string;
let held: HeldSockets;
let programs: Program[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-activation-'));
  held = new HeldSockets(() => undefined);
  programs = [];
});
afterEach(async () => {
  for (const program of programs) {
    if (!program.over) program.signal('SIGKILL');
    await program.ended;
  }
  held.close();
  await rm(directory, { recursive: true, force: true });
});

/** A socket on a free port, as systemd has bound it, with its descriptor and port. */
function socket(name: string): readonly [number, number] {
  const opened = held.open(name, onPort(['127.0.0.1'], 0));
  const [handle] =
    opened.kind === 'held' ? (opened.handles as readonly (SocketHandle & { fd: number })[]) : [];
  const bound: { port?: number } = {};
  if (handle?.getsockname(bound) !== 0) throw new Error('no socket');
  return [handle.fd, bound.port ?? 0];
}

/** Starts smtpe as systemd does: the process that the variables are for is the program itself. */
async function start(
  sockets: Readonly<Record<string, number>>,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  await writeFile(
    join(directory, 'policy.lua'),
    `function hook.noop()
       local pipe = io.popen('echo $LISTEN_FDS$LISTEN_PID$LISTEN_FDNAMES$NOTIFY_SOCKET; ls -l /proc/self/fd 2>/dev/null | grep -c socket')
       local told = pipe:read('*a'):gsub('%s+', ' ')
       pipe:close()
       return '250 ' .. tostring(client.listener) .. told
     end`,
  );
  await mkdir(join(directory, 'spool'), { recursive: true });
  const words = [
    main,
    'file=',
    'script=policy.lua',
    'spool-dir=spool',
    'dns-client-timeout=0',
    'rate-global=0',
    'limit-client-connections=0',
    ...options,
  ];
  const program = new Program(
    '/bin/sh',
    ['-c', 'export LISTEN_PID=$$; exec "$0" "$@"', process.execPath, ...words],
    {
      cwd: directory,
      env: {
        ...process.env,
        LISTEN_FDS: String(Object.keys(sockets).length),
        LISTEN_FDNAMES: Object.keys(sockets).join(':'),
        ...env,
      },
    },
    Object.values(sockets),
  );
  programs.push(program);
  return program;
}

async function noop(port: number): Promise<string> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  const reply = await client.command('NOOP');
  client.destroy();
  return reply;
}

describe('sockets of systemd', () => {
  it.each([1, 2])('serve with %i process(es), and refuse nobody while it is restarted', async (workers) => {
    const [mx, mxPort] = socket('mx');
    const [submission, submissionPort] = socket('submission');
    // Their addresses are those of the sockets; another listener has its own.
    const options = [
      'smtp-listen=mx=192.0.2.1:25 submission=*:587/auth-required own=127.0.0.1:0',
      `workers=${workers}`,
    ];
    const first = await start({ submission, mx }, options);
    const [, own] = await first.wrote(/ own {6}127\.0\.0\.1:(\d+)\n/);
    expect(first.stdout).toContain(
      `\n  mx       127.0.0.1:${mxPort}\n  submission 127.0.0.1:${submissionPort} auth-required\n`,
    );
    // A command of the policy has none of the sockets, and no variables.
    expect(await noop(mxPort)).toMatch(/^250 mx 0 \r\n$/);
    expect(await noop(submissionPort)).toMatch(/^250 submission 0 \r\n$/);
    expect(await noop(Number(own))).toMatch(/^250 own 0 \r\n$/);
    const watches = [new PortWatch(mxPort), new PortWatch(submissionPort)];
    let last = first;
    for (let round = workers; round <= 2; round++) {
      expect((await last.stop()).code).toBe(0);
      // Who comes now waits for the next one.
      const waiting = connect(mxPort, '127.0.0.1');
      await once(waiting, 'connect');
      last = await start({ submission, mx }, options);
      await last.wrote(/listening on/);
      expect(String((await once(waiting, 'data'))[0])).toMatch(/^220 /);
      waiting.destroy();
    }
    for (const watch of watches) {
      expect(await watch.stop()).toBe(0);
      expect(watch.tried).toBeGreaterThan(3);
    }
    expect((await last.stop()).code).toBe(0);
  });

  it('are all for the one listener, when there is no smtp-listen', async () => {
    const [descriptor, port] = socket('x');
    const program = await start({ 'smtpe.socket': descriptor }, []);
    await program.wrote(new RegExp(`listening on 127\\.0\\.0\\.1:${port}\n`));
    expect(await noop(port)).toMatch(/^250 nil/);
    expect((await program.stop()).code).toBe(0);
  });

  it.each<readonly [string, string, readonly string[], RegExp]>([
    [
      'of nobody',
      'smtpe.socket',
      ['smtp-listen=mx=127.0.0.1:0'],
      /a socket named "smtpe\.socket" was passed, and smtp-listen has mx; set FileDescriptorName=/,
    ],
    [
      'that a detached process would lose',
      'mx',
      ['+daemon', 'log-file=log'],
      /\+daemon: the sockets that were passed to this process would be lost/,
    ],
  ])('%s are refused with 64', async (_what, name, options, problem) => {
    const program = await start({ [name]: socket('x')[0] }, options);
    const { code, stderr } = await program.ended;
    expect(stderr).toMatch(problem);
    expect(code).toBe(64);
  });
});

describe('Type=notify', () => {
  it.each([1, 2])(
    'with %i process(es): READY, RELOADING and READY whatever comes of it, STOPPING',
    async (workers) => {
      const told = join(directory, 'told');
      await writeFile(join(directory, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
      await chmod(join(directory, 'systemd-notify'), 0o755);
      const words = async (): Promise<readonly string[]> =>
        (await readFile(told, 'latin1').catch(() => '')).split('\n').slice(0, -1);
      const options = ['smtp-server-address=127.0.0.1', 'smtp-server-port=0', `workers=${workers}`];
      const env = { NOTIFY_SOCKET: '/run/notify', PATH: `${directory}:${process.env.PATH}` };
      const program = await start({}, options, env);
      const [, where] = await program.wrote(/listening on (.*)\n/);
      const expected: unknown[] = [`/run/notify READY=1 STATUS=listening on ${where}`];
      await expect.poll(words, { timeout: 20_000 }).toEqual(expected);
      for (const policy of ['', 'broken(']) {
        await writeFile(join(directory, 'policy.lua'), policy);
        program.signal('SIGHUP');
        expected.push(
          expect.stringMatching(/^\/run\/notify RELOADING=1 MONOTONIC_USEC=\d{6,}$/),
          '/run/notify READY=1',
        );
        await expect.poll(words, { timeout: 20_000 }).toEqual(expected);
      }
      program.signal('SIGTERM');
      expect((await program.ended).code).toBe(0);
      expected.push('/run/notify STOPPING=1');
      await expect.poll(words, { timeout: 20_000 }).toEqual(expected);
    },
  );

  it('WatchdogSec: signs of life while a worker answers, none while both stand still, and the log says so', async () => {
    const told = join(directory, 'told');
    await writeFile(join(directory, 'systemd-notify'), `#!/bin/sh\necho "$*" >> ${told}\n`);
    await chmod(join(directory, 'systemd-notify'), 0o755);
    const beats = async (): Promise<number> =>
      (await readFile(told, 'latin1').catch(() => '')).split('\n').filter((line) => line === 'WATCHDOG=1')
        .length;
    const options = ['smtp-server-address=127.0.0.1', 'smtp-server-port=0', 'workers=2'];
    const env = {
      ...{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1000000' },
      PATH: `${directory}:${process.env.PATH}`,
    };
    const program = await start({}, options, env);
    await program.wrote(/listening on (.*)\n/);
    await expect.poll(beats, { timeout: 20_000 }).toBeGreaterThan(1);
    const workers = await childrenOf(program.pid);
    expect(workers).toHaveLength(2);
    const [one = 0, other = 0] = workers;
    process.kill(one, 'SIGSTOP');
    const before = await beats();
    await expect.poll(beats, { timeout: 20_000 }).toBeGreaterThan(before + 2);
    process.kill(other, 'SIGSTOP');
    await program.wrote(/systemd is not told any more that smtpe lives.*process \d+: no answer within 1 s/);
    const silent = await beats();
    process.kill(one, 'SIGCONT');
    await expect.poll(beats, { timeout: 20_000 }).toBeGreaterThan(silent);
    process.kill(other, 'SIGCONT');
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });
});
