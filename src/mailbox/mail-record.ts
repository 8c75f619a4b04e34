// A message of a folder, as the port has it: its file, and what was known of it when the folder was read.
import { namedFlags } from './change-mails.ts';
import type { Folder } from './folder.ts';
import type { ViewedMail } from './folder-view.ts';
import type { Keywords } from './keyword-file.ts';
import { FoundFile } from './mail-file.ts';
import { sizesOf } from './mail-name.ts';
import type { Mail, MailContent, MailFacts, MailHead, SystemFlag } from './port/mail.ts';
import type { MailOutcome } from './port/outcome.ts';
import { LineEnds } from './put-mail.ts';
import { troubleOf } from './trouble.ts';

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

  get isSeen(): boolean {
    return this.#file.isSeen;
  }

  get flags(): readonly SystemFlag[] {
    return namedFlags(this.#mail.fileName, this.#keywords).flags;
  }

  get keywords(): readonly string[] {
    return namedFlags(this.#mail.fileName, this.#keywords).keywords;
  }

  get base(): string {
    return this.#mail.base;
  }

  /** Made when it is asked for: most messages of a folder are only counted. */
  get #file(): FoundFile {
    return new FoundFile(this.#folder, this.#mailbox, this.#mail);
  }

  head(into: Buffer): Promise<MailOutcome<MailHead>> {
    return this.#file.head(into);
  }

  async facts(): Promise<MailOutcome<MailFacts>> {
    try {
      const path = await this.#file.path();
      const facts = await this.#folder.site.parts.files.lstat(path);
      const { size, virtualSize } = sizesOf(this.#mail.fileName);
      if (size !== undefined && virtualSize !== undefined)
        return { kind: 'done', value: { size, virtualSize, internalDate: facts.mtimeMs } };
      const ends = new LineEnds();
      for await (const piece of this.#file.read()) ends.push(piece);
      return {
        kind: 'done',
        value: { size: ends.size, virtualSize: ends.virtualSize, internalDate: facts.mtimeMs },
      };
    } catch (error) {
      return troubleOf(error, this.#mailbox);
    }
  }

  async open(): Promise<MailOutcome<MailContent>> {
    const file = this.#file;
    try {
      await file.path();
      return { kind: 'done', value: { pieces: undefined, read: () => file.read() } };
    } catch (error) {
      return troubleOf(error, this.#mailbox);
    }
  }
}
