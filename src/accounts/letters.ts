// Letters of an account, as scripts have them: each has an id that stays the same whatever becomes of its file's name, also when another program moves it
// from new/ to cur/ or sets flags. Ids are kept in the database and are given when a function first sees a file; the files are what counts. Folders
// likewise: what lies on the disk is a folder, and has an id from when it was first seen. INBOX is folder 0.
//
// Must never: give a letter to somebody else than its account; give an id twice; hold up the event loop for a folder of thousands.

import { textOf } from '../base/errors.ts';
import { eachInPieces, sortInPieces } from '../mailbox/in-pieces.ts';
import { arrivalOf, compareArrival } from '../mailbox/mail-name.ts';
import type { Mail, MailContent, MailFile } from '../mailbox/port/mail.ts';
import type { MailUser } from '../mailbox/port/mail-user.ts';
import type { Mailbox } from '../mailbox/port/mailbox.ts';
import type { Account, Outcome } from './account.ts';
import type { Accounts } from './accounts.ts';
import { readFields } from './header-fields.ts';
import { type KnownHead, LetterHeads, sentOf } from './letter-heads.ts';
import { LetterIds } from './letter-ids.ts';
import { present } from './letter-trouble.ts';
import { behind, idAt, idKey } from './rows.ts';

export interface LetterFacts {
  readonly id: number;
  /** Unique name in the Maildir, octets as latin1. */
  readonly file: string;
  /** Octets of the file. */
  readonly size: number;
  /** When it was delivered, seconds since the Epoch. */
  readonly sent: number;
  readonly isRead: boolean;
}

export interface LetterHead extends LetterFacts {
  /** By name in lower case; latin1. Taken apart anew each time: of a thousand that are kept nobody may need them. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface OpenLetter extends LetterFacts {
  readonly content: MailContent;
}

interface Place {
  readonly id: number;
  readonly name: string;
}

interface FolderRow {
  readonly name: string;
}

const FOLDERS = 10_000;
const INBOX = 0;
/** Letters in one turn of the loop. */
const AT_ONCE = 250;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Letters {
  readonly #accounts: Accounts;
  readonly #ids: LetterIds;
  readonly #heads = new LetterHeads();

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
    this.#ids = new LetterIds(accounts);
  }

