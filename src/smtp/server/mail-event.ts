// The `mail` event of a transaction, made of its story when it ends: what an operator asks for when he is asked for a message. One line is
// all that the log says of a message that went well, so it has everything that somebody may search for.
import type { EventFields } from '../../base/events.ts';
import type { RcptReply } from '../../delivery/port/delivery.ts';
import { queueIdOf } from '../../delivery/queue-id.ts';
import type { Recipient } from '../protocol/recipient.ts';
import type { MailStory, Told } from './mail-story.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

type MailFields = EventFields<'mail'>;
type Row = MailFields['to'][number];

/** Recipients in one line, and octets of them: with them it stays below the 8 KiB of a syslog message. */
const MOST_ROWS = 100;
const LONGEST_ROWS = 4000;
/** Octets of what a stranger calls himself, or his message. */
const LONGEST_NAME = 256;
const LONGEST_CAUSE = 1000;
/** What a row has besides its texts, roughly. */
const ROW_OCTETS = 20;

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

/** What took less is not worth its place in the line. */
const whole = (ms: number): number | undefined => (ms < 0.5 ? undefined : Math.round(ms));

/** `cause`: how the transaction ended, for one about which nobody has said anything. */
export function mailFields(core: SessionCore, transaction: Transaction, cause: string): MailFields {
  const { auth, client, ending, helo, listener } = core;
  const { final, headers, id, receiver, recipients, sender, story } = transaction;
  const told = story.result(recipients.length, cause);
  const { outcome, sent, times } = story;
  const bytes = receiver?.received ?? 0;
  const isDelivered = outcome?.kind === 'delivered';
  const { more, rows } = rowsOf(transaction, told);
  const messageId = headers.glance('message-id');
  return {
    result: told.result,
    from: sender,
    transaction: id,
    message_id: messageId === undefined ? undefined : cut(messageId, LONGEST_NAME),
    bytes,
    sent_bytes: isDelivered && sent !== bytes ? sent : undefined,
    code: told.code,
    cause: cut(told.cause ?? cause, LONGEST_CAUSE),
    unheard: told.unheard || ending?.gone === true ? true : undefined,
    client: client.address,
    host: client.hostKnown && !client.host.startsWith('[') ? client.host : undefined,
    helo: cut(helo, LONGEST_NAME),
    listener: listener.name === '' ? undefined : listener.name,
    tls: client.tls?.version,
    user: auth === undefined ? undefined : cut(auth.user, LONGEST_NAME),
    next_hop: outcome?.host,
    next_hop_tls: outcome?.tls?.version,
    queue_id: isDelivered ? (queueIdOf(outcome.text) ?? queueIdOf(textOfFirst(outcome.rcpts))) : undefined,
    ms_mail: whole(times.mail),
    ms_rcpt: whole(times.rcpt),
    ms_data: whole(times.data),
    ms_policy: whole(core.hooksSpent - story.hooksSpentBefore),
    ms_forward: whole(times.forward),
    policy: core.revision,
    final_from: final.sender === sender ? undefined : final.sender,
    recipients: recipients.length + story.refusedCount,
    to_more: more > 0 ? more : undefined,
    to: rows,
  };
}

const textOfFirst = (rcpts: readonly RcptReply[]): string => rcpts.find(({ code }) => code < 300)?.text ?? '';

/** Those that were taken, those whom the policy has added, those that were refused: as many as there is room for, and how many are not there. */
function rowsOf(transaction: Transaction, told: Told): { readonly rows: Row[]; readonly more: number } {
  const { final, recipients, story } = transaction;
  const rows: Row[] = [];
  let left = LONGEST_ROWS;
  const add = (row: Row): void => {
    left -= row.to.length + (row.why?.length ?? 0) + ROW_OCTETS;
    if (rows.length < MOST_ROWS && (left >= 0 || rows.length === 0)) rows.push(row);
  };
  const isFull = (): boolean => rows.length >= MOST_ROWS || left < 0;
  const single = singleAnswers(story);
  let all = recipients.length + story.refusedCount;
  for (const recipient of recipients) {
    if (isFull()) break;
    add(
      rowOf(recipient, told, single, final.isChanged && final.isRemoved(recipient) ? 'removed' : undefined),
    );
  }
  if (final.isChanged) {
    for (const recipient of final.recipients) {
      if (recipient.hidden !== true) continue;
      all++;
      if (!isFull()) add(rowOf(recipient, told, single, 'added'));
    }
  }
  for (const { address, code, cause } of story.refused) {
    if (isFull()) break;
    add({ to: address, status: code, why: cause });
  }
  return { rows, more: all - rows.length };
}

function rowOf(
  recipient: Recipient,
  { code, result }: Told,
  single: ReadonlyMap<Recipient, RcptReply>,
  change: Row['change'],
): Row {
  const to = recipient.address;
  // The message does not go to him, whatever became of it.
  if (change === 'removed') return { to, change };
  const own = single.get(recipient);
  if (own !== undefined)
    return { to, status: own.code, why: cut(own.text.replaceAll('\n', ' / '), 200), change };
  return result === 'lost' ? { to, change } : { to, status: code, change };
}

const NONE: ReadonlyMap<Recipient, RcptReply> = new Map();

/** What the next hop has said of single recipients that is not what it said of the message. */
function singleAnswers({ outcome }: MailStory): ReadonlyMap<Recipient, RcptReply> {
  if (outcome === undefined) return NONE;
  const { rcpts } = outcome;
  const all = outcome.kind === 'delivered' ? outcome.code : undefined;
  const other = rcpts.filter(({ code }) => code >= 300 || (all !== undefined && code > 0 && code !== all));
  if (other.length === 0) return NONE;
  // Some have it and some have not: each is told.
  const shown = all === undefined ? other : rcpts.filter(({ code }) => code > 0);
  return new Map(shown.map((reply) => [reply.recipient, reply]));
}
