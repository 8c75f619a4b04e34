// A Redis or Valkey of our own on free ports of loopback, with directories of its own; it can be killed and started again at the same place.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';
import { freePort } from './scanners.ts';

/** Both speak the same, and take the same settings. */
export type RedisProgram = 'redis-server' | 'valkey-server';

export interface RedisServer {
  readonly port: number;
  readonly directory: string;
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  /** Ends it at once, and waits until it has ended. */
  kill(): Promise<void>;
  /** After `kill`: with the same settings, and what was on its disk. */
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** One command in one line, by a connection of its own; the first line of its reply. */
  say(command: string): Promise<string>;
  stop(): Promise<void>;
}

/** `settings`: lines of its configuration, in which `DIR/` is its directory; `files` lie there. */
export async function startRedis(
  settings = '',
  given: {
    readonly program?: RedisProgram;
    readonly port?: number;
    readonly files?: Readonly<Record<string, string>>;
    /** Arguments before the configuration's own, such as `--sentinel`. */
    readonly args?: readonly string[];
    readonly ready?: RegExp;
  } = {},
): Promise<RedisServer> {
  const {
    program: name = 'redis-server',
    files = {},
    args = [],
    ready = /Ready to accept connections/,
  } = given;
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-redis-'));
  const port = given.port ?? (await freePort());
  const put = (text: string): string => text.replaceAll('DIR/', `${directory}/`);
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(directory, file), put(text));
    await chmod(join(directory, file), 0o600);
  }
  const conf = join(directory, 'server.conf');
  await writeFile(
    conf,
    put(`bind 127.0.0.1
port ${port}
dir ${directory}
save ""
${settings}
`),
  );
  const run = async (): Promise<Program> => {
    const started = new Program(findProgram(name) ?? name, [conf, ...args]);
    await started.wrote(ready);
    return started;
  };
  let running = await run();
  return {
    ...{ port, directory, url: `redis://127.0.0.1:${port}` },
    kill: async () => {
      running.signal('SIGKILL');
      await running.ended;
    },
    start: async () => {
      running = await run();
    },
    signal: (signal) => running.signal(signal),
    say: (command) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
        socket.on('error', reject);
        socket.once('data', (reply: Buffer) => {
          socket.destroy();
          resolve(reply.toString('latin1').split('\r\n', 1)[0] ?? '');
        });
      }),
    stop: async () => {
      running.signal('SIGKILL');
      await running.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
