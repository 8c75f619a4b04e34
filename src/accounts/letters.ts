// Letters of an account, as scripts have them: each has an id that stays the same whatever becomes of its file's name, also when another program moves it
// from new/ to cur/ or sets flags. Ids are kept in the database and are given when a function first sees a file; the files are what counts. Folders
// likewise: what lies on the disk is a folder, and has an id from when it was first seen. INBOX is folder 0.
//
// Must never: give a letter to somebody else than its account; give an id twice; hold up the event loop for a folder of thousands.

import { textOf } from '../base/errors.ts';
import { eachInPieces, sortInPieces } from '../mailbox/in-pieces.ts';
import { arrivalOf, compareArrival } from '../mailbox/mail-name.ts';
import type { Mail, MailContent } from '../mailbox/port/mail.ts';
import type { MailUser } from '../mailbox/port/mail-user.ts';
import { type MailOutcome, troubleText } from '../mailbox/port/outcome.ts';
import type { Account, Outcome } from './account.ts';
import type { Accounts } from './accounts.ts';
import { headerEnd, readFields } from './header-fields.ts';
import { behind, ID_LENGTH, idAt, idKey } from './rows.ts';

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
  /** By name in lower case; latin1. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface OpenLetter extends LetterFacts {
  readonly content: MailContent;
}

interface LetterRow {
  readonly folder: number;
  readonly base: string;
}

interface FolderRow {
  readonly name: string;
}

/** Octets of a letter that are looked at for its header fields, at first and at most. */
const FIRST_HEAD = 8192;
const MAX_HEAD = 65_536;
/** What is kept of letters that were listed, in a process: octets, roughly. */
const MAX_KEPT = 16 * 1024 * 1024;
const KNOWN_AT_ONCE = 100;
/** Files read at a time. */
const READERS = 8;
/** Rows written in one transaction. */
const ROWS_AT_ONCE = 80;
/** Lines of letters that are gone are forgotten when there are so many, and more than of those that are there. */
const GONE = 1000;
const FOLDERS = 10_000;
const INBOX = 0;

