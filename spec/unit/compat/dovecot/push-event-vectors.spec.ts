// The events that Dovecot 2.3.19.1 told of operations on mailboxes (spec/vectors/dovecot.json), made here by the same operations in a real maildir. uids,
// the numbers of transactions and \Recent are left out: they depend on what the recording did before (\Recent is a message here that no mail
// reader has taken out of new/).

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../../src/base/clock.ts';
import { createMaildir, type Maildir } from '../../../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../../../src/mailbox/maildir-user.ts';
import { ofThisProcess } from '../../../../src/mailbox/parts.ts';
import type { MailFlags } from '../../../../src/mailbox/port/mail.ts';
import type { MailUser } from '../../../../src/mailbox/port/mail-user.ts';
import { contentOf } from '../../../fakes/fake-mail.ts';
import { type PushRig, startPush } from '../../../fakes/push-scripts.ts';
import { octets } from '../../../fakes/push-vectors.ts';
import { type RecordedCall, replayed, vectorScripts } from './vector-rows.ts';

const rows = replayed.events;

const parts = { ...ofThisProcess(), clock: systemClock, random: systemRandom, hostName: 'mx.example.test' };
const users = createMailUsers(parts);
const maildir: Maildir = createMaildir(parts);
const signal = new AbortController().signal;

const MESSAGE = Buffer.from(
  'From: "Alice Ä" <alice@sender.example.test>\r\nTo: Bob <bob@example.test>, carol@example.test\r\nSubject: Hello  there\r\n' +
    'Date: Tue, 4 Nov 2025 10:20:30 +0200\r\nMessage-ID: <m1@sender.example.test>\r\n\r\nFirst line of text.\r\n\r\nSecond paragraph\twith tab.\r\n',
);
const BARE = Buffer.from('From: alice@sender.example.test\r\n\r\nno subject, no To, no Date\r\n');

let directory = '';
let rig: PushRig;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-push-'));
  // Of the recording's serializer only that its lines can be read again.
  const script = octets(vectorScripts['push/dump'] ?? '')
    .replace(/^local function ser[\s\S]*?\nend\n/m, "local ser = require('json').encode\n")
    .replaceAll('"NOTE ', '"');
  const started = await startPush({ 'script.lua': script }, { 'push-script': 'script.lua' }, users);
  if ('problem' in started) throw new Error(started.problem);
  rig = started;
});
afterAll(async () => {
  rig.close();
  await rm(directory, { recursive: true, force: true });
});

const flagged = (flags: MailFlags['flags'], keywords: readonly string[] = []): MailFlags => ({
  flags,
  keywords,
});
const put = (user: MailUser, box: string, how: MailFlags, message = BARE) =>
  user.mailbox(box).save(contentOf(message), how);
const change = (user: MailUser, how: 'add' | 'remove', uids: readonly number[], its: MailFlags) =>
  user.mailbox('INBOX').changeFlags(uids, { ...its, how });

/** What is there before, and what is done. */
interface Operation {
  readonly before?: (user: MailUser) => Promise<unknown>;
  readonly done: (user: MailUser) => Promise<unknown>;
}

const two = async (user: MailUser): Promise<void> => {
  await put(user, 'INBOX', flagged(['\\Seen']));
  await put(user, 'INBOX', flagged([]));
};
const withBoxes = async (user: MailUser): Promise<void> => {
  await user.create('Work');
  await user.create('Work/Sub');
};
const onlySeen = { before: (user: MailUser) => put(user, 'INBOX', flagged([])) };

/** A message of INBOX into another mailbox; then it is removed. */
async function transfer(user: MailUser, isMove: boolean, uid = 1): Promise<void> {
  const from = user.mailbox('INBOX');
  const mail = await from.mail(uid);
  if (mail.kind !== 'done') throw new Error(mail.kind);
  const content = await mail.value.open();
  if (content.kind !== 'done') throw new Error(content.kind);
  await user.mailbox('Work/Sub').save(content.value, mail.value);
  if (isMove) await from.expunge([uid]);
}

