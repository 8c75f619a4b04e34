// Methods of a mailbox of module `storage`.

import type { CallContext } from '../../lua-api/call-context.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import { type FunctionSpec, LuaError, type Param, type ResultSpec } from '../../lua-api/function-spec.ts';
import { bytes, optionalAnything, optionalBytes, optionalInteger } from '../../lua-api/params.ts';
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';
import { type Mail, type MailContent, type MailFlags, systemFlags } from '../../mailbox/port/mail.ts';
import type { MailUser } from '../../mailbox/port/mail-user.ts';
import type { FlagChange, Mailbox } from '../../mailbox/port/mailbox.ts';
import type { MailOutcome } from '../../mailbox/port/outcome.ts';
import { decodeUtf8, encodeUtf8 } from '../../text/utf8.ts';
import type { StorageUser } from './storage-user.ts';

export interface StorageBox {
  readonly user: StorageUser;
  /** Octets in latin1, as it was asked for. */
  readonly name: string;
}

/** Finds the message behind a path that a policy names. */
export type FindContent = (context: CallContext, path: string) => Promise<MailContent | string>;

/** A name that is no UTF-8 is none of a mailbox: the mark in front makes it a bad one. */
export const mailboxName = (octets: string): string => decodeUtf8(octets) ?? `~${octets}`;

/** uids and messages that one call may be about, or give. */
export const MOST = 10_000;

const method = luaMethod<StorageBox>();

/** In examples. */
const INBOX = "local box = storage.user('bob@example.com'):mailbox('INBOX')\n";
const WITH_MESSAGE =
  "local path = os.tmpname()\nlocal file = io.open(path, 'w')\nfile:write('Subject: hello\\r\\n\\r\\nHi.\\r\\n')\nfile:close()\n" +
  INBOX;
const SAVED = `${WITH_MESSAGE}local uid = box:save(path)\n`;

export const doneResult: ResultSpec = { name: 'done', type: 'boolean?', text: 'true when it is done; nil' };
export const causeResults: readonly ResultSpec[] = [
  { name: 'cause', type: 'storage.cause?', text: 'a word of `storage.cause` when it is not done' },
  { name: 'text', type: 'string', text: 'what is wrong, for people' },
];

const uidsParam: Param<readonly number[]> = {
  name: 'uid',
  crossing: 'value',
  type: 'integer|integer[]',
  fallback: undefined,
  text: `of the message; or an array of at most ${MOST}`,
  read(given: LuaValue) {
    const list = given instanceof Map ? [...given.values()] : [given];
    const uids = list.map(Number);
    if (uids.length > MOST || uids.some((uid) => !Number.isInteger(uid) || uid < 1)) {
      return { ok: false, expected: 'integer or array of integers' };
    }
    return { ok: true, value: uids };
  },
};

const listParam = (name: string, text: string): Param<LuaValue> => optionalAnything(name, 'string[]', text);

function wordsOf(what: string, given: LuaValue): readonly string[] {
  if (given === undefined || given === null) return [];
  if (typeof given === 'string') return [given];
  if (!(given instanceof Map)) throw new LuaError(`bad ${what} (array of strings expected)`);
  const words = [...given.values()];
  if (!words.every((word): word is string => typeof word === 'string'))
    throw new LuaError(`bad ${what} (array of strings expected)`);
  return words;
}

/** Flags in any case, with or without their backslash. */
function flagsOf(flags: LuaValue, keywords: LuaValue): MailFlags {
  const wanted = wordsOf('flags', flags).map((word) => {
    const known = systemFlags.find(
      (flag) => flag.slice(1).toLowerCase() === word.replace(/^\\/, '').toLowerCase(),
    );
    if (known === undefined)
      throw new LuaError(
        `bad flag ${JSON.stringify(word)} (${systemFlags.join(', ')} are there; others are keywords)`,
      );
    return known;
  });
  return {
    flags: systemFlags.filter((flag) => wanted.includes(flag)),
    keywords: [...new Set(wordsOf('keywords', keywords))],
  };
}

const boxOf = (user: MailUser, { name }: StorageBox): Mailbox => user.mailbox(mailboxName(name));

const shown = (mail: Mail): LuaRecord => ({
  uid: mail.uid,
  seq: mail.seq,
  flags: [...mail.flags],
  keywords: [...mail.keywords],
  recent: mail.isRecent,
});

/** A message of one mailbox into another, with its flags. */
async function copied(from: Mailbox, to: Mailbox, uid: number): Promise<MailOutcome<number | undefined>> {
  const mail = await from.mail(uid);
  if (mail.kind !== 'done') return mail;
  const [content, facts] = [await mail.value.open(), await mail.value.facts()];
  if (content.kind !== 'done') return content;
  const { flags, keywords } = mail.value;
  const internalDate = facts.kind === 'done' ? facts.value.internalDate : undefined;
  const saved = await to.save(content.value, { flags, keywords, internalDate });
  return saved.kind === 'done' ? { kind: 'done', value: saved.value.uid } : saved;
}

