// Option reload-watch: notices that a file of the policy, or a certificate, has changed, whatever way an editor or a deployment replaces it, by looking at
// each once a second.
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { RevisionFile } from '../policy/current-policy.ts';

const INTERVAL_MS = 1000;

export class ScriptWatch {
  readonly #files: () => readonly RevisionFile[];
  readonly #changed: () => void;
  /** What each file looked like; undefined: it was not there. */
  #seen = new Map<string, string | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `files` gives what to watch now; `changed` is called when one of them is not what was read, but not while there is none. */
  constructor(files: () => readonly RevisionFile[], changed: () => void) {
    this.#files = files;
    this.#changed = changed;
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), INTERVAL_MS).unref();
  }

  async #look(): Promise<void> {
    const seen = new Map<string, string | undefined>();
    let changed = false;
    for (const file of this.#files()) {
      const now = await stat(file.path).then(looks, () => undefined);
      const isKnown = this.#seen.has(file.path);
      const differs = isKnown ? now !== this.#seen.get(file.path) : await isOther(file);
      changed ||= differs && now !== undefined;
      // While there is no file, what comes must differ from what was there.
      seen.set(file.path, now ?? this.#seen.get(file.path));
    }
    this.#seen = seen;
    if (changed && !this.#stopped) this.#changed();
    this.#wait();
  }
}

function looks({ mtimeMs, ino, size }: Stats): string {
  return `${mtimeMs} ${ino} ${size}`;
}

/** Whether the file has changed since it was read, which may be before it was first looked at. */
async function isOther({ path, text }: RevisionFile): Promise<boolean> {
  return readFile(path).then(
    (bytes) => bytes.toString('latin1') !== text,
    () => false,
  );
}
