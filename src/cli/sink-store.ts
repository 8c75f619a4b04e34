// Where `smtpe sink` keeps what it took: a file for each message, and one line of JSON for each in `index`. Another process reads it (sink --list).
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

/** A message that was taken. */
export interface SinkEntry {
  readonly n: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly client: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly bytes: number;
  readonly subject: string;
  /** In the directory. */
  readonly file: string;
}

const INDEX = 'index';
/** As `begin` names files: what is removed and shown lies in the directory. */
const FILE = /^\d{6,}\.eml$/;

function isEntry(value: unknown): value is SinkEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { bytes, client, file, from, n, subject, time, to } = value as Partial<Record<string, unknown>>;
  return (
    [n, bytes].every((one) => typeof one === 'number') &&
    [client, from, subject, time, ...(Array.isArray(to) ? to : [to])].every(
      (one) => typeof one === 'string',
    ) &&
    Array.isArray(to) &&
    typeof file === 'string' &&
    FILE.test(file)
  );
}

/** What a directory holds, the oldest first; empty when there is none. A line that is cut off, or none that a sink writes, is left out. */
export async function readEntries(directory: string): Promise<readonly SinkEntry[]> {
  const text = await readFile(join(directory, INDEX), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return isEntry(entry) ? [entry] : [];
    } catch {
      return [];
    }
  });
}

export class SinkStore {
  readonly directory: string;
  readonly #keep: number;
  #entries: SinkEntry[];
  #last: number;
  /** One change of the index after the other. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(directory: string, keep: number, entries: readonly SinkEntry[]) {
    this.directory = directory;
    this.#keep = keep;
    this.#entries = [...entries];
    this.#last = entries.at(-1)?.n ?? 0;
  }

  /** Goes on behind what is there. Rejects with the file system's error. */
  static async open(directory: string, keep: number): Promise<SinkStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new SinkStore(directory, keep, await readEntries(directory));
  }

  /** A file for the next message, to be given to `take` or `drop`. */
  begin(): { readonly n: number; readonly file: string; readonly stream: Writable } {
    this.#last += 1;
    const file = `${String(this.#last).padStart(6, '0')}.eml`;
    const stream = createWriteStream(join(this.directory, file), { mode: 0o600 });
    return { n: this.#last, file, stream };
  }

  /** It is whole, and its file closed. Rejects with the file system's error: then nobody has it. */
  take(entry: SinkEntry): Promise<void> {
    const done = this.#writing.then(async () => {
      this.#entries.push(entry);
      if (this.#entries.length <= this.#keep) {
        await appendFile(join(this.directory, INDEX), `${JSON.stringify(entry)}\n`);
        return;
      }
      const gone = this.#entries.splice(0, this.#entries.length - this.#keep);
      const text = this.#entries.map((one) => `${JSON.stringify(one)}\n`).join('');
      await writeFile(join(this.directory, `${INDEX}.new`), text);
      await rename(join(this.directory, `${INDEX}.new`), join(this.directory, INDEX));
      for (const { file } of gone) await rm(join(this.directory, file), { force: true });
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async drop(file: string): Promise<void> {
    await rm(join(this.directory, file), { force: true });
  }
}
