// A directory with a Maildir in it, who works there, and what was told of it.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, systemClock, systemRandom } from '../../../src/base/clock.ts';
import { createMaildir, type Maildir } from '../../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../../src/mailbox/maildir-user.ts';
import { type MailboxParts, ofThisProcess } from '../../../src/mailbox/parts.ts';
import type { MailContent } from '../../../src/mailbox/port/mail.ts';
import type { MailUser } from '../../../src/mailbox/port/mail-user.ts';
import type { MailboxEvent } from '../../../src/mailbox/port/mailbox-event.ts';
import type { MailOutcome } from '../../../src/mailbox/port/outcome.ts';

/** Time that passes when somebody waits for it, at once. */
export function quickClock(): Clock {
  let passed = 0;
  return {
    now: () => Date.now() + passed,
    monotonic: () => passed,
    after: (ms, fire) => {
      const timer = systemClock.after(0, () => {
        passed += ms;
        fire();
      });
      return timer;
    },
  };
}

export const never = new AbortController().signal;

export function content(text: string): MailContent {
  const piece = Buffer.from(text, 'latin1');
  return {
    pieces: [piece],
    async *read() {
      yield piece;
    },
  };
}

/** The value; a trouble is a failed test. */
export async function done<T>(outcome: Promise<MailOutcome<T>>): Promise<T> {
  const ended = await outcome;
  if (ended.kind !== 'done') throw new Error(JSON.stringify(ended));
  return ended.value;
}

/** An event in words. */
export function told(event: MailboxEvent): string {
  const flags =
    'flags' in event && event.flags.length + event.keywords.length > 0
      ? ` +${[...event.flags, ...event.keywords].join()}`
      : '';
  const old = 'flagsOld' in event ? ` was ${[...event.flagsOld, ...event.keywordsOld].join()}` : '';
  const uid = 'uid' in event ? ` ${event.uid}` : '';
  const from = 'mailboxOld' in event ? ` ${event.mailboxOld}` : '';
  return `${event.name} ${event.mailbox}${uid}${flags}${old}${from}`;
}

export class MailSite {
  readonly directory: string;
  readonly path: string;
  readonly parts: MailboxParts;
  readonly maildir: Maildir;
  readonly user: MailUser;
  /** In words, transactions after each other. */
  readonly events: string[] = [];
  readonly rolledBack: string[] = [];

  private constructor(directory: string, others: Partial<MailboxParts>) {
    this.directory = directory;
    this.path = join(directory, 'Maildir');
    this.parts = {
      ...{ ...ofThisProcess(), clock: systemClock, random: systemRandom, hostName: 'mx.example' },
      ...others,
    };
    this.maildir = createMaildir(this.parts);
    this.user = this.userOf(this.parts);
  }

  /** In memory where that can be: nothing here is about the speed of disks. */
  static async make(others: Partial<MailboxParts> = {}): Promise<MailSite> {
    const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    return new MailSite(await mkdtemp(join(place, 'smtpe-mailbox-')), others);
  }

  userOf(parts: MailboxParts, signal = never): MailUser {
    const listener = {
      committed: ({ events }: { readonly events: readonly MailboxEvent[] }) =>
        void this.events.push(...events.map(told)),
      rolledBack: ({ events }: { readonly events: readonly MailboxEvent[] }) =>
        void this.rolledBack.push(...events.map(told)),
    };
    return createMailUsers(parts).user({ name: 'alice', path: this.path }, { listener, signal });
  }

  /** Puts a message into INBOX as a delivery does; the uid that it got. */
  async deliver(text = 'Subject: x\r\n\r\nbody\r\n'): Promise<number | undefined> {
    const outcome = await this.maildir.store(this.path, content(text), never);
    if (outcome.kind !== 'stored') throw new Error(JSON.stringify(outcome));
    return outcome.uid;
  }

  /** Files in new/ and cur/ of a folder, by name. */
  async files(folder = ''): Promise<readonly string[]> {
    const parts = ['new', 'cur'].map(async (part) => {
      const names = await readdir(join(this.path, folder, part), { encoding: 'latin1' }).catch(() => []);
      return names.sort().map((name) => `${part}/${name}`);
    });
    return (await Promise.all(parts)).flat();
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.path, name)), { recursive: true });
    await writeFile(join(this.path, name), text, 'latin1');
  }

  read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'latin1');
  }

  /** uids of INBOX by base name. */
  async uids(): Promise<Readonly<Record<string, number>>> {
    const lines = (await this.read('dovecot-uidlist')).trimEnd().split(/\r?\n/).slice(1);
    return Object.fromEntries(
      lines.map((line) => {
        const [, uid = '', base = ''] = /^(\d+).*? :(.*)$/.exec(line) ?? [];
        return [base, Number(uid)];
      }),
    );
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}
