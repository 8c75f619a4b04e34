// Somebody's mail in memory, behind the port of mailbox/.
import type { Mail, MailContent } from '../../src/mailbox/port/mail.ts';
import type {
  MailUser,
  MailUserIdentity,
  MailUserParts,
  MailUsers,
} from '../../src/mailbox/port/mail-user.ts';
import type { Mailbox, MailboxStatus, MailboxUse } from '../../src/mailbox/port/mailbox.ts';
import type { Metadata } from '../../src/mailbox/port/metadata.ts';
import type { MailOutcome, MailTrouble } from '../../src/mailbox/port/outcome.ts';

export interface FakeMessage {
  readonly content: Buffer;
  flags: string[];
  keywords: string[];
  isRecent: boolean;
}

export interface FakeBox {
  readonly uidValidity: number;
  uidNext: number;
  readonly messages: Map<number, FakeMessage>;
  readonly metadata: Map<string, string>;
  keywords: string[];
}

/** By the path of the user, then the full name. */
export class FakeMail implements MailUsers {
  readonly boxes = new Map<string, Map<string, FakeBox>>();
  readonly metadata = new Map<string, Map<string, string>>();

  box(path: string, vname: string): FakeBox {
    const all = this.boxes.get(path) ?? new Map<string, FakeBox>();
    this.boxes.set(path, all);
    const present = all.get(vname);
    if (present !== undefined) return present;
    const made: FakeBox = {
      uidValidity: 1700000000,
      uidNext: 1,
      messages: new Map(),
      metadata: new Map(),
      keywords: [],
    };
    all.set(vname, made);
    return made;
  }

  /** As delivery does it: gives the uid. */
  deliver(
    path: string,
    content: Buffer,
    vname = 'INBOX',
  ): { uid: number; uidValidity: number; content: MailContent } {
    const box = this.box(path, vname);
    const uid = box.uidNext++;
    box.messages.set(uid, { content, flags: [], keywords: [], isRecent: true });
    return { uid, uidValidity: box.uidValidity, content: contentOf(content) };
  }

  user(identity: MailUserIdentity, _parts: MailUserParts): MailUser {
    const boxes = (): Map<string, FakeBox> => this.boxes.get(identity.path) ?? new Map();
    const own = this.metadata.get(identity.path) ?? new Map<string, string>();
    this.metadata.set(identity.path, own);
    const no = (): Promise<MailTrouble> => Promise.resolve({ kind: 'refused', mailbox: '', why: 'not here' });
    return {
      ...{ name: identity.name, path: identity.path, separator: '/' },
      metadata: metadataIn(() => own, ''),
      mailbox: (name, use) => mailboxOf(boxes, /^inbox$/i.test(name) ? 'INBOX' : name, use),
      ...{ list: no, create: no, delete: no, rename: no, subscribe: no, unsubscribe: no, subscriptions: no },
    };
  }
}

export const contentOf = (content: Buffer): MailContent => ({
  pieces: [content],
  async *read() {
    yield content;
  },
});

const done = <T>(value: T): Promise<MailOutcome<T>> => Promise.resolve({ kind: 'done', value });

function metadataIn(values: () => Map<string, string> | undefined, mailbox: string): Metadata {
  const with_ = <T>(work: (map: Map<string, string>) => T): Promise<MailOutcome<T>> => {
    const map = values();
    return map === undefined ? Promise.resolve({ kind: 'missing', mailbox }) : done(work(map));
  };
  return {
    get: (key) => with_((map) => map.get(key)),
    set: (key, value) => with_((map) => void map.set(key, value)),
    unset: (key) => with_((map) => void map.delete(key)),
    list: (prefix) => with_((map) => new Map([...map].filter(([key]) => key.startsWith(prefix)))),
  };
}

function mailboxOf(boxes: () => Map<string, FakeBox>, vname: string, _use?: MailboxUse): Mailbox {
  const missing = { kind: 'missing', mailbox: vname } as const;
  const of = <T>(work: (box: FakeBox) => T): Promise<MailOutcome<T>> => {
    const box = boxes().get(vname);
    return box === undefined ? Promise.resolve(missing) : done(work(box));
  };
  const no = (): Promise<MailTrouble> =>
    Promise.resolve({ kind: 'refused', mailbox: vname, why: 'not here' });
  const mailOf = (box: FakeBox, uid: number): Mail | undefined => {
    const message = box.messages.get(uid);
    if (message === undefined) return undefined;
    const facts = { size: message.content.length, virtualSize: message.content.length, internalDate: 0 };
    return {
      ...{ uid, seq: [...box.messages.keys()].indexOf(uid) + 1, isRecent: message.isRecent },
      ...{ flags: [], keywords: message.keywords },
      ...{ base: `${uid}.fake`, isSeen: false },
      head: (into: Buffer) =>
        done({ octets: message.content.subarray(0, into.length), size: message.content.length, arrived: 0 }),
      facts: () => done(facts),
      open: () => done(contentOf(message.content)),
    };
  };
  return {
    ...{ vname, name: vname.replaceAll('/', '.'), isInbox: vname === 'INBOX' },
    metadata: metadataIn(() => boxes().get(vname)?.metadata, vname),
    open: () => of(() => undefined),
    sync: () => of(() => undefined),
    status: () => of(statusOf),
    mails: () => of((box) => [...box.messages.keys()].flatMap((uid) => mailOf(box, uid) ?? [])),
    files: () => of((box) => [...box.messages.keys()].flatMap((uid) => mailOf(box, uid) ?? [])),
    // Each is asked by itself.
    blocks: () => Promise.resolve(missing),
    mail: async (uid) => {
      const found = await of((box) => mailOf(box, uid));
      if (found.kind !== 'done') return found;
      return found.value === undefined ? missing : { kind: 'done', value: found.value };
    },
    ...{ save: no, changeFlags: no, expunge: no },
  };
}

function statusOf(box: FakeBox): MailboxStatus {
  const all = [...box.messages.entries()];
  const isUnseen = ({ flags }: FakeMessage): boolean => !flags.includes('\\Seen');
  return {
    messages: all.length,
    recent: all.filter(([, one]) => one.isRecent).length,
    unseen: all.filter(([, one]) => isUnseen(one)).length,
    uidValidity: box.uidValidity,
    uidNext: box.uidNext,
    firstUnseenSeq: all.findIndex(([, one]) => isUnseen(one)) + 1,
    firstRecentUid: all.find(([, one]) => one.isRecent)?.[0] ?? box.uidNext,
    highestModseq: all.length + 1,
    keywords: box.keywords,
  };
}
