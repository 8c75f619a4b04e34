// What lib-lua/dovecot has of somebody's mail: mailboxes by full name, metadata, settings. What cannot be done is a text for the script, and never
// an exception. Names cross as UTF-8 octets in latin1.

import type { CallContext } from '../../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../../lua-api/function-spec.ts';
import { bytes, integer, optionalBytes } from '../../../lua-api/params.ts';
import type { Mailbox, MailboxStatus } from '../../../mailbox/port/mailbox.ts';
import type { Metadata } from '../../../mailbox/port/metadata.ts';
import { type MailOutcome, troubleText } from '../../../mailbox/port/outcome.ts';
import { decodeUtf8, encodeUtf8 } from '../../../text/utf8.ts';
import { MAIL_ACCESS } from './mail-access.ts';

/** A name that is no UTF-8 is none of a mailbox: the mark in front makes it a bad one. */
const nameOf = (octets: string): string => decodeUtf8(octets) ?? `~${octets}`;

/** Octets that are UTF-16 text here. */
const inLua = (text: string): string => encodeUtf8(text);

/** First what is wrong, or nil. */
function suspended<T>(
  what: string,
  done: Promise<MailOutcome<T>>,
  results: (value: T) => LuaResults,
): Suspension {
  return {
    kind: 'suspension',
    describe: () => what,
    done: done.then((outcome) =>
      outcome.kind === 'done' ? [undefined, ...results(outcome.value)] : [inLua(troubleText(outcome))],
    ),
    // The signal of the user's mail ends what it waits for.
    cancel: () => undefined,
  };
}

const mailbox = (context: CallContext, name: string): Mailbox =>
  MAIL_ACCESS.in(context).user.mailbox(nameOf(name));

const statusRecord = (status: MailboxStatus): LuaResults => [
  {
    messages: status.messages,
    recent: status.recent,
    unseen: status.unseen,
    uidvalidity: status.uidValidity,
    uidnext: status.uidNext,
    first_unseen_seq: status.firstUnseenSeq,
    first_recent_uid: status.firstRecentUid,
    modseq: status.highestModseq,
    keywords: [...status.keywords],
  },
];

const nothing = (): LuaResults => [];

function metadataCall(metadata: Metadata, what: string, key: string, value: string | undefined): Suspension {
  const label = `metadata_${what} ${key}`;
  switch (what) {
    case 'get':
      return suspended(label, metadata.get(key), (found) => [found]);
    case 'list':
      return suspended(label, metadata.list(key), (found) => [new Map(found)]);
    case 'set':
      return suspended(label, metadata.set(key, value ?? ''), nothing);
    default:
      return suspended(label, metadata.unset(key), nothing);
  }
}

const name = bytes('name', 'Full name of a mailbox.');

export const mailFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'dovecot_plugin',
    params: [bytes('name', 'Of a setting.')],
    text: 'A setting, or nil.',
    call: (context, key) => [MAIL_ACCESS.in(context).plugin(key)],
  }),
  luaFunction({
    name: 'dovecot_user_variables',
    params: [],
    text: 'Variables of templates, by name.',
    call: (context) => [MAIL_ACCESS.in(context).variables],
  }),
  luaFunction({
    name: 'dovecot_mailbox_names',
    params: [name],
    text: 'The full name, and that in the store.',
    call: (context, given) => {
      const box = mailbox(context, given);
      return decodeUtf8(given) === undefined ? [given, given] : [inLua(box.vname), inLua(box.name)];
    },
  }),
  luaFunction({
    name: 'dovecot_mailbox_open',
    params: [name],
    suspends: true,
    text: 'What is wrong, or nil.',
    call: (context, given) => suspended(`mailbox:open ${given}`, mailbox(context, given).open(), nothing),
  }),
  luaFunction({
    name: 'dovecot_mailbox_sync',
    params: [name],
    suspends: true,
    text: 'What is wrong, or nil.',
    call: (context, given) => suspended(`mailbox:sync ${given}`, mailbox(context, given).sync(), nothing),
  }),
  luaFunction({
    name: 'dovecot_mailbox_status',
    params: [name],
    suspends: true,
    text: 'What is wrong, or nil and all that is known.',
    call: (context, given) =>
      suspended(`mailbox:status ${given}`, mailbox(context, given).status(), statusRecord),
  }),
  luaFunction({
    name: 'dovecot_mailbox_mail',
    params: [name, integer('uid', 'Of a message.')],
    suspends: true,
    text: 'What is wrong, or nil and the place of the message, nil when there is none.',
    call: (context, given, uid) => {
      const found = mailbox(context, given)
        .mail(uid)
        .then(async (outcome): Promise<MailOutcome<number | undefined>> => {
          if (outcome.kind === 'done') return { kind: 'done', value: outcome.value.seq };
          if (outcome.kind !== 'missing') return outcome;
          const opened = await mailbox(context, given).open();
          return opened.kind === 'done' ? { kind: 'done', value: undefined } : opened;
        });
      return suspended(`mailbox:mail ${given}`, found, (seq) => [seq]);
    },
  }),
  luaFunction({
    name: 'dovecot_metadata',
    params: [
      bytes('what', '`get`, `set`, `unset` or `list`.'),
      optionalBytes('name', 'Of a mailbox; nil: of the user.', undefined),
      bytes('key', 'Or what keys begin with.'),
      optionalBytes('value', 'To be set.', undefined),
    ],
    suspends: true,
    text: 'What is wrong, or nil and the value, or all of them by key.',
    call: (context, what, given, key, value) => {
      const { user } = MAIL_ACCESS.in(context);
      const metadata = given === undefined ? user.metadata : user.mailbox(nameOf(given)).metadata;
      return metadataCall(metadata, what, key, value);
    },
  }),
];
