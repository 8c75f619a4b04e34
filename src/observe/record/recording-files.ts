// The files of recorded sessions: `DIRECTORY/2026-11-29/ID.rec`, a directory for each day (UTC). Written behind the sessions, one after the other, under
// another name until they are whole; what comes faster than the disk takes it is lost, and told. Never rejects, never blocks.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { RecordingSink } from './recordings.ts';

/** Octets that wait for the disk. */
export const MOST_WAITING = 32 * 1024 * 1024;

interface Waiting {
  readonly directory: string;
  readonly name: string;
  readonly text: string;
}

export interface RecordingDisk {
  write(directory: string, name: string, text: string): Promise<void>;
}

export const realRecordingDisk: RecordingDisk = {
  async write(directory, name, text) {
    const path = join(directory, name);
    // One for each day.
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      await writeFile(`${path}.part`, text, { mode: 0o600 });
      await rename(`${path}.part`, path);
    } catch (error) {
      await rm(`${path}.part`, { force: true });
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

  write(session: string, began: number, text: string): void {
    if (this.#octets + text.length > MOST_WAITING) {
      this.lost('the disk does not take them as fast as they come');
      return;
    }
    this.#octets += text.length;
    const day = new Date(began).toISOString().slice(0, 10);
    // Ids are letters and digits.
    const name = `${session.replaceAll(/\W/g, '')}.rec`;
    this.#waiting.push({ directory: join(this.#directory, day), name, text });
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
      const { directory, name, text } = next;
      try {
        await this.#disk.write(directory, name, text);
        this.#log.emit('recording-written', { octets: text.length });
        if (this.#lost > 0) this.#tell();
        this.#isLosing = false;
      } catch (error) {
        this.lost(textOf(error));
      }
      this.#octets -= text.length;
    }
    this.#work = undefined;
  }

  /** When nothing waits any more. */
  async drained(): Promise<void> {
    await this.#work;
  }
}
