// Reads a file of `map.open`, in the background and in steps. A regular file only: a pipe or a device might never end.
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { codeOf, codeOrText } from '../../base/errors.ts';
import { type MapContent, type MapKind, mapLimits, readContent } from './content.ts';

/** What a file was when it was looked at: another text when it has changed. */
export type FileState = string;

export type FileRead =
  | { readonly kind: 'content'; readonly state: FileState; readonly content: MapContent }
  /** `message` has the path, and the line where there is one. */
  | { readonly kind: 'failed'; readonly state: FileState; readonly message: string };

/** Others are kept waiting for so long at most, ms. */
const sliceMs = 2;
const pieceBytes = 1 << 20;

/** A path as Lua has it: octets. */
const octetsOf = (path: string): Buffer => Buffer.from(path, 'latin1');

interface Looked {
  readonly state: FileState;
  readonly size: number;
  /** Why it cannot be read. */
  readonly cause: string | undefined;
}

function lookedAt(stats: {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
  isFile(): boolean;
}): Looked {
  const { size, mtimeNs, ctimeNs, ino } = stats;
  const cause = !stats.isFile()
    ? 'it is no file'
    : size > mapLimits.bytes
      ? `it has ${size} octets; ${mapLimits.bytes} are taken`
      : undefined;
  return { state: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, size: Number(size), cause };
}

function words(error: unknown): string {
  if (codeOf(error) === 'ENOENT') return 'there is no such file';
  if (codeOf(error) === 'EACCES') return 'no right to read it';
  if (codeOf(error) === 'ERR_INVALID_ARG_VALUE') return 'there is a NUL in its name';
  return codeOrText(error);
}

/** What a file is now; one that cannot be looked at has its error for a state. */
export async function stateOf(path: string): Promise<FileState> {
  try {
    return lookedAt(await stat(octetsOf(path), { bigint: true })).state;
  } catch (error) {
    return codeOrText(error);
  }
}

async function allOf(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, size - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Reads it all, from where it lies; messages name it by `path`. Never rejects. */
export async function readMapFile(path: string, kind: MapKind, place = path): Promise<FileRead> {
  let file: FileHandle | undefined;
  let state = '';
  const failed = (cause: string): FileRead => ({ kind: 'failed', state, message: `${path}: ${cause}` });
  try {
    file = await open(octetsOf(place), constants.O_RDONLY | constants.O_NONBLOCK);
    const looked = lookedAt(await file.stat({ bigint: true }));
    state = looked.state;
    if (looked.cause !== undefined) return failed(looked.cause);
    const bytes = await allOf(file, looked.size);
    if (lookedAt(await file.stat({ bigint: true })).state !== state) {
      // Somebody writes to it: what was read is neither the old content nor the new one.
      state = '';
      return failed('it changed while it was read; a list is replaced by renaming a finished file');
    }
    const steps = readContent(bytes, kind);
    let until = performance.now() + sliceMs;
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) {
        const { value } = step;
        if (value.kind === 'content') return { kind: 'content', state, content: value.content };
        return { kind: 'failed', state, message: `${path}:${value.line}: ${value.cause}` };
      }
      if (performance.now() < until) continue;
      await turn();
      until = performance.now() + sliceMs;
    }
  } catch (error) {
    state = codeOrText(error);
    return failed(`it cannot be read: ${words(error)}`);
  } finally {
    await file?.close();
  }
}