const one: Param<number> = {
  name: 'uid',
  type: 'integer',
  fallback: undefined,
  crossing: 'scalar',
  text: 'of the message',
  read: (given) =>
    Number.isInteger(Number(given)) && Number(given) > 0
      ? { ok: true, value: Number(given) }
      : { ok: false, expected: 'integer' },
};
const target = bytes('to', 'full name of the other mailbox, which has to be there');
const uidResult: ResultSpec = {
  name: 'uid',
  type: 'integer?',
  text: 'of the message there; 0 when whoever reads mail gives it one; nil',
};

const saving = (name: 'save' | 'deliver', text: string, findContent: FindContent): FunctionSpec =>
  method({
    name,
    suspends: true,
    params: [
      bytes('path', 'file of a message, such as the argument of `hook.dot`'),
      listParam('flags', '`\\\\Seen`, `\\\\Flagged` ... of it'),
      listParam('keywords', 'other words of it'),
    ],
    results: [uidResult, ...causeResults],
    text,
    examples: [`${WITH_MESSAGE}local uid, _, text = box:${name}(path, { '\\\\Seen' })\nassert(uid, text)`],
    call: (context, box, path, flags, keywords) => {
      const given = flagsOf(flags, keywords);
      return box.user.change(
        context,
        `${name} in ${box.name}`,
        async (user) => {
          const content = await findContent(context, path);
          if (typeof content === 'string') return { kind: 'failed', mailbox: path, why: content };
          return boxOf(user, box).save(content, { ...given, isDelivery: name === 'deliver' });
        },
        (saved) => [saved.uid ?? 0],
      );
    },
  });

