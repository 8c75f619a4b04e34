// Files for Lua's C library: the imports by which it opens, reads and writes go to the disk of ops/system, byte for byte. Descriptors are
// our own numbers, never used twice, so that a handle that outlives its connection cannot touch a stranger's file.
import { constants } from 'node:fs';
import type { Disk } from '../../ops/system.ts';
import type { WasmImports } from '../state/wasm.ts';
import type { LuaApi, Pointer } from '../state/wasm-api.ts';
import { wasiErrno } from './errno.ts';

interface OpenFile {
  readonly fd: number;
  readonly owner: object | undefined;
  readonly append: boolean;
  /** Regular files have a position of their own; pipes and devices do not. */
  readonly seekable: boolean;
  position: number;
}

const errno = {
  badDescriptor: 8,
  interrupted: 27,
  invalid: 28,
  tooManyFiles: 33,
  notTerminal: 59,
  notSeekable: 70,
} as const;
/** How many reads of the C library's buffer go by before the clock is looked at. */
const readsPerLook = 64;
/** A FIFO or device without anything to give or take answers EAGAIN; nothing may wait here. */
const nonBlocking = constants.O_NONBLOCK;
/** O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC, O_APPEND; the numbers are those of Linux on both sides. */
const passedFlags = 0o3 | 0o100 | 0o200 | 0o1000 | 0o2000;
const accessMode = 0o3;
const appendFlag = 0o2000;
const removeDirectory = 0x200;
const firstDescriptor = 3;

export interface FileAccess {
  /** Called before a path is opened, renamed, removed or looked at. */
  onPath(path: string): void;
  /** Called before a path is written to, renamed (either name) or removed. */
  onChange(path: string): void;
  /** Whose file it is that is being opened. */
  owner(): object | undefined;
  /** How many files one owner may have open. */
  limit(): number;
  /** Whether what is running has used up its processor time. */
  exhausted(): boolean;
}

export class RealFiles {
  readonly #api: () => LuaApi;
  readonly #access: FileAccess;
  readonly #disk: Disk;
  readonly #open = new Map<number, OpenFile>();
  readonly #counts = new Map<object, number>();
  #next = firstDescriptor;
  #reads = 0;
  /** Why the last file was not opened, when the number of the error does not say it. */
  problem: string | undefined;

  constructor(api: () => LuaApi, access: FileAccess, disk: Disk) {
    this.#api = api;
    this.#access = access;
    this.#disk = disk;
  }

  /** Open files, of one owner or of all. */
  count(owner?: object): number {
    return owner === undefined ? this.#open.size : (this.#counts.get(owner) ?? 0);
  }

