// Somebody's mail as the port has it, over a tree of Maildir++: INBOX is the Maildir itself, folders are its subdirectories `.Part.Part`.
import { join } from 'node:path';
import { dropMetadata } from './attribute-file.ts';
import { expungeMails } from './change-mails.ts';
import { eachEntry, isMissing, readLines, stampAt, syncDirectory } from './disk.ts';
import { FolderSite } from './folder.ts';
import { folderNameOf, readFolderName } from './folder-name.ts';
import { changeFile } from './locked-file.ts';
import { mailNames } from './mail-names.ts';
import { MaildirMailbox, type Tree } from './maildir-mailbox.ts';
import type { MailboxParts } from './parts.ts';
import type {
  ListedMailbox,
  MailUser,
  MailUserIdentity,
  MailUserParts,
  MailUsers,
} from './port/mail-user.ts';
import type { Mailbox, MailboxUse } from './port/mailbox.ts';
import type { MailboxEvent } from './port/mailbox-event.ts';
import type { Metadata } from './port/metadata.ts';
import type { MailOutcome, MailTrouble } from './port/outcome.ts';
import { subscribedIn, withSubscription } from './subscription-lines.ts';
import { troubleOf } from './trouble.ts';

const SUBSCRIPTIONS = 'subscriptions';
const MAX_SUBSCRIPTIONS = 4 * 1024 * 1024;
const MAX_FOLDERS = 10_000;
/** Where Dovecot puts a folder that is being deleted; it clears away one that was left there. */
const TRASH = '..DOVECOT-TRASHED';

const DONE: MailOutcome<undefined> = { kind: 'done', value: undefined };

/** `site`: what all users of the process share. */
export function createMailUsers(parts: MailboxParts, site = new FolderSite(parts)): MailUsers {
  const nextName = mailNames(parts);
  return { user: (identity, its) => new MaildirUser(site, nextName, identity, its) };
}

class MaildirUser implements MailUser {
  readonly name: string;
  readonly path: string;
  readonly separator: '/' | '.';
  readonly metadata: Metadata;
  readonly #tree: Tree;

  constructor(
    site: FolderSite,
    nextName: () => string,
    { name, path, separator = '/' }: MailUserIdentity,
    { listener, signal }: MailUserParts,
  ) {
    this.name = name;
    this.path = path;
    this.separator = separator;
    this.#tree = {
      ...{ site, user: name, root: path, separator, signal, listener, nextName },
      subscribe: (vname) => this.#setSubscribed(vname, true),
    };
    this.metadata = new MaildirMailbox(this.#tree, 'INBOX', {}).annotated(true);
  }

  mailbox(vname: string, use: MailboxUse = {}): Mailbox {
    return this.#mailbox(vname, use);
  }

  #mailbox(vname: string, use: MailboxUse = {}): MaildirMailbox {
    return new MaildirMailbox(this.#tree, vname, use);
  }

