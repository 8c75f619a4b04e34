// What a policy reaches of this machine by os and io: commands, the environment, files. A port: a bench or a dry run stands in for each.
//
// Must never be used for what smtpe itself needs of the machine (options, scripts, spool, log): that is not the policy's.
import { randomInt } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { opendir } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { SystemError } from '../base/system-error.ts';
import { shellProcesses } from './shell-command.ts';

export interface ExitStatus {
  readonly how: 'exit' | 'signal';
  readonly code: number;
}

export interface RunningCommand {
  /** latin1. */
  readonly text: string;
  /** Undefined unless it was asked for as a pipe. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Whether the command, or anything that it left in the background, is still there. */
  readonly alive: boolean;
  /** Ends the command and what it started, and gives up its pipes. */
  kill(): void;
}

export type Started =
  | { readonly kind: 'started'; readonly command: RunningCommand }
  | ({ readonly kind: 'failed' } & SystemError);

export interface Processes {
  /** Starts `command` (latin1; it ends at a NUL, as in C) at once, or says at once why not. Never throws. */
  start(command: string, stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe'): Started;
}

export interface SystemEnvironment {
  get(name: string): string | undefined;
  /** What commands are started with. */
  all(): Readonly<Record<string, string | undefined>>;
}

/** What a file is; times in seconds. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'link' | 'socket' | 'pipe' | 'character' | 'block' | 'other';
  /** Its permissions, with the bits above them (set-user-ID, sticky). */
  readonly mode: number;
  readonly device: number;
  readonly deviceNumber: number;
  readonly inode: number;
  readonly links: number;
  readonly owner: number;
  readonly group: number;
  readonly size: number;
  readonly blocks: number;
  readonly blockSize: number;
  readonly accessed: number;
  readonly modified: number;
  readonly changed: number;
}

/**
 * Files by descriptor, as the system calls have it: each throws an exception with the `code` of the system. `flags` and `mode` are those of
 * open(2) on Linux. `position` null: where the descriptor stands. 1 and 2 are standard output and error.
 */
export interface Disk {
  open(path: Buffer | string, flags: number, mode: number): number;
  close(fd: number): void;
  read(fd: number, into: Uint8Array, at: number, length: number, position: number | null): number;
  write(fd: number, from: Uint8Array, at: number, length: number, position: number | null): number;
  /** Whether it is a regular file, and its size in bytes. */
  status(fd: number): { isFile(): boolean; readonly size: number };
  rename(from: Buffer, to: Buffer): void;
  remove(path: Buffer): void;
  removeDirectory(path: Buffer): void;
  readLink(path: Buffer): Buffer;
  /** `follow`: of what a symbolic link leads to. */
  look(path: Buffer, follow: boolean): FileFacts;
  /** The names in a directory, `.` and `..` too; undefined when there are more than `most`. Does not hold up anyone. */
  list(path: Buffer, most: number, signal: AbortSignal): Promise<readonly Buffer[] | undefined>;
  makeDirectory(path: Buffer): void;
  setTimes(path: Buffer, accessed: number, modified: number): void;
  makeLink(from: Buffer, to: Buffer, symbolic: boolean): void;
  /** Where a file of this path (latin1) really lies, for who reads it by other means; undefined: where its path says. */
  readonly placeOf?: (path: string) => string;
}

export interface System {
  readonly processes: Processes;
  readonly environment: SystemEnvironment;
  readonly disk: Disk;
  /** Seconds of processor time that the process has taken, for os.clock; never less than before. */
  processorSeconds(): number;
  /** What the math.random of a connection begins with: 0 to 2^48-2, asked for when a policy first draws. */
  randomSeed(): number;
}

const realEnvironment: SystemEnvironment = {
  get: (name) => process.env[name],
  all: () => process.env,
};

function kindOf(stats: Stats): FileFacts['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isCharacterDevice()) return 'character';
  return stats.isBlockDevice() ? 'block' : 'other';
}

function factsOf(stats: Stats): FileFacts {
  const whole = (milliseconds: number): number => Math.floor(milliseconds / 1000);
  return {
    ...{ kind: kindOf(stats), mode: stats.mode & 0o7777, device: stats.dev, deviceNumber: stats.rdev },
    ...{ inode: stats.ino, links: stats.nlink, owner: stats.uid, group: stats.gid, size: stats.size },
    ...{ blocks: stats.blocks, blockSize: stats.blksize },
    accessed: whole(stats.atimeMs),
    modified: whole(stats.mtimeMs),
    changed: whole(stats.ctimeMs),
  };
}

async function namesIn(
  path: Buffer,
  most: number,
  signal: AbortSignal,
): Promise<readonly Buffer[] | undefined> {
  const names: Buffer[] = [Buffer.from('.'), Buffer.from('..')];
  // `buffer` as encoding gives names as they are, whatever its type says.
  const directory = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  for await (const { name } of directory) {
    if (signal.aborted || names.length >= most) return undefined;
    names.push(Buffer.from(name));
  }
  return names;
}

export const realDisk: Disk = {
  open: openSync,
  close: closeSync,
  read: readSync,
  write: writeSync,
  status: (fd) => fstatSync(fd),
  rename: renameSync,
  remove: unlinkSync,
  removeDirectory: (path) => rmdirSync(path),
  readLink: (path) => readlinkSync(path, { encoding: 'buffer' }),
  look: (path, follow) => factsOf(follow ? statSync(path) : lstatSync(path)),
  list: namesIn,
  makeDirectory: (path) => {
    mkdirSync(path);
  },
  setTimes: utimesSync,
  makeLink: (from, to, symbolic) => {
    if (symbolic) symlinkSync(from, to);
    else linkSync(from, to);
  },
};

export const realSystem: System = {
  processes: shellProcesses(realEnvironment),
  environment: realEnvironment,
  disk: realDisk,
  randomSeed: () => randomInt(2 ** 48 - 1),
  processorSeconds: () => {
    const { system, user } = process.cpuUsage();
    return (user + system) / 1_000_000;
  },
};
