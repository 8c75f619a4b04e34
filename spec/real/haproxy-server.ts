// A HAProxy of our own on free ports of loopback, with a configuration that a spec gives.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';

export interface Haproxy {
  readonly program: Program;
  /** Where its files are. */
  readonly directory: string;
  stop(): Promise<void>;
}

/** Resolves when `port`, which the configuration binds, takes connections. `files` lie in the directory that both call `DIR/`. */
export async function startHaproxy(
  port: number,
  config: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Haproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-haproxy-'));
  const put = (text: string): string => text.replaceAll('DIR/', `${directory}/`);
  for (const [name, text] of Object.entries({ 'haproxy.cfg': config, ...files }))
    await writeFile(join(directory, name), put(text));
  const program = new Program(findProgram('haproxy') ?? 'haproxy', [
    '-db',
    '-f',
    join(directory, 'haproxy.cfg'),
  ]);
  while (!(await takes(port)))
    if (program.over) throw new Error(`haproxy has ended:\n${program.stdout}${program.stderr}`);
  return {
    ...{ program, directory },
    stop: async () => {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function takes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => setImmediate(resolve, false));
  });
}
