// Delivery into a maildir (maildir:PATH in smtp-smart-host), as if it were a next hop: what its file system says becomes a reply. PATH is for
// all recipients, or, with %u, %n or %d in it, a directory for each of them, which must be there. Return-Path and Delivered-To are put in front
// (RFC 5321 section 4.4). Files of mail are lines: a binary message is refused. Used by delivery/smart-host.
//
// It must never make a directory because a stranger has named a recipient, or begin to store a message that not all may get when all have to.
import { isFull } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { MailWatch } from '../mailbox/mail-watch.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import type { MailContent } from '../mailbox/port/mail.ts';
import { isBinaryMime } from '../smtp/protocol/binary-mime.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import type { AskedPlace } from './asking.ts';
import { isPerRecipient, mailboxPath, whoIs } from './mailbox-path.ts';
import type { Delivery, DeliveryOutcome, MessageSource, RcptReply } from './port/delivery.ts';
import type { AskOutcome } from './port/held.ts';
import { pseudoCode, unaskedRecipients } from './port/outcome.ts';
import { storeTold } from './store-told.ts';

const TAKEN = '250 2.1.5 recipient ok';
const UNKNOWN = '550 5.1.1 no such mailbox';
const OVER_QUOTA = '452 4.2.2 mailbox full';
const NOT_FOUND_OUT = '451 4.3.0 mailbox cannot be looked at, try again later';
const NO_SPACE = '452 4.3.1 no space for the message';
const NO_BINARY = '554 5.6.3 a maildir does not take BINARYMIME';
const NOT_NOW = '451 4.3.0 mailbox cannot be opened, try again later';
const NOT_STORED = '451 4.3.0 message cannot be stored';

export type MaildirDelivery = Omit<Delivery, 'hosts'>;

interface Place {
  readonly maildir: Maildir;
  readonly watch?: MailWatch | undefined;
  /** As it stands behind maildir: */
  readonly path: string;
  readonly log: Log;
}

/** What outcomes name it. */
export const hostOfMaildir = (path: string): string => `maildir:${path}`;

/** What is said of a message with BODY=BINARYMIME; another target may take it. */
export function noBinary(path: string, recipients: readonly Recipient[]): DeliveryOutcome {
  const rcpts = unaskedRecipients(recipients);
  const host = hostOfMaildir(path);
  return { kind: 'refused', host, stage: 'mail', code: 554, text: NO_BINARY, rcpts, lacks: 'BINARYMIME' };
}

/** Whom it takes, as toMaildir has it. `log`: that of the delivery. */
export function lookAtMaildir(place: Place): Extract<AskedPlace, { readonly kind: 'looked' }> {
  const host = hostOfMaildir(place.path);
  return {
    kind: 'looked',
    host,
    look: async (recipient): Promise<AskOutcome> => {
      const answer = await look(place, recipient, 1);
      const { code, text } = answer;
      if (isPositive(code)) return { kind: 'yes', host, code, text };
      return { kind: 'refused', host, stage: 'rcpt', code, text, rcpts: [answer] };
    },
  };
}

/**
 * Never rejects: an error of the file system is `refused` with 452 (no space) or 451, at stage `content`, or `dot` when the message may
 * lie in new/ already. `log`: for a delivery without one of its own.
 */
export async function toMaildir(
  { maildir, watch, log }: Omit<Place, 'path'>,
  path: string,
  delivery: MaildirDelivery,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const place: Place = { maildir, watch, path, log: delivery.log ?? log.child({ id: delivery.id }) };
  const { message, recipients } = delivery;
  if (isBinaryMime(delivery.parameters)) return noBinary(path, recipients);
  const host = hostOfMaildir(path);
  const asked = await Promise.all(recipients.map((one) => look(place, one, message?.size ?? 1)));
  const refused = asked.filter(({ code }) => !isPositive(code));
  const hope = refused.find(({ code }) => code < 500) ?? refused[0];
  if (message === undefined) {
    const last = asked.at(-1) ?? { code: 250, text: TAKEN };
    return { kind: 'verified', host, code: last.code, text: last.text, rcpts: asked };
  }
  if (hope !== undefined && (delivery.allRecipients === true || refused.length === asked.length)) {
    return { kind: 'refused', host, stage: 'rcpt', code: hope.code, text: hope.text, rcpts: asked };
  }
  const taken = asked.filter(({ code }) => isPositive(code)).map(({ recipient }) => recipient);
  if (!isPerRecipient(path, taken)) return store(place, path, delivery, message, taken, signal);
  return toEach(place, delivery, message, asked, signal);
}

