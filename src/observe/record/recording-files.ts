// The files of recorded sessions: `DIRECTORY/2026-11-29/ID.rec`, a directory for each day (UTC). Written behind the sessions, one after the other, under
// another name until they are whole; what comes faster than the disk takes it is lost, and told. Never rejects, never blocks.
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOrText, textOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { RecordedSession, RecordingSink } from './recordings.ts';

/** Octets that wait for the disk. */
export const MOST_WAITING = 32 * 1024 * 1024;

/** Octets that are written at once: so many are made without others having their turn. */
const CHUNK = 128 * 1024;

interface Waiting {
  readonly directory: string;
  readonly name: string;
  readonly recorded: RecordedSession;
}

export interface RecordingDisk {
  /** Resolves with the octets of the file. */
  write(directory: string, name: string, lines: Iterable<string>): Promise<number>;
}

/** A new file; its directory, one for each day, is made with the first. */
async function openNew(directory: string, name: string): Promise<FileHandle> {
  const path = join(directory, name);
  try {
    return await open(path, 'w', 0o600);
  } catch (error) {
    if (codeOrText(error) !== 'ENOENT') throw error;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return open(path, 'w', 0o600);
  }
}

async function writeLines(file: FileHandle, lines: Iterable<string>): Promise<number> {
  try {
    let octets = 0;
    let chunk = '';
    for (const line of lines) {
      chunk += line;
      if (chunk.length < CHUNK) continue;
      octets += (await file.write(chunk)).bytesWritten;
      chunk = '';
    }
    return octets + (chunk === '' ? 0 : (await file.write(chunk)).bytesWritten);
  } finally {
    await file.close();
  }
}

export const realRecordingDisk: RecordingDisk = {
  async write(directory, name, lines) {
    const part = join(directory, `${name}.part`);
    try {
      const octets = await writeLines(await openNew(directory, `${name}.part`), lines);
      await rename(part, join(directory, name));
      return octets;
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      throw error;
    }
  },
};

export class RecordingFiles implements RecordingSink {
  readonly #directory: string;
  readonly #log: Log;
  readonly #disk: RecordingDisk;
  readonly #waiting: Waiting[] = [];
  #octets = 0;
  #work: Promise<void> | undefined;
  /** Lost since that was told last. */
  #lost = 0;
  #cause = '';
  #isLosing = false;

  constructor(directory: string, log: Log, disk: RecordingDisk = realRecordingDisk) {
    this.#directory = directory;
    this.#log = log;
    this.#disk = disk;
  }

  write(recorded: RecordedSession): void {
    const { began, octets, session } = recorded;
    if (this.#octets + octets > MOST_WAITING) {
      this.lost('the disk does not take them as fast as they come');
      return;
    }
    this.#octets += octets;
    const day = new Date(began).toISOString().slice(0, 10);
    // Ids are letters and digits.
    const name = `${session.replaceAll(/\W/g, '')}.rec`;
    this.#waiting.push({ directory: join(this.#directory, day), name, recorded });
    this.#work ??= this.#writeAll();
  }

  /** Told at once when it begins, and with the number when one could be written again. */
  lost(cause: string): void {
    this.#lost += 1;
    this.#cause = cause;
    if (this.#isLosing) return;
    this.#isLosing = true;
    this.#tell();
  }

  #tell(): void {
    this.#log.emit('recordings-lost', { count: this.#lost, cause: this.#cause });
    this.#lost = 0;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { directory, name, recorded } = next;
      try {
        const octets = await this.#disk.write(directory, name, recorded.lines);
        this.#log.emit('recording-written', { octets });
        if (this.#lost > 0) this.#tell();
        this.#isLosing = false;
      } catch (error) {
        this.lost(textOf(error));
      }
      this.#octets -= recorded.octets;
    }
    this.#work = undefined;
  }

  /** When nothing waits any more. */
  async drained(): Promise<void> {
    await this.#work;
  }
}
