// The servers that are compared: how each is installed, configured and started. All listen on a free port of the loopback interface
// and say so on a line.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, type Running, start } from './process.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** What the benchmark makes for itself. */
export const work = join(root, 'var/bench');

export interface ServerKind {
  readonly name: string;
  start(
    cpus: string,
    sink: number | undefined,
  ): Promise<{ readonly running: Running; readonly port: number }>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function install(name: string, manifest: object): string {
  const directory = join(work, name);
  mkdirSync(directory, { recursive: true });
  if (!existsSync(join(directory, 'node_modules'))) {
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, ...manifest }));
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: directory,
      stdio: 'ignore',
    });
  }
  return directory;
}

function listening(line: string): number {
  return Number(/:(\d+)/.exec(line)?.[1]);
}

export const floor: ServerKind = {
  name: 'floor',
  async start(cpus) {
    const running = await start(cpus, ['node', join(root, 'spec/load/floor.mjs'), '0'], /listening/);
    return { running, port: listening(running.line) };
  },
};

const noLimits = [
  'rate-global=0',
  'limit-client-connections=0',
  'limit-connections=0',
  'limit-commands=0',
  'limit-session-time=0',
  'dns-client-timeout=0',
  'smtp-server-queue=1024',
];

/** smtpe with a policy of spec/load/policies and options of its own. */
export function smtpe(policy: string, options: readonly string[] = [], name = 'smtpe'): ServerKind {
  return {
    name,
    async start(cpus, sink) {
      const running = await start(
        cpus,
        [
          'node',
          join(root, 'dist/main.js'),
          'file=',
          `script=${join(root, 'spec/load/policies', policy)}`,
          'smtp-server-address=127.0.0.1',
          'smtp-server-port=0',
          'log-level=err',
          'verbose=',
          sink === undefined ? 'smtp-default-at-dot=250' : `smtp-smart-host=127.0.0.1:${sink}`,
          ...noLimits,
          ...options,
        ],
        /listening/,
        root,
      );
      return { running, port: listening(running.line) };
    },
  };
}

export const haraka: ServerKind = {
  name: 'Haraka 3.3.4',
  async start(cpus, sink) {
    // libmime is pinned because newer ones need packages that not every registry mirror has.
    const directory = install('haraka', {
      dependencies: { Haraka: '3.3.4' },
      overrides: { libmime: '5.4.6' },
    });
    const port = await freePort();
    const site = join(work, `haraka-site-${port}`);
    rmSync(site, { recursive: true, force: true });
    execFileSync('node', [join(directory, 'node_modules/Haraka/bin/haraka'), '-i', site], {
      stdio: 'ignore',
    });
    const config = (file: string, text: string): void => writeFileSync(join(site, 'config', file), text);
    config('smtp.ini', `listen=127.0.0.1:${port}\nnodes=0\n`);
    config('loglevel', 'ERROR\n');
    config('plugins', sink === undefined ? 'bench_ok\n' : 'bench_rcpt\nqueue/smtp_forward\n');
    if (sink !== undefined)
      config('smtp_forward.ini', `host=127.0.0.1\nport=${sink}\nenable_outbound=false\n`);
    mkdirSync(join(site, 'plugins'), { recursive: true });
    const ok = 'next(OK);';
    writeFileSync(
      join(site, 'plugins/bench_ok.js'),
      `exports.hook_rcpt = (next) => { ${ok} };\nexports.hook_queue = (next) => { ${ok} };\n`,
    );
    writeFileSync(join(site, 'plugins/bench_rcpt.js'), `exports.hook_rcpt = (next) => { ${ok} };\n`);
    const running = launch(
      cpus,
      ['node', join(directory, 'node_modules/Haraka/bin/haraka'), '-c', site],
      site,
    );
    await answers(port);
    return { running, port };
  },
};

/** npm smtp-server; its fixed wait of 100 ms before the banner can be taken out to see it without. */
export function smtpServer(delay: boolean): ServerKind {
  return {
    name: delay ? 'smtp-server 3.21.6' : 'smtp-server 3.21.6, no delay',
    async start(cpus) {
      const directory = install('smtp-server', { dependencies: { 'smtp-server': '3.21.6' } });
      let library = join(directory, 'node_modules/smtp-server');
      if (!delay) {
        library = join(directory, 'node_modules/smtp-server-no-delay');
        if (!existsSync(library)) {
          cpSync(join(directory, 'node_modules/smtp-server'), library, { recursive: true });
          const file = join(library, 'dist/cjs/smtp-connection.js');
          const source = readFileSync(file, 'utf8');
          const changed = source.replace('this.connectionReady(), 100)', 'this.connectionReady(), 0)');
          if (changed === source) throw new Error('the 100 ms timer of smtp-server was not found');
          writeFileSync(file, changed);
        }
      }
      const script = join(directory, 'server.cjs');
      writeFileSync(
        script,
        `const { SMTPServer } = require(process.argv[2]);
const server = new SMTPServer({ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'], disableReverseLookup: true, logger: false,
  onData(stream, session, done) { stream.on('data', () => {}); stream.on('end', done); } });
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => console.log('listening on 127.0.0.1:' + server.server.address().port));
`,
      );
      const running = await start(
        cpus,
        ['node', script, join(library, 'dist/cjs/smtp-server.js')],
        /listening/,
      );
      return { running, port: listening(running.line) };
    },
  };
}

/** postfix's smtp-sink as next hop. */
export async function startSink(cpus: string): Promise<{ readonly running: Running; readonly port: number }> {
  const port = await freePort();
  const running = launch(cpus, ['smtp-sink', '-u', 'nobody', '-4', `127.0.0.1:${port}`, '1000']);
  await answers(port);
  return { running, port };
}

/** Waits until something answers on the port (at most 20 s). */
export async function answers(port: number): Promise<void> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers on port ${port}`);
}
