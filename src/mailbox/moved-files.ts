// Where messages of a folder are that are not where they were seen. A mail reader moves thousands at once: the folder is read once for all of them, and
// again for one only when what was read has it where it is not.
import { type Found, scanFolder } from './folder-view.ts';
import type { MailboxParts } from './parts.ts';

type Scan = ReadonlyMap<string, Found>;

export class MovedFiles {
  readonly #parts: MailboxParts;
  readonly #folder: string;
  /** What was found last. */
  #seen: Scan | undefined;
  #scan: Promise<Scan> | undefined;

  constructor(parts: MailboxParts, folder: string) {
    this.#parts = parts;
    this.#folder = folder;
  }

  /** Where it is now that is not at `from` any more; undefined: it is gone. Rejects when the folder cannot be read. */
  async find(from: Found): Promise<Found | undefined> {
    // A scan that has begun before may not have met it.
    const known = elsewhere(this.#seen, from) ?? elsewhere(await this.#scan, from);
    if (known !== undefined) return known;
    this.#scan ??= this.#look();
    return (await this.#scan).get(from.base);
  }

  async #look(): Promise<Scan> {
    try {
      this.#seen = await scanFolder(this.#parts, this.#folder);
      return this.#seen;
    } finally {
      this.#scan = undefined;
    }
  }
}

function elsewhere(scan: Scan | undefined, { base, fileName, isNew }: Found): Found | undefined {
  const found = scan?.get(base);
  return found?.fileName === fileName && found.isNew === isNew ? undefined : found;
}
