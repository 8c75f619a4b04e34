// The file of a message in a folder, as the port has it. It keeps what its name said; it is looked for when it has another name meanwhile.
import { codeOf } from '../base/errors.ts';
import { isMissing, pathOf, READ } from './disk.ts';
import type { FileHead } from './files.ts';
import type { Folder } from './folder.ts';
import type { Found } from './folder-view.ts';
import { arrivalOf, isSeen, sizeOf } from './mail-name.ts';
import type { MailFile, MailHead } from './port/mail.ts';
import type { MailOutcome } from './port/outcome.ts';
import { troubleOf } from './trouble.ts';

const TRIES = 4;
const PIECE = 65_536;
/** What lies there is a link, a pipe, a directory or a socket, and no message: a file system may not have said so in its list. */
const NO_FILE = ['ELOOP', 'ESPIPE', 'EISDIR', 'ENXIO'];

export class FoundFile implements MailFile {
  readonly #folder: Folder;
  readonly #mailbox: string;
  readonly #found: Found;

  constructor(folder: Folder, mailbox: string, found: Found) {
    this.#folder = folder;
    this.#mailbox = mailbox;
    this.#found = found;
  }

  get found(): Found {
    return this.#found;
  }

  get base(): string {
    return this.#found.base;
  }

  get isSeen(): boolean {
    return isSeen(this.#found.fileName);
  }

  async head(into: Buffer): Promise<MailOutcome<MailHead>> {
    const { fileName } = this.#found;
    const { files } = this.#folder.site.parts;
    try {
      const { seconds } = arrivalOf(fileName);
      const size = sizeOf(fileName);
      const wantsFacts = size === undefined || seconds === 0;
      let found: FileHead;
      try {
        // Most often it is where it was seen.
        found = await files.head(this.#pathOf(this.#found), into, wantsFacts);
      } catch (error) {
        if (!isMissing(error)) throw error;
        found = await this.#headElsewhere(into, wantsFacts);
      }
      const arrived = seconds > 0 ? seconds * 1000 : (found.facts?.mtimeMs ?? 0);
      return {
        kind: 'done',
        value: { octets: found.octets, size: size ?? found.facts?.size ?? 0, arrived },
      };
    } catch (error) {
      return NO_FILE.includes(codeOf(error))
        ? { kind: 'missing', mailbox: this.#mailbox }
        : troubleOf(error, this.#mailbox);
    }
  }

  async #headElsewhere(into: Buffer, wantsFacts: boolean): Promise<FileHead> {
    const { files } = this.#folder.site.parts;
    const { base, isNew } = this.#found;
    if (isNew) {
      // A mail reader that opens the mailbox gives all that are new this name: not for each of them is the folder to be read.
      const taken = this.#pathOf({ base, fileName: `${base}:2,`, isNew: false });
      try {
        return await files.head(taken, into, wantsFacts);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    return files.head(await this.path(), into, wantsFacts);
  }

  /** Where it is now. Rejects with ENOENT when it is gone. */
  async path(): Promise<string | Buffer> {
    const { files } = this.#folder.site.parts;
    let found: Found | undefined = this.#found;
    for (let tries = 0; found !== undefined && tries < TRIES; tries++) {
      const path = this.#pathOf(found);
      try {
        if ((await files.lstat(path)).isFile()) return path;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      found = await this.#folder.moved.find(found);
    }
    throw Object.assign(new Error('the message is gone'), { code: 'ENOENT' });
  }

  async *read(): AsyncGenerator<Buffer> {
    const file = await this.#folder.site.parts.files.open(await this.path(), READ);
    try {
      for (let at = 0; ; ) {
        this.#folder.signal.throwIfAborted();
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  #pathOf({ fileName, isNew }: Found): string | Buffer {
    return pathOf(`${this.#folder.path}/${isNew ? 'new' : 'cur'}`, fileName);
  }
}
