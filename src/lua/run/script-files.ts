// The Lua files of one revision of a policy: what require, dofile and loadfile read. Each is read once, when it is first asked for, and
// is from then on what it was: a file that is changed, half written or removed meanwhile changes nothing, until a reload makes a new
// revision. What was looked for and not found stays not found. Names no place and knows no search path; that is lib-lua/runtime/chunks.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Anchor } from '../state/references.ts';
import { type Chunks, type Compiled, withoutFirstLineComment } from './chunks.ts';

/** A file as it was read: `path` absolute, both latin1 (one character a byte). */
export interface ScriptText {
  readonly path: string;
  readonly text: string;
}

/** What was found, and not found, on the disk for a revision; can be sent to another process. */
export interface ScriptTexts {
  readonly files: readonly ScriptText[];
  /** Paths at which there was no file. */
  readonly missing: readonly string[];
}

export const noScriptTexts: ScriptTexts = { files: [], missing: [] };

/** A revision remembers so much, which is more than any policy is; what comes on top is read anew each time. */
const revisionLimits = { files: 2000, bytes: 64 << 20, missing: 20_000 } as const;

interface Kept {
  readonly text: string;
  compiled: Compiled | undefined;
}

export interface ScriptFilesSettings {
  /** The initial package.path. */
  readonly packagePath: string;
  /** What another process has read for the same revision. */
  readonly texts: ScriptTexts;
  /** The longest file that is loaded. */
  readonly maxBytes: () => number;
}

export class ScriptFiles {
  readonly packagePath: string;
  readonly #chunks: Chunks;
  readonly #log: Log;
  readonly #maxBytes: () => number;
  readonly #files = new Map<string, Kept>();
  readonly #missing: Set<string>;
  /** Files that the policy itself writes: data, read anew each time. */
  readonly #data = new Set<string>();
  #bytes = 0;
  #overflown = false;

  constructor(chunks: Chunks, log: Log, settings: ScriptFilesSettings) {
    this.#chunks = chunks;
    this.#log = log;
    this.packagePath = settings.packagePath;
    this.#maxBytes = settings.maxBytes;
    this.#missing = new Set(settings.texts.missing);
    for (const { path, text } of settings.texts.files) this.#keep(path, text);
  }

  /** Whether there is, or was, a file at `path` (as a policy wrote it). */
  has(path: string): boolean {
    const key = absolutePath(path);
    if (this.#files.has(key)) return true;
    if (this.#missing.has(key)) return false;
    try {
      return statSync(bytesOf(key)).isFile();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#miss(key);
      return false;
    }
  }

  /** The text of a file that was read. */
  textOf(path: string): string | undefined {
    return this.#files.get(absolutePath(path))?.text;
  }

  /** Reads and compiles a file; the message when that is not possible. */
  check(path: string): string | undefined {
    return this.load(path, () => undefined);
  }

  /** Pushes the factory of a file with `push`, or gives the message. Messages have the path as the policy wrote it. */
  load(path: string, push: (factory: Anchor) => void): string | undefined {
    const key = absolutePath(path);
    const kept = this.#files.get(key) ?? this.#read(key, path);
    if (typeof kept === 'string') return kept;
    kept.compiled ??= this.#chunks.compile(withoutFirstLineComment(kept.text), `@${path}`, this.#maxBytes());
    const { compiled } = kept;
    if (compiled.kind === 'failed') return compiled.message;
    push(compiled.factory);
    if (this.#files.get(key) !== kept) compiled.factory.release();
    return undefined;
  }

  /** The policy writes to `path`, renames it or removes it: it is data of the policy and not part of it. */
  isData(path: string): void {
    const key = absolutePath(path);
    if (this.#data.has(key)) return;
    if (this.#data.size >= revisionLimits.missing) this.#data.clear();
    this.#data.add(key);
    this.#missing.delete(key);
    const kept = this.#files.get(key);
    if (kept === undefined) return;
    this.#files.delete(key);
    this.#bytes -= kept.text.length;
    if (kept.compiled?.kind === 'compiled') kept.compiled.factory.release();
  }

  /** All that was read so far. */
  texts(): ScriptTexts {
    return {
      files: [...this.#files].map(([path, { text }]) => ({ path, text })),
      missing: [...this.#missing],
    };
  }

  /** How many files were read so far. */
  get count(): number {
    return this.#files.size;
  }

  /** The files read so far; their paths as text, to be looked at again. */
  found(): readonly ScriptText[] {
    return [...this.#files].map(([path, { text }]) => ({ path: textOfPath(path), text }));
  }

  /** The first of those that were not found. */
  notFound(): readonly { readonly path: string; readonly text: undefined }[] {
    return [...this.#missing].slice(0, 100).map((path) => ({ path: textOfPath(path), text: undefined }));
  }

  /** Gives up what was compiled: no more connections will use it. */
  release(): void {
    for (const { compiled } of this.#files.values())
      if (compiled?.kind === 'compiled') compiled.factory.release();
    this.#files.clear();
  }

  #read(key: string, path: string): Kept | string {
    if (this.#missing.has(key)) return `cannot open ${path}: No such file or directory`;
    try {
      const stat = statSync(bytesOf(key));
      if (stat.isDirectory()) return `cannot read ${path}: Is a directory`;
      // Reading a FIFO or a device may never end.
      if (!stat.isFile()) return `cannot read ${path}: Not a regular file`;
      const maxBytes = this.#maxBytes();
      if (stat.size > maxBytes)
        return `cannot load ${path}: it has ${stat.size} bytes; ${maxBytes} are allowed (lua-max-source)`;
      return this.#keep(key, readFileSync(bytesOf(key)).toString('latin1'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#miss(key);
      return `cannot open ${path}: ${errorText(error)}`;
    }
  }

  #keep(path: string, text: string): Kept {
    const kept = { text, compiled: undefined };
    if (this.#data.has(path)) return kept;
    if (this.#files.size >= revisionLimits.files || this.#bytes + text.length > revisionLimits.bytes) {
      if (!this.#overflown) {
        const limits = `${revisionLimits.files} files, ${revisionLimits.bytes >> 20} MiB`;
        this.#log.emit('revision-full', { limits, file: textOfPath(path) });
      }
      this.#overflown = true;
      return kept;
    }
    this.#bytes += text.length;
    this.#files.set(path, kept);
    return kept;
  }

  #miss(path: string): void {
    if (this.#missing.size < revisionLimits.missing && !this.#data.has(path)) this.#missing.add(path);
  }
}

/** Of a path as Lua has it. */
export function absolutePath(path: string): string {
  return path.startsWith('/') ? resolve(path) : resolve(latin1Of(process.cwd()), path);
}

/** A path or other text of ours as Lua has it: its UTF-8 octets, a character each. */
export function latin1Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOfPath(path: string): string {
  return bytesOf(path).toString('utf8');
}

/** Paths are latin1 text of any bytes. */
function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** `No such file or directory` of `ENOENT: no such file or directory, open '...'`. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = /^[A-Z0-9]+: ([^,]*)/.exec(error.message)?.[1];
  return text === undefined ? error.message : text.charAt(0).toUpperCase() + text.slice(1);
}