/**
 * One after the other. Once one has it the others have replies of their own. Who is named more than once, be it in capitals or in quotes, has it
 * once, and the same reply each time.
 */
async function toEach(
  place: Place,
  delivery: MaildirDelivery,
  message: MessageSource,
  asked: readonly RcptReply[],
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const rcpts: RcptReply[] = [];
  const said = new Map<string, string>();
  let stored: DeliveryOutcome | undefined;
  for (const answer of asked) {
    const { recipient } = answer;
    const path = isPositive(answer.code) ? mailboxPath(place.path, recipient) : undefined;
    if (path === undefined) {
      rcpts.push(answer);
      continue;
    }
    const key = `${path}\0${whoIs(recipient)}`;
    const before = said.get(key);
    if (before !== undefined) {
      rcpts.push({ recipient, code: Number(before.slice(0, 3)), text: before });
      continue;
    }
    const outcome = await store(place, path, delivery, message, [recipient], signal);
    if (outcome.kind === 'delivered') stored = outcome;
    else if (stored === undefined) return { ...outcome, rcpts: unaskedRecipients(delivery.recipients) };
    const text = outcome.kind === 'failed' ? `451 4.3.0 ${outcome.error}` : outcome.text;
    said.set(key, text);
    rcpts.push({ recipient, code: Number(text.slice(0, 3)), text });
  }
  return {
    kind: 'delivered',
    host: hostOfMaildir(place.path),
    code: 250,
    text: stored?.kind === 'delivered' ? stored.text : TAKEN,
    rcpts,
  };
}

async function look({ log, maildir, path }: Place, recipient: Recipient, octets: number): Promise<RcptReply> {
  // Whose directory is not his by its name alone gets it made.
  const perRecipient = isPerRecipient(path) && recipient.maildir === undefined;
  const own = mailboxPath(path, recipient);
  const said = (text: string): RcptReply => ({ recipient, code: Number(text.slice(0, 3)), text });
  if (own === undefined) return said(UNKNOWN);
  const seen = await maildir.look(own, octets);
  switch (seen.kind) {
    case 'there':
      return said(TAKEN);
    case 'absent':
      // One for all is made when it is needed.
      return said(perRecipient ? UNKNOWN : TAKEN);
    case 'full':
      return said(OVER_QUOTA);
    case 'failed':
      if (!perRecipient) return said(TAKEN);
      log.emit('maildir-fault', { host: hostOfMaildir(path), stage: 'rcpt', cause: String(seen.error) });
      return said(isFull(seen.error) ? NO_SPACE : NOT_FOUND_OUT);
  }
}

async function store(
  place: Place,
  path: string,
  delivery: MaildirDelivery,
  message: MessageSource,
  taken: readonly Recipient[],
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { log, path: configured } = place;
  const host = hostOfMaildir(configured);
  const rcpts = unaskedRecipients(delivery.recipients);
  const content = withTrace(delivery.sender, taken, message);
  const { afterReply, id } = delivery;
  const { maildir, watch } = place;
  const [first] = taken;
  const told = { path, user: first?.address ?? '', userFields: first?.userFields, content };
  const stored = await storeTold({ maildir, watch, log, id, afterReply }, told, signal);
  switch (stored.kind) {
    case 'stored': {
      const replies = taken.map((recipient) => ({ recipient, code: 250, text: TAKEN }));
      return { kind: 'delivered', host, code: 250, text: `250 2.0.0 ${stored.name}`, rcpts: replies };
    }
    case 'unwanted':
      return { kind: 'refused', host, stage: 'content', code: 451, text: NOT_NOW, rcpts };
    case 'aborted':
      return { kind: 'failed', host, stage: 'content', code: pseudoCode.ERROR, error: 'given up', rcpts };
    case 'failed': {
      const stage = stored.mayBeStored ? 'dot' : 'content';
      log.emit('maildir-fault', { host, stage, cause: String(stored.error) });
      const text = stored.isFull ? NO_SPACE : NOT_STORED;
      return { kind: 'refused', host, stage, code: Number(text.slice(0, 3)), text, rcpts };
    }
  }
}

/** Who sent it, and for whom it lies here. */
function withTrace(sender: string, taken: readonly Recipient[], message: MessageSource): MailContent {
  const lines = [`Return-Path: <${sender}>`, ...taken.map(({ address }) => `Delivered-To: ${address}`)];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
  const { pieces } = message;
  return {
    pieces: pieces === undefined ? undefined : [head, ...pieces],
    async *read() {
      yield head;
      yield* message.read();
    },
  };
}
