// The mail of users in a case (module `storage`): real mailboxes, in a directory that goes with the case, for those of whom its test says that they
// are there.
//
// It must never look at a mailbox of this machine, nor say anything about somebody of whom the test says nothing: that fails the case.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { troubledMailUser } from '../mailbox/closed-mail.ts';
import { readFolderName } from '../mailbox/folder-name.ts';
import { createMailUsers } from '../mailbox/maildir-user.ts';
import { ofThisProcess } from '../mailbox/parts.ts';
import type { Mail } from '../mailbox/port/mail.ts';
import type { MailUser, MailUserIdentity, MailUserParts, MailUsers } from '../mailbox/port/mail-user.ts';
import type { MailboxListener } from '../mailbox/port/mailbox-event.ts';
import type { MailOutcome } from '../mailbox/port/outcome.ts';
import type { Fakes } from './fakes.ts';
import { quoted } from './lua-text.ts';
import type { CaseRecord } from './record.ts';

export interface CaseMailParts {
  readonly fakes: Fakes;
  readonly record: CaseRecord;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** An existing directory, in which one for the mail is made when there is the first. */
  readonly scratch: string;
}

export interface StoredMail {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly data: Buffer;
}

const HOST_NAME = 'mx.example.org';

export class CaseMail implements MailUsers {
  readonly #parts: CaseMailParts;
  readonly #users: MailUsers;
  #directory: string | undefined;
  /** Whose mailboxes have been made. */
  readonly #made = new Set<string>();

  constructor(parts: CaseMailParts) {
    const { clock, random } = parts;
    this.#parts = parts;
    // Nothing is given to anybody else, and no other process has a lock.
    const own = { machine: 'smtpe-test', isRoot: () => false, isAlive: () => false };
    this.#users = createMailUsers({ ...ofThisProcess(), ...own, clock, random, hostName: HOST_NAME });
  }

  user(identity: MailUserIdentity, parts: MailUserParts): MailUser {
    const { fakes, record } = this.#parts;
    const fake = fakes.storage.find(identity.name) ?? fakes.storage.usual;
    switch (fake?.kind) {
      case undefined:
        record.missing(`the mail of ${identity.name}`, `t.storage { [${quoted(identity.name)}] = {} }`);
        return troubledMailUser(identity, (mailbox) => ({
          kind: 'failed',
          mailbox,
          why: 'no fake answers it',
        }));
      case 'missing':
        return troubledMailUser(identity, (mailbox) => ({ kind: 'missing', mailbox }));
      case 'refuses':
        return troubledMailUser(identity, (mailbox) => ({ kind: 'refused', mailbox, why: fake.why }));
      case 'there': {
        const path = this.#place(identity.path);
        this.#make(path, fake.mailboxes, identity.separator ?? '/');
        const { listener, signal } = parts;
        return this.#users.user({ ...identity, path }, { signal, listener: this.#told(listener) });
      }
    }
  }

  /** What lies in a mailbox now. */
  async stored(identity: MailUserIdentity, mailbox: string): Promise<MailOutcome<readonly StoredMail[]>> {
    const { signal } = new AbortController();
    const mails = await this.user(identity, { signal }).mailbox(mailbox).mails();
    if (mails.kind !== 'done') return mails;
    const stored: StoredMail[] = [];
    for (const mail of mails.value) {
      const data = await contentOf(mail);
      if (data.kind !== 'done') return data;
      const { flags, keywords, uid } = mail;
      stored.push({ uid, flags, keywords, data: data.value });
    }
    return { kind: 'done', value: stored };
  }

  close(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #place(path: string): string {
    this.#directory ??= mkdtempSync(join(this.#parts.scratch, 'mail-'));
    return join(this.#directory, createHash('sha256').update(path).digest('hex').slice(0, 16));
  }

  #make(path: string, mailboxes: readonly string[], separator: '/' | '.'): void {
    if (this.#made.has(path)) return;
    this.#made.add(path);
    for (const name of ['INBOX', ...mailboxes]) {
      const folder = readFolderName(name, separator);
      if (folder.kind === 'bad') throw new Error(`${name}: ${folder.why}`);
      for (const part of ['cur', 'new', 'tmp'])
        mkdirSync(join(path, folder.directory, part), { recursive: true });
    }
  }

  /** Steps for whoever looks at why a case has failed; scripts are told as well. */
  #told(other: MailboxListener | undefined): MailboxListener {
    const { record } = this.#parts;
    return {
      committed: (transaction) => {
        for (const { mailbox, name } of transaction.events)
          record.note(`storage: ${name} in ${mailbox} of ${transaction.user}`);
        other?.committed(transaction);
      },
      rolledBack: (transaction) => other?.rolledBack?.(transaction),
    };
  }
}

async function contentOf(mail: Mail): Promise<MailOutcome<Buffer>> {
  const opened = await mail.open();
  if (opened.kind !== 'done') return opened;
  const pieces: Buffer[] = [];
  for await (const piece of opened.value.read()) pieces.push(piece);
  return { kind: 'done', value: Buffer.concat(pieces) };
}
