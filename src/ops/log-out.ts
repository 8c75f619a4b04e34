// Where the bytes of log lines go: an open descriptor or a file by name. Nothing here ever waits in a system call for whoever reads: pipes
// and sockets are written by Node's streams, which do not block, terminals and named pipes are opened so, and a regular file is no reader.
import { closeSync, constants, fstatSync, write as fsWrite, openSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { neverBlock } from './never-block.ts';

/** PIPE_BUF of Linux: so much is written to a pipe in one piece or not at all, whoever else writes there. */
const pipePiece = 4096;
const FILE_PIECE = 65_536;
/** How long to wait before a terminal or named pipe that takes nothing is tried again. */
const RETRY_MS = 50;
/** How often a pipe whose reader has gone is opened again. */
const COME_BACK_MS = 500;

/** The code of the error when the file is not open yet. */
export const notOpen = 'ENOTOPEN';

/** `written`: bytes that are there, also when it failed. */
export type Written = (error: Error | undefined, written: number) => void;

export interface LogOut {
  /** The most that is to be written at once. */
  readonly piece: number;
  /** Do others write between our pieces, in pieces of their own? Then no line may be longer than one. */
  readonly isPipe: boolean;
  /** Writes octets, which are lent until `written` is called; one call at a time. */
  write(bytes: Buffer, written: Written): void;
  /** Opens the file again by its name, if it has one. Rejects with the system's error, and then goes on with the old one. */
  reopen(): Promise<void>;
  /** Does the file end within a line, because somebody could not write all of his? */
  endsWithinLine(): Promise<boolean>;
  close(): void;
}

const noFile = { reopen: async () => undefined, endsWithinLine: async () => false };

/** A pipe or socket. */
function streamOut(fd: number, isPipe: boolean, clock: Clock): LogOut {
  const open = (own: number): Socket | typeof process.stderr => {
    // Two handles of one descriptor would take each other's events.
    const opened = own === 2 ? process.stderr : new Socket({ fd: own, readable: false, writable: true });
    opened.on('error', () => undefined);
    return opened;
  };
  // A description of our own is better: whether writing waits belongs to it, and whoever starts a program changes that for all who share.
  let own = isPipe ? openAgain(fd) : fd;
  let stream = open(own);
  let triedAt = clock.monotonic();
  /** A named pipe may have a reader again, when the one that went was only restarted. */
  const comeBack = (): void => {
    const now = clock.monotonic();
    if (!isPipe || !stream.destroyed || now < triedAt + COME_BACK_MS) return;
    triedAt = now;
    const again = openAgain(fd);
    if (again === fd) return;
    own = again;
    stream = open(own);
  };
  return {
    ...noFile,
    piece: pipePiece,
    isPipe: true,
    write: (bytes, written) => {
      comeBack();
      if (own === fd) neverBlock(stream);
      stream.write(bytes, (error) =>
        error === undefined || error === null ? written(undefined, bytes.length) : written(error, 0),
      );
    },
    close: () => {
      if (own !== 2) stream.destroy();
    },
  };
}

function writeTo(fd: number, clock: Clock, bytes: Buffer, written: Written): void {
  fsWrite(fd, bytes, 0, bytes.length, null, (error, count) => {
    if (error?.code === 'EAGAIN') clock.after(RETRY_MS, () => writeTo(fd, clock, bytes, written));
    else written(error ?? undefined, count ?? 0);
  });
}

/** Opens once more what a descriptor stands for, without waiting; the descriptor itself where that cannot be done. */
function openAgain(fd: number): number {
  try {
    return openSync(
      `/proc/self/fd/${fd}`,
      constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return fd;
  }
}

/** Standard error, or another open descriptor. */
export function descriptorOut(fd: number, clock: Clock): LogOut {
  const stats = fstatSync(fd);
  if (stats.isFIFO() || stats.isSocket()) return streamOut(fd, stats.isFIFO(), clock);
  const own = stats.isFile() ? fd : openAgain(fd);
  return {
    ...noFile,
    piece: stats.isFile() ? FILE_PIECE : pipePiece,
    isPipe: false,
    write: (bytes, written) => writeTo(own, clock, bytes, written),
    close: () => {
      if (own !== fd) closeSync(own);
    },
  };
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const MODE = 0o640;

/** A file that lines are appended to. */
export class FileOut implements LogOut {
  readonly piece: number;
  readonly isPipe: boolean;
  readonly #path: string;
  readonly #clock: Clock;
  #file: FileHandle | undefined;
  #busy = false;
  /** Replaced, perhaps while they were written to. */
  #old: FileHandle[] = [];

  private constructor(path: string, clock: Clock, file: FileHandle | undefined, stats: Stats | undefined) {
    this.#path = path;
    this.#clock = clock;
    this.#file = file;
    this.isPipe = stats?.isFile() === false;
    this.piece = this.isPipe ? pipePiece : FILE_PIECE;
  }

  /** Rejects with the system's error. */
  static async open(path: string, clock: Clock): Promise<FileOut> {
    const file = await open(path, APPEND, MODE);
    return new FileOut(path, clock, file, await file.stat());
  }

  /** For a file that cannot be opened now: each write tries it again, and fails with `notOpen` until it can. */
  static later(path: string, clock: Clock): FileOut {
    return new FileOut(path, clock, undefined, undefined);
  }

  write(bytes: Buffer, written: Written): void {
    const file = this.#file;
    if (file === undefined) {
      this.reopen().then(
        () => this.write(bytes, written),
        (error: Error) => written(Object.assign(new Error(error.message), { code: notOpen }), 0),
      );
      return;
    }
    this.#busy = true;
    writeTo(file.fd, this.#clock, bytes, (error, count) => {
      this.#busy = false;
      this.#closeOld();
      written(error, count);
    });
  }

  async reopen(): Promise<void> {
    const file = await open(this.#path, APPEND, MODE);
    if (this.#file !== undefined) this.#old.push(this.#file);
    this.#file = file;
    if (!this.#busy) this.#closeOld();
  }

  async endsWithinLine(): Promise<boolean> {
    try {
      const file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const { size } = await file.stat();
        const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
        return size > 0 && bytesRead === 1 && buffer[0] !== 0x0a;
      } finally {
        await file.close();
      }
    } catch {
      return false;
    }
  }

  close(): void {
    void this.#file?.close().catch(() => undefined);
  }

  #closeOld(): void {
    for (const file of this.#old.splice(0)) void file.close().catch(() => undefined);
  }
}