interface Seen {
  readonly mail: Mail;
  readonly id: number;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Trouble extends Error {}

/** Throws what is wrong; undefined: there is no such mailbox or message. */
function present<T>(outcome: MailOutcome<T>): T | undefined {
  if (outcome.kind === 'done') return outcome.value;
  if (outcome.kind === 'missing') return undefined;
  throw new Trouble(troubleText(outcome));
}

/** What was read of a letter, which never changes. */
type KnownHead = Pick<LetterHead, 'fields' | 'size' | 'sent'>;

export class Letters {
  readonly #accounts: Accounts;
  /** By id; the least used first. */
  readonly #heads = new Map<number, KnownHead>();
  #headsSize = 0;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
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
  heads(uid: number, folder: number | string, signal: AbortSignal): Promise<Outcome<readonly LetterHead[]>> {
    return this.#do(uid, async (account) => {
      const place = await this.#place(account, folder, signal);
      if (place === undefined) return [];
      const seen = await this.#letters(account, place.id, place.name, signal);
      const heads: (LetterHead | undefined)[] = new Array(seen.length);
      const strange: number[] = [];
      for (const [at, one] of seen.entries()) {
        heads[at] = this.#keptHead(one);
        if (heads[at] === undefined) strange.push(at);
        if (at % KNOWN_AT_ONCE === KNOWN_AT_ONCE - 1) await nextTurn();
      }
      let next = 0;
      const work = async (): Promise<void> => {
        for (let at = strange[next++]; at !== undefined; at = strange[next++]) {
          signal.throwIfAborted();
          heads[at] = await this.#readHead(seen[at] as Seen);
        }
      };
      await Promise.all(Array.from({ length: Math.min(READERS, strange.length) }, work));
      return heads.filter((head) => head !== undefined);
    }).then((outcome) => (outcome.kind === 'done' ? { kind: 'done', value: outcome.value ?? [] } : outcome));
  }

  /** It is read from then on. undefined: there is none, or it is another one's. */
  read(uid: number, id: number, signal: AbortSignal): Promise<Outcome<OpenLetter | undefined>> {
    return this.#do(uid, async (account) => {
      const found = await this.#find(account, id, signal);
      if (found === undefined) return undefined;
      const { box, mail } = found;
      const head = present(await mail.head(0));
      const content = present(await mail.open());
      if (head === undefined || content === undefined) return undefined;
      present(await box.changeFlags([mail.uid], { how: 'add', flags: ['\\Seen'], keywords: [] }));
      return { ...factsOf(id, mail, head), isRead: true, content };
    });
  }

  /** False: there is none, or it is another one's. */
  async remove(uid: number, id: number, signal: AbortSignal): Promise<Outcome<boolean>> {
    const outcome = await this.#do(uid, async (account) => {
      const found = await this.#find(account, id, signal);
      if (found === undefined) return false;
      present(await found.box.expunge([found.mail.uid]));
      const { book, parts } = this.#accounts;
      await parts.database.write(() => {
        book.tables.letters.remove(idKey(uid, id));
        book.tables.files.remove(fileKey(uid, found.row.folder, found.row.base));
      });
      return true;
    });
    return outcome.kind === 'done' ? { kind: 'done', value: outcome.value ?? false } : outcome;
  }

  /** undefined: it has to be read. */
  #keptHead({ id, mail }: Seen): LetterHead | undefined {
    const kept = this.#heads.get(id);
    if (kept === undefined) return undefined;
    this.#heads.delete(id);
    this.#heads.set(id, kept);
    return { ...kept, id, file: mail.base, isRead: mail.flags.includes('\\Seen') };
  }

  /** undefined: it is gone meanwhile. */
  async #readHead({ id, mail }: Seen): Promise<LetterHead | undefined> {
    let head = present(await mail.head(FIRST_HEAD));
    if (head === undefined) return undefined;
    let end = headerEnd(head.octets);
    if (end === undefined && head.octets.length === FIRST_HEAD) {
      head = present(await mail.head(MAX_HEAD)) ?? head;
      end = headerEnd(head.octets);
    }
    const fields = readFields(head.octets.subarray(0, end ?? head.octets.length));
    const found = { ...factsOf(id, mail, head), fields };
    this.#keep(id, { fields, size: found.size, sent: found.sent });
    return found;
  }

  #keep(id: number, head: KnownHead): void {
    if (this.#heads.has(id)) return;
    this.#heads.set(id, head);
    this.#headsSize += costOf(head);
    for (const [oldest, old] of this.#heads) {
      if (this.#headsSize <= MAX_KEPT) return;
      this.#heads.delete(oldest);
      this.#headsSize -= costOf(old);
    }
  }

  #user(account: Account, signal: AbortSignal): MailUser {
    const name = `${account.user}@${account.domain}`;
    return this.#accounts.parts.mailUsers.user({ name, path: account.maildir }, { signal });
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

  async #place(
    account: Account,
    folder: number | string,
    signal: AbortSignal,
  ): Promise<{ readonly id: number; readonly name: string } | undefined> {
    if (folder === INBOX || (typeof folder === 'string' && folder.toUpperCase() === 'INBOX'))
      return { id: INBOX, name: 'INBOX' };
    for (const [name, id] of await this.#folders(account, signal))
      if (id === folder || name === folder) return { id, name };
    return undefined;
  }

  /** All letters of a folder, with ids, in the order in which they came. */
  async #letters(
    account: Account,
    folder: number,
    name: string,
    signal: AbortSignal,
  ): Promise<readonly Seen[]> {
    const mails = present(await this.#user(account, signal).mailbox(name).mails()) ?? [];
    const arrivals: (ReturnType<typeof arrivalOf> & { readonly mail: Mail })[] = [];
    await eachInPieces(mails, (mail) => arrivals.push({ ...arrivalOf(mail.base), mail }));
    await nextTurn();
    // Most often they have their uids in the order in which they came.
    const isSorted = arrivals.every(
      (one, at) => at === 0 || compareArrival(arrivals[at - 1] ?? one, one) <= 0,
    );
    const inOrder = isSorted ? arrivals : await sortInPieces(arrivals, compareArrival);
    await nextTurn();
    const { book, parts } = this.#accounts;
    const seen: Seen[] = [];
    let strangers: Mail[] = [];
    let isGrown = false;
    const flush = async (): Promise<void> => {
      if (strangers.length === 0) return;
      isGrown = true;
      const ids = await parts.database.write(() =>
        strangers.map((mail) => this.#give(account.id, folder, mail.base)),
      );
      for (const [at, mail] of strangers.entries()) seen.push({ mail, id: ids[at] as number });
      strangers = [];
    };
    for (const [at, { mail }] of inOrder.entries()) {
      const content = book.content('files', fileKey(account.id, folder, mail.base));
      if (content === undefined) strangers.push(mail);
      else {
        await flush();
        seen.push({ mail, id: idAt(content, 0) });
      }
      if (strangers.length >= ROWS_AT_ONCE) await flush();
      if (at % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await nextTurn();
    }
    await flush();
    // There are no more rows than before unless one was new.
    if (isGrown) await this.#forgetGone(account.id, folder, seen);
    await nextTurn();
    return seen;
  }

  /** In a write. */
  #give(uid: number, folder: number, base: string): number {
    const { book } = this.#accounts;
    const key = fileKey(uid, folder, base);
    const known = book.content('files', key);
    if (known !== undefined) return idAt(known, 0);
    const id = book.nextId('letter');
    book.put('files', key, idKey(id));
    book.putJson('letters', idKey(uid, id), { folder, base } satisfies LetterRow);
    return id;
  }

  async #forgetGone(uid: number, folder: number, seen: readonly Seen[]): Promise<void> {
    const { book, parts } = this.#accounts;
    const start = idKey(uid, folder);
    const most = Math.max(2 * seen.length, seen.length + GONE);
    const keys = book.tables.files.keys({ start, end: behind(start), limit: most + 1 });
    if (keys.length <= most) return;
    const there = new Set(seen.map(({ mail }) => mail.base));
    const gone = keys.filter((key) => !there.has(key.toString('latin1', 2 * ID_LENGTH)));
    for (let at = 0; at < gone.length; at += ROWS_AT_ONCE) {
      await parts.database.write(() => {
        for (const key of gone.slice(at, at + ROWS_AT_ONCE)) {
          const content = book.content('files', key);
          if (content === undefined) continue;
          book.tables.letters.remove(idKey(uid, idAt(content, 0)));
          book.tables.files.remove(key);
        }
      });
    }
  }

  async #find(account: Account, id: number, signal: AbortSignal) {
    if (!Number.isSafeInteger(id) || id < 1 || id >= 2 ** 48) return undefined;
    const row = this.#accounts.book.json('letters', idKey(account.id, id)) as LetterRow | undefined;
    if (row === undefined) return undefined;
    const place = await this.#place(account, row.folder, signal);
    if (place === undefined) return undefined;
    const box = this.#user(account, signal).mailbox(place.name);
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

const fileKey = (uid: number, folder: number, base: string): Buffer =>
  Buffer.concat([idKey(uid, folder), Buffer.from(base, 'latin1')]);

const factsOf = (
  id: number,
  mail: Mail,
  head: { readonly size: number; readonly arrived: number },
): LetterFacts => ({
  ...{ id, file: mail.base, size: head.size, sent: Math.floor(head.arrived / 1000) },
  isRead: mail.flags.includes('\\Seen'),
});

/** What keeping it costs. */
function costOf({ fields }: KnownHead): number {
  let cost = 300;
  for (const [name, text] of fields) cost += 100 + name.length + text.length;
  return cost;
}