  #forget(descriptor: number, { owner }: OpenFile): void {
    this.#open.delete(descriptor);
    if (owner === undefined) return;
    const left = this.count(owner) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }

  /** Closes what an owner left open. Its handles are dead from now on. */
  closeAll(owner: object): void {
    for (const [descriptor, file] of this.#open) {
      if (file.owner !== owner) continue;
      this.#forget(descriptor, file);
      try {
        this.#disk.close(file.fd);
      } catch {
        // A file system that reports a late write error: the policy that did not close the file does not want to know.
      }
    }
  }

  /** Replaces the imports. */
  adapt(imports: WasmImports): void {
    const { env, wasi_snapshot_preview1: wasi } = imports;
    const disk = this.#disk;
    if (env === undefined || wasi === undefined) throw new Error('Lua: unknown imports');
    env.__syscall_openat = (_dir: number, path: Pointer, flags: number, rest: Pointer) =>
      this.#try(() => {
        const writes = (flags & accessMode) !== 0;
        return this.#openAt(writes ? this.#changing(path) : this.#path(path), flags, this.#word(rest));
      });
    env.__syscall_unlinkat = (_dir: number, path: Pointer, flags: number) =>
      this.#try(() => {
        if (flags & removeDirectory) disk.removeDirectory(this.#changing(path));
        else disk.remove(this.#changing(path));
      });
    env.__syscall_rmdir = (path: Pointer) => this.#try(() => disk.removeDirectory(this.#path(path)));
    env.__syscall_renameat = (_old: number, from: Pointer, _new: number, to: Pointer) =>
      this.#try(() => disk.rename(this.#changing(from), this.#changing(to)));
    env.__syscall_readlinkat = (_dir: number, path: Pointer, buffer: Pointer, size: number) =>
      this.#try(() => {
        const target = disk.readLink(this.#path(path)).subarray(0, size);
        this.#bytes().set(target, buffer);
        return target.length;
      });
    env.__syscall_ioctl = () => -errno.notTerminal;
    env.__syscall_fcntl64 = () => 0;
    env.__syscall_dup3 = () => -errno.badDescriptor;
    env.system = () => -1;
    wasi.fd_read = (descriptor: number, vectors: Pointer, count: number, total: Pointer) =>
      this.#transfer(vectors, count, total, (at, length) => this.#read(descriptor, at, length));
    wasi.fd_write = (descriptor: number, vectors: Pointer, count: number, total: Pointer) =>
      this.#transfer(vectors, count, total, (at, length) => this.#write(descriptor, at, length));
    wasi.fd_seek = (descriptor: number, offset: bigint, whence: number, result: Pointer) =>
      this.#seek(descriptor, Number(offset), whence, result);
    wasi.fd_close = (descriptor: number) => this.#close(descriptor);
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#api().memory.buffer);
  }

  #word(at: Pointer): number {
    return new DataView(this.#api().memory.buffer).getUint32(at, true);
  }

  #path(at: Pointer): Buffer {
    const bytes = Buffer.from(this.#api().memory.buffer);
    const path = Buffer.from(bytes.subarray(at, bytes.indexOf(0, at)));
    this.#access.onPath(path.toString('latin1'));
    return path;
  }

  #changing(at: Pointer): Buffer {
    const path = this.#path(at);
    this.#access.onChange(path.toString('latin1'));
    return path;
  }

  /** The result of a system call: a number, or a negative error number. */
  #try(call: () => unknown): number {
    try {
      const result = call();
      return typeof result === 'number' ? result : 0;
    } catch (error) {
      return -wasiErrno(error);
    }
  }

  #openAt(path: Buffer, flags: number, mode: number): number {
    this.problem = undefined;
    const owner = this.#access.owner();
    const limit = this.#access.limit();
    if (owner !== undefined && this.count(owner) >= limit) {
      this.problem = `too many open files: a connection may have ${limit} (lua-max-files)`;
      return -errno.tooManyFiles;
    }
    const fd = this.#disk.open(path, (flags & passedFlags) | nonBlocking, mode);
    const descriptor = this.#next++;
    if (owner !== undefined) this.#counts.set(owner, this.count(owner) + 1);
    this.#open.set(descriptor, {
      fd,
      owner,
      append: (flags & appendFlag) !== 0,
      seekable: this.#disk.status(fd).isFile(),
      position: 0,
    });
    return descriptor;
  }

  /** Reads or writes each of the buffers that the C library lists, until one is not filled or taken. */
  #transfer(
    vectors: Pointer,
    count: number,
    total: Pointer,
    move: (at: Pointer, length: number) => number,
  ): number {
    try {
      let moved = 0;
      for (let i = 0; i < count; i++) {
        const length = this.#word(vectors + 8 * i + 4);
        if (length === 0) continue;
        const done = move(this.#word(vectors + 8 * i), length);
        moved += done;
        if (done < length) break;
      }
      new DataView(this.#api().memory.buffer).setUint32(total, moved, true);
      return 0;
    } catch (error) {
      if (error instanceof Interrupted) return errno.interrupted;
      return error instanceof BadDescriptor ? errno.badDescriptor : wasiErrno(error);
    }
  }

  #file(descriptor: number): OpenFile {
    const file = this.#open.get(descriptor);
    if (file === undefined) throw new BadDescriptor();
    return file;
  }

  #read(descriptor: number, at: Pointer, length: number): number {
    // Standard input is the client's in test mode and nobody's in a daemon: for Lua it is at its end.
    if (descriptor === 0) return 0;
    const file = this.#file(descriptor);
    // The C library goes on for as long as it is given something (/dev/zero). Lua then stops at its next instructions.
    this.#reads += 1;
    if (this.#reads % readsPerLook === 0 && this.#access.exhausted()) throw new Interrupted();
    const done = this.#disk.read(file.fd, this.#bytes(), at, length, file.seekable ? file.position : null);
    file.position += done;
    return done;
  }

  #write(descriptor: number, at: Pointer, length: number): number {
    if (descriptor === 1 || descriptor === 2)
      return writeAll(this.#disk, descriptor, this.#bytes().subarray(at, at + length));
    const file = this.#file(descriptor);
    const position = file.seekable && !file.append ? file.position : null;
    const done = this.#disk.write(file.fd, this.#bytes(), at, length, position);
    file.position = file.append && file.seekable ? this.#disk.status(file.fd).size : file.position + done;
    return done;
  }

  #seek(descriptor: number, offset: number, whence: number, result: Pointer): number {
    const file = this.#open.get(descriptor);
    if (file === undefined) return descriptor < firstDescriptor ? errno.notSeekable : errno.badDescriptor;
    if (!file.seekable) return errno.notSeekable;
    const base = whence === 0 ? 0 : whence === 1 ? file.position : this.#disk.status(file.fd).size;
    if (base + offset < 0) return errno.invalid;
    file.position = base + offset;
    new DataView(this.#api().memory.buffer).setBigUint64(result, BigInt(file.position), true);
    return 0;
  }

  #close(descriptor: number): number {
    const file = this.#open.get(descriptor);
    if (file === undefined) return descriptor < firstDescriptor ? 0 : errno.badDescriptor;
    this.#forget(descriptor, file);
    try {
      this.#disk.close(file.fd);
      return 0;
    } catch (error) {
      return wasiErrno(error);
    }
  }
}

class BadDescriptor extends Error {}
class Interrupted extends Error {}

/** Standard output and error. A reader that is slow or gone must not stop the engine: what it does not take is lost. */
function writeAll(disk: Disk, fd: number, bytes: Uint8Array): number {
  let done = 0;
  try {
    while (done < bytes.length) done += disk.write(fd, bytes, done, bytes.length - done, null);
  } catch {
    // EAGAIN or EPIPE
  }
  return bytes.length;
}
