// The servers that are compared, but for Haraka and Postfix, which have files of their own: how each is installed, configured and started. All listen
// on a free port of the loopback interface.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, type Running, start } from './process.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** What the benchmark makes for itself. */
export const work = join(root, 'var/bench');
/** The certificate of all servers (ecdsa, P-256), and its key; the bench writes them. */
export const certificate = join(work, 'cert.pem');
export const key = join(work, 'key.pem');

/** Where a server is started. */
export interface Site {
  /** Processors, as taskset takes them. */
  readonly cpus: string;
  /** The program `node` for servers that need one. */
  readonly node: string;
  /** Port of the next hop, where there is one. */
  readonly sink: number | undefined;
}

export interface Started {
  readonly running: Running;
  readonly port: number;
  /** Milliseconds from its start to when it listened. */
  readonly ready: number;
}

/** A server that listens now. */
export const listens = (running: Running, port: number): Started => ({
  running,
  port,
  ready: performance.now() - running.began,
});

export interface ServerKind {
  readonly name: string;
  start(site: Site): Promise<Started>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Packages in a directory of their own; its path. */
export function install(name: string, manifest: { readonly dependencies: Record<string, string> }): string {
  const directory = join(work, name);
  mkdirSync(directory, { recursive: true });
  const has = Object.keys(manifest.dependencies).every((one) =>
    existsSync(join(directory, 'node_modules', one)),
  );
  if (!has) {
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

/** `tls`: with a certificate, for STARTTLS. */
export function floor(tls = false): ServerKind {
  return {
    name: tls ? 'TLS floor' : 'floor',
    async start({ cpus, node }) {
      const command = [node, join(root, 'spec/load/floor.mjs'), '0', ...(tls ? [certificate, key] : [])];
      const running = await start(cpus, command, /listening/);
      return listens(running, listening(running.line));
    },
  };
}

const noLimits = [
  'rate-global=0',
  'limit-client-connections=0',
  'limit-connections=0',
  'limit-commands=0',
  'limit-session-time=0',
  'dns-client-timeout=0',
  'smtp-server-queue=1024',
];

export interface Smtpe {
  readonly name?: string;
  /** A file of spec/load/policies, or one that the bench has written. */
  readonly policy: string;
  readonly options?: readonly string[];
  /** The log as it is when nothing is said, in a file; else none. */
  readonly log?: boolean;
  readonly tls?: boolean;
}

/** Where a policy lies. */
const placeOf = (policy: string): string =>
  policy.startsWith('/') ? policy : join(root, 'spec/load/policies', policy);

/** An empty one, for one server. */
async function logFile(): Promise<string> {
  const file = join(work, `smtpe-${await freePort()}.log`);
  writeFileSync(file, '');
  return file;
}

/** smtpe with a policy and options of its own. */
export function smtpe({ name = 'smtpe', policy, options = [], log = false, tls = false }: Smtpe): ServerKind {
  return {
    name,
    async start({ cpus, node, sink }) {
      const file = log ? await logFile() : undefined;
      const command = [
        node,
        join(root, 'dist/main.js'),
        'file=',
        `script=${placeOf(policy)}`,
        'smtp-server-address=127.0.0.1',
        'smtp-server-port=0',
        sink === undefined ? 'smtp-default-at-dot=250' : `smtp-smart-host=127.0.0.1:${sink}`,
        ...(tls ? [`smtp-tls=${certificate},${key}`] : []),
        ...(file === undefined ? ['log-level=err', 'verbose='] : [`log-file=${file}`]),
        ...noLimits,
        ...options,
      ];
      const running = await start(cpus, command, /listening/, root);
      const stop = async (): Promise<void> => {
        await running.stop();
        if (file !== undefined) rmSync(file);
      };
      return listens({ ...running, stop }, listening(running.line));
    },
  };
}

/** Asks every 2 ms until there is an answer. */
export async function within<T>(ms: number, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const until = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new Error(`nothing came of it within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** npm smtp-server; its fixed wait of 100 ms before the banner can be taken out to see it without. */
export function smtpServer({ delay = false, tls = false }): ServerKind {
  return {
    name: delay ? 'smtp-server 3.21.6' : 'smtp-server 3.21.6, no delay',
    async start({ cpus, node }) {
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
        `const { readFileSync } = require('node:fs');
const [, , library, cert, key] = process.argv;
const { SMTPServer } = require(library);
const tls = cert === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key) };
const server = new SMTPServer({ authOptional: true, disabledCommands: cert === undefined ? ['AUTH', 'STARTTLS'] : ['AUTH'], disableReverseLookup: true, logger: false,
  ...tls, onData(stream, session, done) { stream.on('data', () => {}); stream.on('end', done); } });
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => console.log('listening on 127.0.0.1:' + server.server.address().port));
`,
      );
      const command = [node, script, join(library, 'dist/cjs/smtp-server.js')];
      const running = await start(cpus, [...command, ...(tls ? [certificate, key] : [])], /listening/);
      return listens(running, listening(running.line));
    },
  };
}

/** postfix's smtp-sink as next hop. */
export async function startSink(cpus: string): Promise<Started> {
  const port = await freePort();
  const running = launch(cpus, ['smtp-sink', '-u', 'nobody', '-4', `127.0.0.1:${port}`, '1000']);
  await answers(port);
  return listens(running, port);
}

/** Waits until something answers on the port (at most 20 s). */
export async function answers(port: number): Promise<void> {
  await within(20_000, async () => ((await greets(port)) ? true : undefined));
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
