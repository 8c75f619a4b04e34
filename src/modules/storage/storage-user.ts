// What is done to somebody's mail for a policy: scripts of the user are asked before, and told of it behind; what cannot be done is a word and a
// text. Nothing here raises.

import type { CallContext } from '../../lua-api/call-context.ts';
import type { LuaResults, Suspension } from '../../lua-api/function-spec.ts';
import type { MailWatch } from '../../mailbox/mail-watch.ts';
import type { Maildir } from '../../mailbox/maildir.ts';
import type { MailUser, MailUserIdentity, MailUsers } from '../../mailbox/port/mail-user.ts';
import { type MailOutcome, type MailTrouble, troubleText } from '../../mailbox/port/outcome.ts';
import { encodeUtf8 } from '../../text/utf8.ts';

export interface StorageParts {
  readonly users: MailUsers;
  readonly maildir: Maildir;
  readonly watch?: MailWatch | undefined;
}

/** Words for why something was not done, in the order of the reference. */
export const storageCauses = [
  'missing',
  'exists',
  'bad_name',
  'refused',
  'locked',
  'full',
  'denied',
  'aborted',
  'failed',
  'no_maildir',
] as const;

const causeOf = (kind: MailTrouble['kind']): (typeof storageCauses)[number] =>
  kind === 'bad-name' ? 'bad_name' : kind;

export class StorageUser {
  readonly identity: MailUserIdentity;
  readonly #parts: StorageParts;
  readonly #perUser: boolean;

  constructor(parts: StorageParts, identity: MailUserIdentity, perUser: boolean) {
    this.identity = identity;
    this.#parts = parts;
    this.#perUser = perUser;
  }

  /** Looks, and tells nobody. */
  ask<T>(
    _context: CallContext,
    what: string,
    work: (user: MailUser) => Promise<MailOutcome<T>>,
    results: (value: T) => LuaResults,
  ): Suspension {
    return this.#suspended(what, results, async (signal) => {
      const absent = await this.#absent();
      if (absent !== undefined) return absent;
      return work(this.#parts.users.user(this.identity, { signal }));
    });
  }

  /** Changes something: the user's scripts are told of it when it is done. */
  change<T>(
    context: CallContext,
    what: string,
    work: (user: MailUser) => Promise<MailOutcome<T>>,
    results: (value: T) => LuaResults,
  ): Suspension {
    const { users, watch } = this.#parts;
    return this.#suspended(what, results, async (signal) => {
      const absent = await this.#absent();
      if (absent !== undefined) return absent;
      const opened = await watch?.open(this.identity, { session: '', log: context.log, signal });
      if (opened?.kind === 'refused') {
        return { kind: 'refused', mailbox: this.identity.name, why: opened.cause };
      }
      try {
        return await work(users.user(this.identity, { signal, listener: opened?.listener }));
      } finally {
        opened?.close();
      }
    });
  }

  /** Mail of somebody who is not there is missing; it is not made. */
  async #absent(): Promise<MailOutcome<never> | undefined> {
    if (!this.#perUser) return undefined;
    const seen = await this.#parts.maildir.look(this.identity.path);
    const mailbox = this.identity.name;
    if (seen.kind === 'absent') return { kind: 'missing', mailbox };
    return seen.kind === 'failed' ? { kind: 'failed', mailbox, why: String(seen.error) } : undefined;
  }

  #suspended<T>(
    what: string,
    results: (value: T) => LuaResults,
    work: (signal: AbortSignal) => Promise<MailOutcome<T>>,
  ): Suspension {
    const stop = new AbortController();
    return {
      kind: 'suspension',
      describe: () => `storage: ${what} of ${this.identity.name}`,
      done: work(stop.signal).then((outcome) =>
        outcome.kind === 'done'
          ? results(outcome.value)
          : [undefined, causeOf(outcome.kind), encodeUtf8(troubleText(outcome))],
      ),
      cancel: () => stop.abort(),
    };
  }
}
