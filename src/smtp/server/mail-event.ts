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

/** Lines of recipients in front of the one of a transaction. */
const MOST_PAGES = 100;
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
  const only = onlyRow(transaction, told);
  const { all, pages } = only === undefined ? pagesOf(transaction, told, 1) : { all: 1, pages: [only] };
  const rows = pages[0] ?? [];
  const more = all - rows.length;
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

/** Recipients that have no room in the line: as many in each of these as it has. `cause`: as mailFields has it. */
export function otherRecipients(transaction: Transaction, cause: string): readonly (readonly Row[])[] {
  const { recipients, story } = transaction;
  return pagesOf(transaction, story.result(recipients.length, cause), MOST_PAGES + 1).pages.slice(1);
}

/** Rows as they go into lines, of which there are `most`. */
class Pages {
  readonly pages: Row[][] = [[]];
  isFull = false;
  readonly #most: number;
  #left = LONGEST_ROWS;

  constructor(most: number) {
    this.#most = most;
  }

  add(row: Row): void {
    const octets = row.to.length + (row.why?.length ?? 0) + ROW_OCTETS;
    let page = this.pages.at(-1) ?? [];
    if (page.length >= MOST_ROWS || (page.length > 0 && octets > this.#left)) {
      this.isFull = this.pages.length >= this.#most;
      if (this.isFull) return;
      page = [];
      this.pages.push(page);
      this.#left = LONGEST_ROWS;
    }
    this.#left -= octets;
    page.push(row);
  }
}

/** Most messages have one recipient, of whom there is nothing else to say; undefined: this is another one. */
function onlyRow(
  { final, recipients, story }: Transaction,
  { code, result }: Told,
): readonly Row[] | undefined {
  const [one] = recipients;
  const isPlain =
    one !== undefined && recipients.length === 1 && story.refusedCount === 0 && !final.isChanged;
  if (!isPlain || story.outcome !== undefined) return undefined;
  return [result === 'lost' ? { to: one.address } : { to: one.address, status: code }];
}

/** Those that were taken, those whom the policy has added, those that were refused: as many as there is room for; and how many there are. */
function pagesOf(
  transaction: Transaction,
  told: Told,
  most: number,
): { readonly pages: readonly Row[][]; readonly all: number } {
  const { final, recipients, story } = transaction;
  const pages = new Pages(most);
  const single = singleAnswers(story);
  let all = recipients.length + story.refusedCount;
  for (const recipient of recipients) {
    if (pages.isFull) break;
    const change = final.isChanged && final.isRemoved(recipient) ? 'removed' : undefined;
    pages.add(rowOf(recipient, told, single, change));
  }
  if (final.isChanged) {
    for (const recipient of final.recipients) {
      if (recipient.hidden !== true) continue;
      all++;
      if (!pages.isFull) pages.add(rowOf(recipient, told, single, 'added'));
    }
  }
  for (const { address, code, cause } of story.refused) {
    if (pages.isFull) break;
    pages.add({ to: address, status: code, why: cause });
  }
  return { pages: pages.pages, all };
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
