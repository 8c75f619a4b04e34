// clamd and spamd as their Debian packages bring them, started on free ports of loopback with directories of their own.

import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';

/** The test file that every scanner knows; put together here so that no scanner finds it in this source. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');
/** The text that every spam filter knows. */
export const GTUBE = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE', '-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'].join('');

export interface Scanner {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The path of its unix socket. */
  readonly socket: string;
  readonly directory: string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** User and group number of a user; undefined when there is none or we may not become it. */
export function otherUser(name: string): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout, status } = spawnSync('id', ['-u', name], { encoding: 'utf8' });
  const group = spawnSync('id', ['-g', name], { encoding: 'utf8' });
  return status === 0 ? { uid: Number(stdout), gid: Number(group.stdout) } : undefined;
}

/** clamd whose only signature is EICAR. `user`: another one, who may not read our files. StreamMaxLength is 1 MB. */
export async function startRealClamd(user?: string): Promise<Scanner> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-clamd-'));
  await mkdir(join(directory, 'db'));
  await mkdir(join(directory, 'run'));
  const hex = Buffer.from(EICAR).toString('hex');
  await writeFile(join(directory, 'db/local.ndb'), `Eicar-Test-Signature:0:*:${hex}\n`);
  const port = await freePort();
  const socket = join(directory, 'run/clamd.sock');
  const lines = [
    `LocalSocket ${socket}`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    `DatabaseDirectory ${directory}/db`,
    `TemporaryDirectory ${directory}/run`,
    'Foreground yes',
    'LogSyslog no',
    'LogTime yes',
    'StreamMaxLength 1M',
    'SelfCheck 0',
    ...(user === undefined ? [] : [`User ${user}`]),
  ];
  await writeFile(join(directory, 'clamd.conf'), `${lines.join('\n')}\n`);
  if (user !== undefined) {
    const ids = otherUser(user);
    if (ids === undefined) throw new Error(`cannot become ${user}`);
    for (const name of ['', 'db', 'db/local.ndb', 'run', 'clamd.conf']) {
      await chown(join(directory, name), ids.uid, ids.gid);
    }
    await chmod(directory, 0o755);
  }
  const program = new Program(programPath('clamd'), ['-c', join(directory, 'clamd.conf')]);
  await program.wrote(/Self checking disabled|Listening daemon/);
  return {
    port,
    host: `127.0.0.1:${port}`,
    socket,
    directory,
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** spamd without network tests, with the rules of its package and further configuration lines. */
export async function startRealSpamd(...lines: readonly string[]): Promise<Scanner> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-spamd-'));
  await mkdir(join(directory, 'home'));
  const ids = otherUser('debian-spamd');
  if (ids !== undefined) {
    await chown(join(directory, 'home'), ids.uid, ids.gid);
    await chmod(directory, 0o755);
  }
  const port = await freePort();
  const socket = join(directory, 'spamd.sock');
  const program = new Program(programPath('spamd'), [
    ...['-L', '-x', '-m', '2', '--min-children=1', '--max-spare=1', '-i', `127.0.0.1:${port}`],
    ...[`--socketpath=${socket}`, '--socketmode=666', '-H', join(directory, 'home'), '-s', 'stderr'],
    ...lines.map((line) => `--cf=${line}`),
    ...(ids === undefined ? [] : ['-u', 'debian-spamd']),
  ]);
  await program.wrote(/server started/);
  return {
    port,
    host: `127.0.0.1:${port}`,
    socket,
    directory,
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
