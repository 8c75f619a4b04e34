// The private keys that policies sign with: PEM text, or a file. A file's key is kept and read again when the file has changed, which is looked
// at once a second; a key that is replaced is used for the next message. Must never open anything but a regular file, nor read more than a
// key can have: it reads at once (`dkim.sign` does not suspend), and a pipe or a device would keep everybody waiting.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { codeOrText } from '../../base/errors.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import { readSigningKey, type SigningKey } from '../../mail-auth/signing-key.ts';

interface Kept {
  readonly key: SigningKey;
  /** What the file was when it was read: size, time of change, inode. */
  readonly state: string;
  lookedAt: number;
}

const lookAgainMs = 1000;
/** Keys kept; a policy that names more files has them read each time. */
const maxKept = 1000;
const maxFileBytes = 65_536;

export class KeyFiles {
  readonly #clock: Clock;
  readonly #placeOf: (path: string) => string;
  readonly #kept = new Map<string, Kept>();

  /** `placeOf`: as Disk has it (ops/system). */
  constructor(clock: Clock, placeOf: (path: string) => string = (path) => path) {
    this.#clock = clock;
    this.#placeOf = placeOf;
  }

  /**
   * `given`: PEM text, or the path of a file with it. `first` is told of a key that was read now. Raises LuaError for a key that cannot be
   * used.
   */
  get(given: string, first: (key: SigningKey) => void): SigningKey {
    const isText = given.includes('-----BEGIN');
    const key = isText ? given : this.#placeOf(given);
    const now = this.#clock.monotonic();
    // The text itself is no name to be kept under, but its key is the same as long as it is.
    const known = this.#kept.get(key);
    if (known !== undefined && (isText || now - known.lookedAt < lookAgainMs)) return known.key;
    const state = isText ? '' : stateOf(key);
    if (known !== undefined && known.state === state) {
      known.lookedAt = now;
      return known.key;
    }
    const read = readSigningKey(isText ? key : contentOf(key));
    if (read.kind === 'unusable') throw new LuaError(`the key ${isText ? '' : `in ${given} `}${read.cause}`);
    if (this.#kept.size < maxKept || known !== undefined)
      this.#kept.set(key, { key: read.key, state, lookedAt: now });
    first(read.key);
    return read.key;
  }
}

function stateOf(path: string): string {
  const { size, mtimeMs, ino } = checked(
    path,
    tried(path, () => statSync(octetsOf(path))),
  );
  return `${size} ${mtimeMs} ${ino}`;
}

function contentOf(path: string): Buffer {
  const file = tried(path, () => openSync(octetsOf(path), constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    // It may be another one by now.
    const { size } = checked(
      path,
      tried(path, () => fstatSync(file)),
    );
    const content = Buffer.alloc(size);
    return content.subarray(
      0,
      tried(path, () => readSync(file, content, 0, size, 0)),
    );
  } finally {
    closeSync(file);
  }
}

/** A path as Lua has it: octets. */
const octetsOf = (path: string): Buffer => Buffer.from(path, 'latin1');

function checked(path: string, stats: Stats): Stats {
  if (!stats.isFile()) throw new LuaError(`the key ${path} cannot be read: it is no file`);
  if (stats.size > maxFileBytes) throw new LuaError(`${path} is too large to be a key`);
  return stats;
}

function tried<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new LuaError(`the key ${path} cannot be read: ${codeOrText(error)}`);
  }
}