const operations: Readonly<Record<string, Operation>> = {
  'set-seen-again': { before: two, done: (user) => change(user, 'add', [1], flagged(['\\Seen'])) },
  'set-flagged-answered': {
    before: two,
    done: (user) => change(user, 'add', [1, 2], flagged(['\\Answered', '\\Flagged'])),
  },
  'set-keyword': { before: two, done: (user) => change(user, 'add', [1], flagged([], ['$Work', 'Later'])) },
  'clear-keyword': {
    before: (user) => put(user, 'INBOX', flagged(['\\Seen'], ['$Work', 'Later'])),
    done: (user) => change(user, 'remove', [1], flagged([], ['Later'])),
  },
  'fetch-body-sets-seen': { ...onlySeen, done: (user) => change(user, 'add', [1], flagged(['\\Seen'])) },
  'undelete-and-delete': {
    ...onlySeen,
    done: async (user) => {
      await change(user, 'add', [1], flagged(['\\Deleted']));
      await change(user, 'remove', [1], flagged(['\\Deleted']));
    },
  },
  subscribe: { before: withBoxes, done: (user) => user.subscribe('Work/Sub') },
  'subscribe-nonexistent': { done: (user) => user.subscribe('NoSuch') },
  append: {
    before: withBoxes,
    done: (user) => put(user, 'Work/Sub', flagged(['\\Flagged', '\\Seen'], ['$Kw']), MESSAGE),
  },
  copy: {
    before: async (user) => {
      await withBoxes(user);
      await put(user, 'INBOX', flagged(['\\Draft'], ['$New']), MESSAGE);
    },
    done: (user) => transfer(user, false),
  },
  move: {
    before: async (user) => {
      await withBoxes(user);
      await put(user, 'INBOX', flagged(['\\Answered', '\\Flagged']));
    },
    done: (user) => transfer(user, true),
  },
  'create-utf7': { done: (user) => user.create('Entwürfe') },
  delete: {
    before: async (user) => {
      await user.create('Work/Renamed');
      for (let n = 0; n < 4; n++) await put(user, 'Work/Renamed', flagged([]));
    },
    done: (user) => user.delete('Work/Renamed'),
  },
  'doveadm-expunge': { ...onlySeen, done: (user) => user.mailbox('INBOX').expunge([1]) },
  'doveadm-flags': { ...onlySeen, done: (user) => change(user, 'add', [1], flagged([], ['$Doveadm'])) },
};

/** Another order, or a row that is cut short in the file. */
const differences: Readonly<
  Record<string, { readonly calls: readonly RecordedCall[]; readonly why: string }>
> = {
  'push/doveadm-flags': {
    calls: [
      ['begin_txn', 0],
      [
        'flags_clear',
        0,
        { flags: [], flags_old: [], keywords: [], keywords_old: [], mailbox: 'INBOX', name: 'FlagsClear' },
      ],
      ['flags_set', 0, { flags: [], keywords: ['$Doveadm'], mailbox: 'INBOX', name: 'FlagsSet' }],
      ['end_txn', 0],
    ],
    why: 'the row has the beginning of a log only: the same events, with no more to compare',
  },
};

function withoutPlace(about: unknown): unknown {
  if (typeof about !== 'object' || about === null) return undefined;
  const { uid: _, uid_validity: __, flags_old: old, ...rest } = about as Record<string, unknown>;
  const kept = Array.isArray(old) ? { flags_old: old.filter((flag) => flag !== '\\Recent') } : {};
  return JSON.parse(octets(JSON.stringify({ ...rest, ...kept })));
}

const comparable = (calls: readonly RecordedCall[]): readonly unknown[] =>
  calls.map(([name, , about]) => (name.endsWith('_txn') ? [name] : [name, withoutPlace(about)]));

/** Of a move both transactions begin first there. */
const inOurOrder = (id: string, calls: readonly unknown[]): readonly unknown[] =>
  id === 'push/move' ? [0, 2, 3, 1, 4, 5].map((at) => calls[at]) : calls;

function heard(lines: readonly string[]): readonly unknown[] {
  return lines.flatMap((line) => {
    const [, name = '', rest = ''] = /^info: (\w+) (.*)$/s.exec(line) ?? [];
    if (name.endsWith('_txn')) return [[name]];
    const json = /^ctx=\d+ third=nil (\{.*\})$/s.exec(rest)?.[1];
    if (json === undefined) return [];
    return [[name, JSON.parse(JSON.stringify(withoutPlaceOfOurs(JSON.parse(json))))]];
  });
}

/** Ours are octets already; an empty list is an empty table in Lua. */
function withoutPlaceOfOurs(about: Record<string, unknown>): unknown {
  const { uid: _, uid_validity: __, flags_old: old, ...rest } = about;
  return { ...rest, ...(Array.isArray(old) && { flags_old: old.filter((flag) => flag !== '\\Recent') }) };
}

describe('events as Dovecot tells them', () => {
  it('are all of the file', () => {
    const names = rows.map(({ id }) => id.replace('push/', ''));
    expect(names.filter((name) => !name.startsWith('deliver-') && operations[name] === undefined)).toEqual(
      [],
    );
  });

  it.each(rows.map((one) => [one.id, one] as const))('%s', async (id, given) => {
    const name = id.replace('push/', '');
    const path = join(directory, name);
    await mkdir(path);
    const identity = { name: 'bob', path };
    const quiet = users.user(identity, { signal });
    await put(quiet, 'Other', flagged([]));
    await operations[name]?.before?.(quiet);
    if (name.startsWith('deliver-')) await quiet.mailbox('INBOX').save(contentOf(BARE), flagged([]));
    await rig.told();
    rig.said();
    const opened = await rig.scripts.open(identity, { session: 'S1', log: rig.log, signal });
    if (opened?.kind !== 'open') throw new Error('not opened');
    const { listener } = opened;
    const content = contentOf(Buffer.from(given.message ?? '', 'utf8'));
    if (name.startsWith('deliver-')) await maildir.store(path, content, signal, { user: 'bob', listener });
    else await operations[name]?.done(users.user(identity, { signal, listener }));
    opened.close();
    await rig.told();
    const theirs = differences[id]?.calls ?? given.calls ?? [];
    expect(heard(rig.said())).toEqual(inOurOrder(id, comparable(theirs)));
  });
});
