// Accounts over a database and a storage of their own, in a directory that is removed at the end.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../src/accounts/accounts.ts';
import { openDatabase } from '../../src/accounts/database.ts';
import { type PasswordScheme, Passwords } from '../../src/accounts/password.ts';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FolderSite } from '../../src/mailbox/folder.ts';
import { HeadThread } from '../../src/mailbox/head-thread.ts';
import { createMaildir } from '../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../src/mailbox/maildir-user.ts';
import { type MailboxParts, ofThisProcess } from '../../src/mailbox/parts.ts';
import { ownMark } from '../../src/ops/process-mark.ts';

/** Where there is memory commits need no disk. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface AccountsRig {
  readonly accounts: Accounts;
  readonly directory: string;
  readonly log: RecordLog;
  close(): Promise<void>;
}

export const freshDirectory = (): Promise<string> => mkdtemp(join(BASE, 'smtpe-accounts-'));

export interface RigSettings {
  /** An old one; it is not removed at the end. */
  readonly directory?: string;
  readonly scheme?: PasswordScheme;
  /** Of the process that it claims to be. */
  readonly mark?: string;
  readonly parts?: Partial<MailboxParts>;
  /** Reads letters; by default there is one unless `parts` has files: those are read as the test has made them. */
  readonly heads?: HeadThread;
  /** Called before and behind each transaction. */
  readonly step?: () => Promise<void>;
}

export async function openAccounts(settings: RigSettings = {}): Promise<AccountsRig> {
  const directory = settings.directory ?? (await freshDirectory());
  const opened = await openDatabase(join(directory, 'db'));
  if (opened.kind === 'refused') throw new Error(opened.problem);
  const log = new RecordLog();
  void log.events;
  const isReal = settings.parts?.files === undefined;
  const heads = settings.heads ?? (isReal ? new HeadThread({ clock: systemClock }) : undefined);
  heads?.start((cause) => log.emit('accounts-thread-lost', { cause }));
  const parts = {
    ...{ ...ofThisProcess(), heads, clock: systemClock, random: systemRandom, hostName: 'mx.test' },
    ...settings.parts,
  };
  const site = new FolderSite(parts);
  const { step } = settings;
  const database: typeof opened.database =
    step === undefined
      ? opened.database
      : {
          ...opened.database,
          write: async (action) => {
            await step();
            const result = await opened.database.write(action);
            await step();
            return result;
          },
        };
  const accounts = new Accounts({
    ...{ database, storage: join(directory, 'mail'), log, clock: systemClock },
    ...{ files: parts.files, maildir: createMaildir(parts, site), mailUsers: createMailUsers(parts, site) },
    passwords: new Passwords(settings.scheme ?? 'sha256'),
    mark: settings.mark ?? (await ownMark()),
  });
  return {
    ...{ accounts, directory, log },
    close: async () => {
      await heads?.close();
      await accounts.close();
      if (settings.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What was done; throws when it has failed. */
export function value<T>(
  outcome: { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly cause: string },
): T {
  if (outcome.kind === 'failed') throw new Error(outcome.cause);
  return outcome.value;
}