export const boxClass = (findContent: FindContent): ClassSpec => ({
  name: 'storage_box',
  text: 'A mailbox of a user, which need not be there: it is looked for when something is done.',
  attributes: [
    {
      name: 'name',
      type: 'string',
      text: 'its full name, parts with `/` between them',
      read: (box) => (box as StorageBox).name,
    },
  ],
  toText: (box) => (box as StorageBox).name,
  same: (a, b) => {
    const [x, y] = [a as StorageBox, b as StorageBox];
    return x.name === y.name && x.user.identity.path === y.user.identity.path;
  },
  methods: [
    saving(
      'deliver',
      'Puts a copy of a message into the mailbox as new mail: `MessageNew`. The headers of a delivery (`Return-Path`) are not put in front. INBOX is made when it is not there. Suspends.',
      findContent,
    ),
    saving(
      'save',
      'The same, as something that was put there otherwise: `MessageAppend`. Suspends.',
      findContent,
    ),
    method({
      name: 'status',
      suspends: true,
      params: [],
      results: [
        {
          name: 'status',
          type: 'storage_status?',
          text: '`messages`, `recent`, `unseen`, `uidvalidity`, `uidnext`, `keywords`; nil',
        },
        ...causeResults,
      ],
      examples: [
        `${WITH_MESSAGE}box:deliver(path)\nlocal status = box:status()\nassert(status.messages > 0 and status.uidnext > 1)`,
      ],
      text: 'What there is in it. Suspends.',
      call: (context, box) =>
        box.user.ask(
          context,
          `status of ${box.name}`,
          (user) => boxOf(user, box).status(),
          (status) => [
            {
              ...{ messages: status.messages, recent: status.recent, unseen: status.unseen },
              ...{ uidvalidity: status.uidValidity, uidnext: status.uidNext, keywords: [...status.keywords] },
            },
          ],
        ),
    }),
    method({
      name: 'messages',
      suspends: true,
      params: [optionalInteger('most', `how many, the newest of them, ${MOST} at most`, 1000)],
      results: [
        {
          name: 'messages',
          type: 'storage_message[]?',
          text: 'an array by uid, each with `uid`, `seq`, `flags`, `keywords`, `recent`; nil',
        },
        ...causeResults,
      ],
      examples: [`${SAVED}local messages = box:messages(10)\nassert(messages[#messages].uid == uid)`],
      text: 'The messages in it. Suspends.',
      call: (context, box, most) =>
        box.user.ask(
          context,
          `messages of ${box.name}`,
          (user) => boxOf(user, box).mails(),
          (mails) => [mails.slice(-Math.max(1, Math.min(most, MOST))).map(shown)],
        ),
    }),
    method({
      name: 'flags',
      suspends: true,
      params: [
        uidsParam,
        bytes('how', '`add`, `remove` or `replace`'),
        listParam('flags', '`\\\\Seen`, `\\\\Flagged` ...'),
        listParam('keywords', 'other words'),
      ],
      results: [{ name: 'changed', type: 'integer?', text: 'how many messages; nil' }, ...causeResults],
      examples: [`${SAVED}assert(box:flags(uid, 'add', { '\\\\Flagged' }, { '$Work' }) == 1)`],
      text: 'Changes flags and keywords: `FlagsClear`, `FlagsSet`, `MessageRead`, `MessageTrash` for each message that has others then. A uid that is not there is passed over. Suspends.',
      call: (context, box, uids, how, flags, keywords) => {
        if (how !== 'add' && how !== 'remove' && how !== 'replace')
          throw new LuaError(`bad argument #2 to 'flags' ('add', 'remove' or 'replace' expected)`);
        const change: FlagChange = { ...flagsOf(flags, keywords), how };
        return box.user.change(
          context,
          `flags in ${box.name}`,
          (user) => boxOf(user, box).changeFlags(uids, change),
          (changed) => [changed],
        );
      },
    }),
    method({
      name: 'expunge',
      suspends: true,
      params: [uidsParam],
      results: [{ name: 'expunged', type: 'integer?', text: 'how many messages; nil' }, ...causeResults],
      examples: [`${SAVED}assert(box:expunge(uid) == 1)`],
      text: 'Removes messages for good: `MessageExpunge` for each. A uid that is not there is passed over. Suspends.',
      call: (context, box, uids) =>
        box.user.change(
          context,
          `expunge in ${box.name}`,
          (user) => boxOf(user, box).expunge(uids),
          (expunged) => [expunged],
        ),
    }),
    method({
      name: 'copy',
      suspends: true,
      params: [one, target],
      results: [uidResult, ...causeResults],
      examples: [`${SAVED}storage.user('bob@example.com'):create('Copies')\nassert(box:copy(uid, 'Copies'))`],
      text: 'Puts a copy of a message into another mailbox of the user, with its flags and keywords: `MessageAppend`. Suspends.',
      call: (context, box, uid, to) =>
        box.user.change(
          context,
          `copy of ${box.name}`,
          (user) => copied(boxOf(user, box), user.mailbox(mailboxName(to)), uid),
          (its) => [its ?? 0],
        ),
    }),
    method({
      name: 'move',
      suspends: true,
      params: [one, target],
      results: [uidResult, ...causeResults],
      examples: [`${SAVED}storage.user('bob@example.com'):create('Moved')\nassert(box:move(uid, 'Moved'))`],
      text: 'Copies it, then expunges it: `MessageAppend`, `MessageExpunge`. When it cannot be expunged it is in both. Suspends.',
      call: (context, box, uid, to) =>
        box.user.change(
          context,
          `move of ${box.name}`,
          async (user) => {
            const from = boxOf(user, box);
            const copy = await copied(from, user.mailbox(mailboxName(to)), uid);
            if (copy.kind !== 'done') return copy;
            const gone = await from.expunge([uid]);
            return gone.kind === 'done' ? copy : gone;
          },
          (its) => [its ?? 0],
        ),
    }),
    method({
      name: 'metadata',
      suspends: true,
      params: [bytes('key', 'begins with `/private/` or `/shared/`')],
      results: [{ name: 'value', type: 'string?', text: 'nil when there is none' }, ...causeResults],
      examples: [
        `${WITH_MESSAGE}box:deliver(path)\nassert(box:set_metadata('/private/comment', 'mine'))\nassert(box:metadata('/private/comment') == 'mine')`,
      ],
      text: 'An annotation (RFC 5464). Suspends.',
      call: (context, box, key) =>
        box.user.ask(
          context,
          `metadata of ${box.name}`,
          (user) => boxOf(user, box).metadata.get(key),
          (value) => [value],
        ),
    }),
    method({
      name: 'set_metadata',
      suspends: true,
      params: [
        bytes('key', 'begins with `/private/` or `/shared/`'),
        optionalBytes('value', 'nil removes it', undefined),
      ],
      results: [doneResult, ...causeResults],
      examples: [`${WITH_MESSAGE}box:deliver(path)\nassert(box:set_metadata('/private/comment', nil))`],
      text: 'Sets an annotation, or removes it. No event. Suspends.',
      call: (context, box, key, value) =>
        box.user.ask(
          context,
          `metadata of ${box.name}`,
          (user) => {
            const { metadata } = boxOf(user, box);
            return value === undefined ? metadata.unset(key) : metadata.set(key, value);
          },
          () => [true],
        ),
    }),
  ],
});

export const listed = (vname: string): string => encodeUtf8(vname);
