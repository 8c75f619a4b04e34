// A message of a folder, as the port has it. It keeps what its name said; its file is looked for when it has another name meanwhile.
import { namedFlags } from './change-mails.ts';
import { isMissing, pathOf, READ } from './disk.ts';
import type { FileHead } from './files.ts';
import type { Folder } from './folder.ts';
import type { ViewedMail } from './folder-view.ts';
import type { Keywords } from './keyword-file.ts';
import { arrivalOf, baseOf, sizesOf } from './mail-name.ts';
import type { Mail, MailContent, MailFacts, MailHead, SystemFlag } from './port/mail.ts';
import type { MailOutcome } from './port/outcome.ts';
import { LineEnds } from './put-mail.ts';
import { troubleOf } from './trouble.ts';

const PIECE = 65_536;

export class MailRecord implements Mail {
  readonly seq: number;
  readonly #mail: ViewedMail;
  readonly #keywords: Keywords;
  readonly #folder: Folder;
  readonly #mailbox: string;

  constructor(folder: Folder, mailbox: string, mail: ViewedMail, seq: number, keywords: Keywords) {
    this.#folder = folder;
    this.#mailbox = mailbox;
    this.#mail = mail;
    this.#keywords = keywords;
    this.seq = seq;
  }

  get uid(): number {
    return this.#mail.uid;
  }

  get isRecent(): boolean {
    return this.#mail.isNew;
  }

  get flags(): readonly SystemFlag[] {
    return namedFlags(this.#mail.fileName, this.#keywords).flags;
  }

  get keywords(): readonly string[] {
    return namedFlags(this.#mail.fileName, this.#keywords).keywords;
  }

  get base(): string {
    return baseOf(this.#mail.fileName);
  }

  async head(into: Buffer): Promise<MailOutcome<MailHead>> {
    const { fileName, isNew } = this.#mail;
    const { files } = this.#folder.site.parts;
    try {
      // Most often it is where it was seen.
      const seen = pathOf(`${this.#folder.path}/${isNew ? 'new' : 'cur'}`, fileName);
      const { seconds } = arrivalOf(fileName);
      const { size } = sizesOf(fileName);
      const wantsFacts = size === undefined || seconds === 0;
      let found: FileHead;
      try {
        found = await files.head(seen, into, wantsFacts);
      } catch (error) {
        if (!isMissing(error)) throw error;
        found = await files.head(await this.#path(), into, wantsFacts);
      }
      const arrived = seconds > 0 ? seconds * 1000 : (found.facts?.mtimeMs ?? 0);
      return {
        kind: 'done',
        value: { octets: found.octets, size: size ?? found.facts?.size ?? 0, arrived },
      };
    } catch (error) {
      return troubleOf(error, this.#mailbox);
    }
  }

  async facts(): Promise<MailOutcome<MailFacts>> {
    try {
      const path = await this.#path();
      const facts = await this.#folder.site.parts.files.lstat(path);
      const { size, virtualSize } = sizesOf(this.#mail.fileName);
      if (size !== undefined && virtualSize !== undefined)
        return { kind: 'done', value: { size, virtualSize, internalDate: facts.mtimeMs } };
      const ends = new LineEnds();
      for await (const piece of this.#read()) ends.push(piece);
      return {
        kind: 'done',
        value: { size: ends.size, virtualSize: ends.virtualSize, internalDate: facts.mtimeMs },
      };
    } catch (error) {
      return troubleOf(error, this.#mailbox);
    }
  }

  async open(): Promise<MailOutcome<MailContent>> {
    try {
      await this.#path();
      return { kind: 'done', value: { pieces: undefined, read: () => this.#read() } };
    } catch (error) {
      return troubleOf(error, this.#mailbox);
    }
  }

  async *#read(): AsyncGenerator<Buffer> {
    const file = await this.#folder.site.parts.files.open(await this.#path(), READ);
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

  /** Where its file is now. Rejects with ENOENT when it is gone. */
  async #path(): Promise<string | Buffer> {
    const { files } = this.#folder.site.parts;
    let file: ViewedMail | undefined = this.#mail;
    for (let tries = 0; file !== undefined && tries < 3; tries++) {
      const path = pathOf(`${this.#folder.path}/${file.isNew ? 'new' : 'cur'}`, file.fileName);
      try {
        if ((await files.lstat(path)).isFile()) return path;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      const { mails } = await this.#folder.view();
      file = mails.find(({ uid }) => uid === this.uid);
    }
    throw Object.assign(new Error('the message is gone'), { code: 'ENOENT' });
  }
}
