// A mailbox of the port over a folder of Maildir++.
import { join } from 'node:path';
import { type AnnotatedMailbox, createMetadata } from './attribute-file.ts';
import { type ChangeOutcome, changeFlags, expungeMails } from './change-mails.ts';
import { stampAt } from './disk.ts';
import { flagEvents } from './flag-events.ts';
import { Folder, type FolderSite } from './folder.ts';
import { type FolderName, readFolderName } from './folder-name.ts';
import type { FolderView } from './folder-view.ts';
import { eachInPieces } from './in-pieces.ts';
import { keywordProblem, nameOf } from './keyword-file.ts';
import { readBlocks } from './mail-blocks.ts';
import { FoundFile } from './mail-file.ts';
import { isSeen } from './mail-name.ts';
import { MailRecord } from './mail-record.ts';
import { changesIn } from './modseq.ts';
import type { Mail, MailBlocks, MailContent, MailFile, MailFlags } from './port/mail.ts';
import type { FlagChange, Mailbox, MailboxStatus, MailboxUse, Saved, SaveFacts } from './port/mailbox.ts';
import type { MailboxEvent, MailboxListener } from './port/mailbox-event.ts';
import type { Metadata } from './port/metadata.ts';
import type { MailOutcome, MailTrouble } from './port/outcome.ts';
import { putMail } from './put-mail.ts';
import { countIn, hasRoom } from './quota.ts';
import { troubleOf } from './trouble.ts';
import { readUidList } from './uid-list.ts';

/** The tree that a mailbox is in. */
export interface Tree {
  readonly site: FolderSite;
  readonly user: string;
  readonly root: string;
  readonly separator: '/' | '.';
  readonly signal: AbortSignal;
  readonly listener: MailboxListener | undefined;
  readonly nextName: () => string;
  subscribe(vname: string): Promise<MailOutcome<undefined>>;
}

export class MaildirMailbox implements Mailbox {
  readonly vname: string;
  readonly name: string;
  readonly isInbox: boolean;
  readonly metadata: Metadata;
  readonly #tree: Tree;
  readonly #use: MailboxUse;
  readonly #folder: Folder | undefined;
  readonly #read: FolderName;