  /** By id, INBOX as 0; undefined: there is no such account. */
  folders(uid: number, signal: AbortSignal): Promise<Outcome<ReadonlyMap<number, string> | undefined>> {
    return this.#do(uid, async (account) => {
      const known = await this.#folders(account, signal);
      return new Map(
        [[INBOX, 'INBOX'], ...[...known].map(([name, id]) => [id, name] as const)].sort(
          ([a], [b]) => Number(a) - Number(b),
        ) as [number, string][],
      );
    });
  }

  /** In the order in which they came; none for an unknown account or folder. `folder`: an id, or a full name with `/`. */
  async heads(
    uid: number,
    folder: number | string,
    signal: AbortSignal,
  ): Promise<Outcome<readonly LetterHead[]>> {
    const outcome = await this.#do(uid, async (account) => {
      const place = await this.#place(account, folder, signal);
      return place === undefined ? [] : this.#headsIn(account, place, signal);
    });
    return outcome.kind === 'done' ? { kind: 'done', value: outcome.value ?? [] } : outcome;
  }

  /** It is read from then on. undefined: there is none, or it is another one's. */
  read(uid: number, id: number, signal: AbortSignal): Promise<Outcome<OpenLetter | undefined>> {
    return this.#do(uid, async (account) => {
      const found = await this.#find(account, id, signal);
      if (found === undefined) return undefined;
      const { box, mail } = found;
      const head = present(await mail.head(Buffer.alloc(0)));
      const content = present(await mail.open());
      if (head === undefined || content === undefined) return undefined;
      present(await box.changeFlags([mail.uid], { how: 'add', flags: ['\\Seen'], keywords: [] }));
      return { id, file: mail.base, size: head.size, sent: sentOf(head), isRead: true, content };
    });
  }

  /** False: there is none, or it is another one's. */
  async remove(uid: number, id: number, signal: AbortSignal): Promise<Outcome<boolean>> {
    const outcome = await this.#do(uid, async (account) => {
      const found = await this.#find(account, id, signal);
      if (found === undefined) return false;
      present(await found.box.expunge([found.mail.uid]));
      await this.#accounts.parts.database.write(() => this.#ids.remove(uid, id, found.row));
      return true;
    });
    return outcome.kind === 'done' ? { kind: 'done', value: outcome.value ?? false } : outcome;
  }

  /** Ids are given, and header fields are read, at the same time. */
  async #headsIn(account: Account, place: Place, signal: AbortSignal): Promise<readonly LetterHead[]> {
    const files = await this.#files(account, place.name, signal);
    const bases = files.map(({ base }) => base);
    const before = await this.#ids.known(account.id, place.id, bases);
    const known = before.ids;
    const heads: (KnownHead | undefined)[] = known.map((id) =>
      id === undefined ? undefined : this.#heads.find(id),
    );
    const unread = placesOf(heads);
    const strange = placesOf(known);
    const [read, ids] = await Promise.all([
      this.#heads.read(
        this.#box(account, place.name, signal),
        unread.map((at) => files[at] as MailFile),
        signal,
      ),
      this.#ids.give(
        account.id,
        place.id,
        strange.map((at) => bases[at] as string),
        before.mark,
      ),
    ]);
    for (const [at, id] of ids.entries()) known[strange[at] as number] = id;
    if (read.denied !== undefined) {
      const name = `${account.user}@${account.domain}`;
      const { cause, count } = read.denied;
      this.#accounts.parts.log.emit('accounts-letters-denied', { count, account: name, cause });
    }
    for (const [at, head] of read.heads.entries()) heads[unread[at] as number] = head;
    // There are no more lines than before unless one was new.
    if (ids.length > 0)
      await this.#ids.forgetGone(account.id, place.id, files.length, before, async () =>
        (await this.#files(account, place.name, signal)).map(({ base }) => base),
      );
    const found: LetterHead[] = [];
    await eachInPieces(
      files.entries(),
      ([at, file]) => {
        const head = heads[at];
        const id = known[at];
        if (head === undefined || id === undefined) return;
        this.#heads.keep(id, head);
        found.push(new ListedLetter(id, file, head));
      },
      AT_ONCE,
    );
    return found;
  }

  #user(account: Account, signal: AbortSignal): MailUser {
    const name = `${account.user}@${account.domain}`;
    return this.#accounts.parts.mailUsers.user({ name, path: account.maildir }, { signal });
  }

  #box(account: Account, name: string, signal: AbortSignal): Mailbox {
    return this.#user(account, signal).mailbox(name);
  }

  /** Ids by name. */
  async #folders(account: Account, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const listed = present(await this.#user(account, signal).list()) ?? [];
    const names = listed
      .filter(({ isOnlyParent, vname }) => !isOnlyParent && vname !== 'INBOX')
      .map(({ vname }) => vname);
    const { book, parts } = this.#accounts;
    const start = idKey(account.id);
    const known = (): Map<string, number> =>
      new Map(
        book.tables.folders.keys({ start, end: behind(start), limit: FOLDERS }).map((key) => {
          const row = book.json('folders', key) as FolderRow;
          return [row.name, idAt(key, 1)];
        }),
      );
    const before = known();
    const isSame = names.length === before.size && names.every((name) => before.has(name));
    if (isSame) return before;
    return await parts.database.write(() => {
      const now = known();
      // One that is gone has a new id when it comes again.
      for (const [name, id] of now)
        if (!names.includes(name)) {
          book.tables.folders.remove(idKey(account.id, id));
          now.delete(name);
        }
      for (const name of names) {
        if (now.has(name)) continue;
        const id = book.nextId('folder');
        book.putJson('folders', idKey(account.id, id), { name } satisfies FolderRow);
        now.set(name, id);
      }
      return now;
    });
  }

  /** Those that have one. */
  #folderIds({ id }: Account): readonly number[] {
    const start = idKey(id);
    const { folders } = this.#accounts.book.tables;
    return [INBOX, ...folders.keys({ start, end: behind(start), limit: FOLDERS }).map((key) => idAt(key, 1))];
  }

  async #place(account: Account, folder: number | string, signal: AbortSignal): Promise<Place | undefined> {
    if (folder === INBOX || (typeof folder === 'string' && folder.toUpperCase() === 'INBOX'))
      return { id: INBOX, name: 'INBOX' };
    for (const [name, id] of await this.#folders(account, signal))
      if (id === folder || name === folder) return { id, name };
    return undefined;
  }

  /** All letters of a folder in the order in which they came. */
  async #files(account: Account, name: string, signal: AbortSignal): Promise<readonly MailFile[]> {
    const files = present(await this.#box(account, name, signal).files()) ?? [];
    const arrivals: (ReturnType<typeof arrivalOf> & { readonly file: MailFile })[] = [];
    await eachInPieces(files, (file) => arrivals.push({ file, ...arrivalOf(file.base) }), AT_ONCE);
    await nextTurn();
    return (await sortInPieces(arrivals, compareArrival)).map(({ file }) => file);
  }

  async #find(account: Account, id: number, signal: AbortSignal) {
    const row = await this.#ids.row(account.id, id, () => this.#folderIds(account));
    if (row === undefined) return undefined;
    const place = await this.#place(account, row.folder, signal);
    if (place === undefined) return undefined;
    const box = this.#box(account, place.name, signal);
    const mails = present(await box.mails()) ?? [];
    let mail: Mail | undefined;
    await eachInPieces(mails, (one) => {
      if (one.base === row.base) mail = one;
    });
    return mail === undefined ? undefined : { box, mail: mail as Mail, row };
  }

  async #do<T>(uid: number, work: (account: Account) => Promise<T>): Promise<Outcome<T | undefined>> {
    const found = this.#accounts.byId(uid);
    if (found.kind === 'failed') return found;
    if (found.value === undefined) return { kind: 'done', value: undefined };
    try {
      return { kind: 'done', value: await work(found.value) };
    } catch (error) {
      return { kind: 'failed', cause: textOf(error) };
    }
  }
}

class ListedLetter implements LetterHead {
  readonly id: number;
  readonly file: string;
  readonly isRead: boolean;
  readonly #head: KnownHead;

  constructor(id: number, { base, isSeen }: MailFile, head: KnownHead) {
    this.id = id;
    this.file = base;
    this.isRead = isSeen;
    this.#head = head;
  }

  get size(): number {
    return this.#head.size;
  }

  get sent(): number {
    return this.#head.sent;
  }

  get fields(): ReadonlyMap<string, string> {
    return readFields(this.#head.block);
  }
}

/** Of those that are undefined. */
const placesOf = (all: readonly unknown[]): number[] =>
  all.flatMap((one, at) => (one === undefined ? [at] : []));