  async list(): Promise<MailOutcome<readonly ListedMailbox[]>> {
    const subscribed = await this.subscriptions();
    if (subscribed.kind !== 'done') return subscribed;
    try {
      const there = new Set(['INBOX']);
      for (const directory of await this.#directories()) {
        const vname = folderNameOf(directory, this.separator);
        if (vname === undefined) continue;
        if ((await stampAt(this.#tree.site.parts.files, join(this.path, directory, 'cur'))) !== undefined)
          there.add(vname);
        if (there.size > MAX_FOLDERS)
          return { kind: 'full', mailbox: 'INBOX', why: `more than ${MAX_FOLDERS} folders` };
      }
      const parents = [...there].flatMap((vname) => {
        const parts = vname.split(this.separator);
        return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(this.separator));
      });
      const all = [...new Set([...there, ...parents])].sort((a, b) =>
        a === 'INBOX' ? -1 : b === 'INBOX' ? 1 : a < b ? -1 : 1,
      );
      const value = all.map((vname) => ({
        ...{ vname, isSubscribed: subscribed.value.includes(vname), isOnlyParent: !there.has(vname) },
      }));
      return { kind: 'done', value };
    } catch (error) {
      return troubleOf(error, 'INBOX');
    }
  }

  create(vname: string): Promise<MailOutcome<undefined>> {
    return this.#mailbox(vname).create();
  }

  async delete(vname: string): Promise<MailOutcome<undefined>> {
    const box = this.#mailbox(vname);
    const { folder } = box;
    if (folder === undefined) return badName(vname, this.separator);
    const { vname: mailbox } = box;
    if (box.isInbox) return { kind: 'refused', mailbox, why: 'INBOX cannot be deleted' };
    const { listener, root, site, user } = this.#tree;
    const { files } = site.parts;
    const trash = join(root, TRASH);
    try {
      if (!(await folder.isThere())) return { kind: 'missing', mailbox };
      const view = await folder.view();
      const uids = new Set(view.mails.map(({ uid }) => uid));
      const expunged = await expungeMails(folder, view, uids);
      switch (expunged.kind) {
        case 'busy':
          return { kind: 'locked', mailbox };
        case 'aborted':
        case 'no-keywords':
          return { kind: 'aborted' };
        case 'done': {
          const { uidValidity } = view;
          const events = expunged.all.map(
            ({ uid }): MailboxEvent => ({ name: 'message_expunge', mailbox, uid, uidValidity }),
          );
          if (events.length > 0) listener?.committed({ user, events });
          if (expunged.error !== undefined) return troubleOf(expunged.error, mailbox);
        }
      }
      await files.rm(trash, { recursive: true, force: true });
      await files.rename(folder.path, trash);
      await syncDirectory(files, root);
      listener?.committed({ user, events: [{ name: 'mailbox_delete', mailbox }] });
      // It is gone by its name; what of it is left is cleared away by the next one.
      await files.rm(trash, { recursive: true, force: true }).catch(() => undefined);
      if (view.guid !== '') await dropMetadata(this.#place, view.guid).catch(() => undefined);
      return DONE;
    } catch (error) {
      return troubleOf(error, mailbox);
    }
  }

  async rename(from: string, to: string): Promise<MailOutcome<undefined>> {
    const [old, target] = [readFolderName(from, this.separator), readFolderName(to, this.separator)];
    if (old.kind === 'bad') return { kind: 'bad-name', name: from, why: old.why };
    if (target.kind === 'bad') return { kind: 'bad-name', name: to, why: target.why };
    const refused = (why: string): MailTrouble => ({ kind: 'refused', mailbox: old.vname, why });
    if (old.directory === '' || target.directory === '') return refused('INBOX cannot be renamed');
    if (target.directory.startsWith(`${old.directory}.`)) return refused('it cannot be put below itself');
    const { listener, root, site, user } = this.#tree;
    const { files } = site.parts;
    try {
      const all = await this.#directories();
      const moved = all.filter((one) => one === old.directory || one.startsWith(`${old.directory}.`));
      if (moved.length === 0) return { kind: 'missing', mailbox: old.vname };
      const names = moved.map(
        (one) => [one, `${target.directory}${one.slice(old.directory.length)}`] as const,
      );
      const taken = names.find(([, name]) => all.includes(name));
      if (all.includes(target.directory) || taken !== undefined)
        return { kind: 'exists', mailbox: target.vname };
      for (const [, name] of names)
        if (folderNameOf(name, this.separator) === undefined)
          return { kind: 'bad-name', name: to, why: 'a name below it becomes too long' };
      for (const [one, name] of names) await files.rename(join(root, one), join(root, name));
      await syncDirectory(files, root);
    } catch (error) {
      return troubleOf(error, old.vname);
    }
    const event: MailboxEvent = { name: 'mailbox_rename', mailbox: target.vname, mailboxOld: old.vname };
    listener?.committed({ user, events: [event] });
    return DONE;
  }

  async subscribe(vname: string): Promise<MailOutcome<undefined>> {
    const opened = await this.#mailbox(vname).open();
    return opened.kind === 'done' ? this.#setSubscribed(vname, true) : opened;
  }

  unsubscribe(vname: string): Promise<MailOutcome<undefined>> {
    return this.#setSubscribed(vname, false);
  }

  async #setSubscribed(asked: string, isOn: boolean): Promise<MailOutcome<undefined>> {
    const read = readFolderName(asked, this.separator);
    if (read.kind === 'bad') return { kind: 'bad-name', name: asked, why: read.why };
    const { vname: mailbox } = read;
    const name = read.directory === '' ? 'INBOX' : read.directory.slice(1);
    try {
      const path = join(this.path, SUBSCRIPTIONS);
      const outcome = await changeFile(this.#place, path, MAX_SUBSCRIPTIONS, (lines) =>
        lines === undefined && !isOn ? undefined : withSubscription(lines, name, isOn),
      );
      if (outcome.kind === 'busy') return { kind: 'locked', mailbox };
      if (outcome.kind === 'aborted') return { kind: 'aborted' };
      if (outcome.isChanged) {
        const event: MailboxEvent = { name: isOn ? 'mailbox_subscribe' : 'mailbox_unsubscribe', mailbox };
        this.#tree.listener?.committed({ user: this.name, events: [event] });
      }
      return DONE;
    } catch (error) {
      // Where there is no tree nothing is subscribed to.
      return isMissing(error) && !isOn ? DONE : troubleOf(error, mailbox);
    }
  }

  async subscriptions(): Promise<MailOutcome<readonly string[]>> {
    try {
      const { files } = this.#tree.site.parts;
      const lines = (await readLines(files, join(this.path, SUBSCRIPTIONS), MAX_SUBSCRIPTIONS)) ?? [];
      const value = subscribedIn(lines).flatMap((name) =>
        name.toUpperCase() === 'INBOX' ? ['INBOX'] : (folderNameOf(`.${name}`, this.separator) ?? []),
      );
      return { kind: 'done', value };
    } catch (error) {
      return troubleOf(error, 'INBOX');
    }
  }

  get #place(): Parameters<typeof dropMetadata>[0] {
    const { root, signal, site } = this.#tree;
    return { root, signal, locks: site.locks, parts: site.parts };
  }

  /** Names on disk that may be folders. */
  async #directories(): Promise<readonly string[]> {
    const all: string[] = [];
    await eachEntry(this.#tree.site.parts.files, this.path, (entry) => {
      if (/^\.[^.]/.test(entry.name) && !entry.isFile()) all.push(entry.name);
      if (all.length > 2 * MAX_FOLDERS)
        throw Object.assign(new Error(`more than ${MAX_FOLDERS} folders`), { code: 'EFBIG' });
    });
    return all;
  }
}

function badName(vname: string, separator: '/' | '.'): MailTrouble {
  const read = readFolderName(vname, separator);
  return { kind: 'bad-name', name: vname, why: read.kind === 'bad' ? read.why : '' };
}