  constructor(tree: Tree, vname: string, use: MailboxUse) {
    this.#tree = tree;
    this.#use = use;
    this.#read = readFolderName(vname, tree.separator);
    this.vname = this.#read.kind === 'name' ? this.#read.vname : vname;
    this.name = this.#read.kind === 'name' ? this.#read.name : vname;
    this.isInbox = this.vname === 'INBOX';
    this.#folder =
      this.#read.kind === 'name'
        ? new Folder(tree.site, join(tree.root, this.#read.directory), tree.signal)
        : undefined;
    this.metadata = this.annotated(false);
  }

  get folder(): Folder | undefined {
    return this.#folder;
  }

  /** Annotations of this mailbox, or those of the user that lie in it. */
  annotated(isUser: boolean): Metadata {
    const { root, signal, site } = this.#tree;
    const about: AnnotatedMailbox = {
      place: { root, signal, locks: site.locks, parts: site.parts },
      ...{ mailbox: this.vname, isUser, guid: (make) => this.#guid(make) },
    };
    return createMetadata(about);
  }

  open(): Promise<MailOutcome<undefined>> {
    return this.#with(async (folder) => {
      await folder.site.parts.files.stat(join(folder.path, 'cur'));
      return undefined;
    });
  }

  sync(): Promise<MailOutcome<undefined>> {
    return this.#with(async (folder) => {
      await folder.view();
      return undefined;
    });
  }

  status(): Promise<MailOutcome<MailboxStatus>> {
    return this.#with(async (folder) => {
      const view = await folder.view();
      let [recent, unseen, firstUnseen] = [0, 0, 0];
      await eachInPieces(view.mails.entries(), ([at, { fileName, isNew }]) => {
        if (isNew) recent++;
        if (isSeen(fileName)) return;
        unseen++;
        if (firstUnseen === 0) firstUnseen = at + 1;
      });
      return {
        messages: view.mails.length,
        ...{ recent, unseen, firstUnseenSeq: firstUnseen },
        ...{ uidValidity: view.uidValidity, uidNext: view.uidNext },
        firstRecentUid: view.mails.find(({ isNew }) => isNew)?.uid ?? view.uidNext,
        highestModseq: view.uidNext + (await changesIn(folder.site.parts, folder.path)),
        keywords: keywordsOf(view),
      };
    });
  }

  mails(): Promise<MailOutcome<readonly Mail[]>> {
    return this.#with(async (folder) => {
      const { keywords, mails } = await folder.view();
      const records: Mail[] = [];
      await eachInPieces(mails, (mail) =>
        records.push(new MailRecord(folder, this.vname, mail, records.length + 1, keywords)),
      );
      return records;
    });
  }

  files(): Promise<MailOutcome<readonly MailFile[]>> {
    return this.#with(async (folder) => {
      const files: MailFile[] = [];
      await eachInPieces((await folder.files()).values(), (found) =>
        files.push(new FoundFile(folder, this.vname, found)),
      );
      return files;
    });
  }

  async blocks(files: readonly MailFile[]): Promise<MailOutcome<MailBlocks>> {
    const folder = this.#folder;
    const blocks =
      folder === undefined
        ? undefined
        : await readBlocks(folder, files).catch((error: unknown) => troubleOf(error, this.vname));
    if (this.#tree.signal.aborted) return { kind: 'aborted' };
    if (blocks === undefined) return { kind: 'missing', mailbox: this.vname };
    return 'kind' in blocks ? blocks : { kind: 'done', value: blocks };
  }

  async mail(uid: number): Promise<MailOutcome<Mail>> {
    const found = await this.#with(async (folder) => {
      const { keywords, mails } = await folder.view();
      const at = mails.findIndex((mail) => mail.uid === uid);
      const mail = mails[at];
      return mail === undefined ? undefined : new MailRecord(folder, this.vname, mail, at + 1, keywords);
    });
    if (found.kind !== 'done') return found;
    return found.value === undefined
      ? { kind: 'missing', mailbox: this.vname }
      : { kind: 'done', value: found.value };
  }

  async save(content: MailContent, facts: SaveFacts): Promise<MailOutcome<Saved>> {
    const wrong = this.#refusal() ?? keywordTrouble(facts);
    if (wrong !== undefined) return wrong;
    const there = await this.#with(async (folder) => {
      await folder.site.parts.files.stat(folder.path);
      return folder;
    });
    if (there.kind !== 'done') return there;
    const folder = there.value;
    const { listener, root, user } = this.#tree;
    const { files } = folder.site.parts;
    try {
      if (!(await hasRoom(files, root, 1)))
        return { kind: 'full', mailbox: this.vname, why: 'over its quota' };
    } catch (error) {
      return troubleOf(error, this.vname);
    }
    const put = await putMail(folder, this.#tree.nextName(), {
      ...{ content, flags: facts.flags, keywords: facts.keywords, internalDate: facts.internalDate },
      make: () => folder.make(this.isInbox ? undefined : root),
    });
    const event = (uid?: number, uidValidity?: number): MailboxEvent => ({
      name: facts.isDelivery === true ? 'message_new' : 'message_append',
      ...{ mailbox: this.vname, uid, uidValidity, content, flags: facts.flags, keywords: facts.keywords },
    });
    switch (put.kind) {
      case 'stored': {
        const { base, size, uid, uidValidity } = put;
        await countIn(files, root, size);
        listener?.committed({ user, events: [event(uid, uidValidity)] });
        return { kind: 'done', value: { uid, uidValidity, fileName: base } };
      }
      case 'failed': {
        if (!put.mayBeStored) listener?.rolledBack?.({ user, events: [event()] });
        return troubleOf(put.error, this.vname);
      }
      case 'aborted':
      case 'busy':
      case 'no-keywords':
        listener?.rolledBack?.({ user, events: [event()] });
        return this.#trouble(put.kind);
    }
  }

  async changeFlags(uids: readonly number[], change: FlagChange): Promise<MailOutcome<number>> {
    const wrong = this.#refusal() ?? keywordTrouble(change);
    if (wrong !== undefined) return wrong;
    return this.#change(
      (folder, view) => changeFlags(folder, view, new Set(uids), change),
      (changed, uidValidity) => flagEvents(this.vname, uidValidity, changed),
    );
  }

  async expunge(uids: readonly number[]): Promise<MailOutcome<number>> {
    const wrong = this.#refusal();
    if (wrong !== undefined) return wrong;
    let octets = 0;
    let count = 0;
    const outcome = await this.#change(
      (folder, view) => expungeMails(folder, view, new Set(uids)),
      ({ size, uid }, uidValidity) => {
        octets += size;
        count++;
        return [{ name: 'message_expunge', mailbox: this.vname, uid, uidValidity }];
      },
    );
    if (count > 0) await countIn(this.#tree.site.parts.files, this.#tree.root, -octets, -count);
    return outcome;
  }

  async #change<T>(
    work: (folder: Folder, view: FolderView) => Promise<ChangeOutcome<T>>,
    eventsOf: (one: T, uidValidity: number) => readonly MailboxEvent[],
  ): Promise<MailOutcome<number>> {
    const outcome = await this.#with(async (folder) => {
      const view = await folder.view();
      const done = await work(folder, view);
      if (done.kind === 'done') {
        const events = done.all.flatMap((one) => eventsOf(one, view.uidValidity));
        if (events.length > 0) this.#tree.listener?.committed({ user: this.#tree.user, events });
      }
      return done;
    });
    if (outcome.kind !== 'done') return outcome;
    const { value: done } = outcome;
    if (done.kind !== 'done') return this.#trouble(done.kind);
    if (done.error === undefined) return { kind: 'done', value: done.all.length };
    return this.#tree.signal.aborted ? { kind: 'aborted' } : troubleOf(done.error, this.vname);
  }

  /** Makes it where it may be made. */
  async create(): Promise<MailOutcome<undefined>> {
    const folder = this.#folder;
    if (this.#read.kind === 'bad') return this.#bad(this.#read.why);
    if (folder === undefined) return { kind: 'missing', mailbox: this.vname };
    const { files } = this.#tree.site.parts;
    try {
      if (await folder.isThere()) return { kind: 'exists', mailbox: this.vname };
      const facts = await files.stat(folder.path).catch(() => undefined);
      if (facts !== undefined && !facts.isDirectory())
        return { kind: 'refused', mailbox: this.vname, why: 'there is a file of that name' };
      if (!this.isInbox && (await stampAt(files, this.#tree.root)) === undefined) {
        const inbox = await new MaildirMailbox(this.#tree, 'INBOX', {}).create();
        if (inbox.kind !== 'done' && inbox.kind !== 'exists') return inbox;
      }
      await folder.make(this.isInbox ? undefined : this.#tree.root);
    } catch (error) {
      return troubleOf(error, this.vname);
    }
    const { listener, user } = this.#tree;
    listener?.committed({ user, events: [{ name: 'mailbox_create', mailbox: this.vname }] });
    return { kind: 'done', value: undefined };
  }

  /** Does something with the folder, which is made first where that is wanted. */
  async #with<T>(work: (folder: Folder) => Promise<T>): Promise<MailOutcome<T>> {
    const folder = this.#folder;
    if (this.#read.kind === 'bad') return this.#bad(this.#read.why);
    if (folder === undefined) return { kind: 'missing', mailbox: this.vname };
    if (this.#tree.signal.aborted) return { kind: 'aborted' };
    try {
      if (!(await folder.isThere())) {
        if (!this.isInbox && this.#use.autoCreate !== true) return { kind: 'missing', mailbox: this.vname };
        const made = await this.create();
        if (made.kind !== 'done' && made.kind !== 'exists') return made;
        if (made.kind === 'done' && this.#use.autoSubscribe === true) {
          const subscribed = await this.#tree.subscribe(this.vname);
          if (subscribed.kind !== 'done') return subscribed;
        }
      }
      return { kind: 'done', value: await work(folder) };
    } catch (error) {
      return this.#tree.signal.aborted ? { kind: 'aborted' } : troubleOf(error, this.vname);
    }
  }

  async #guid(make: boolean): Promise<MailOutcome<string | undefined>> {
    const folder = this.#folder;
    if (!make && folder !== undefined) {
      try {
        if (!(await folder.isThere()))
          return this.isInbox ? { kind: 'done', value: undefined } : { kind: 'missing', mailbox: this.vname };
        const list = await readUidList(folder.site.parts, folder.path);
        const guid = list.kind === 'list' ? list.header.guid : '';
        return { kind: 'done', value: guid === '' ? undefined : guid };
      } catch (error) {
        return troubleOf(error, this.vname);
      }
    }
    const view = await this.#with((one) => one.view());
    if (view.kind !== 'done') return view;
    return view.value.guid === ''
      ? { kind: 'locked', mailbox: this.vname }
      : { kind: 'done', value: view.value.guid };
  }

  #refusal(): MailTrouble | undefined {
    return this.#use.readOnly === true
      ? { kind: 'refused', mailbox: this.vname, why: 'it was opened to be read' }
      : undefined;
  }

  #bad(why: string): MailTrouble {
    return { kind: 'bad-name', name: this.vname, why };
  }

  #trouble(kind: 'aborted' | 'busy' | 'no-keywords'): MailTrouble {
    switch (kind) {
      case 'aborted':
        return { kind };
      case 'busy':
        return { kind: 'locked', mailbox: this.vname };
      case 'no-keywords':
        return this.#bad('a mailbox has 26 keywords at most');
    }
  }
}

const keywordsOf = ({ keywords }: FolderView): readonly string[] =>
  keywords.flatMap((name, number) => (name === undefined ? [] : [nameOf(keywords, number)]));

function keywordTrouble({ keywords }: MailFlags): MailTrouble | undefined {
  for (const name of keywords) {
    const why = keywordProblem(name);
    if (why !== undefined) return { kind: 'bad-name', name, why };
  }
  return undefined;
}
