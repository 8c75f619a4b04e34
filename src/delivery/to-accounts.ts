// Delivery to the accounts of this machine (`accounts:` in smtp-smart-host), as if it were a next hop. Each recipient is for himself: his mail goes into
// mailboxes and to other servers, as account-plan.ts has it, and he has a reply of his own. What goes to others goes first, as only that fails often: while
// one of a recipient's destinations has not taken it nothing lies in a mailbox because of him. Used by delivery/smart-host.
//
// Must never: reject; begin when not all recipients are known and all have to be; say yes to one of whose destinations one has not taken it; put a
// message into a mailbox twice, also when it comes again because another destination had failed.

import type { Accounts } from '../accounts/accounts.ts';
import type { AccountsPort } from '../accounts/place.ts';
import { isFull } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { MailWatch } from '../mailbox/mail-watch.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import type { MailContent } from '../mailbox/port/mail.ts';
import type { OptionValues } from '../options/option-table.ts';
import { isBinaryMime } from '../smtp/protocol/binary-mime.ts';
import { type Recipient, recipientOf } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import {
  type Destination,
  domainOf,
  keyOf,
  NOT_KNOWN_NOW,
  type Planned,
  planFor,
  type RelayRights,
  staysHere,
} from './account-plan.ts';
import type { AskedPlace } from './asking.ts';
import type { DeliveredMemory } from './delivered-memory.ts';
import type { Delivery, DeliveryOutcome, MessageSource, RcptReply } from './port/delivery.ts';
import type { AskOutcome } from './port/held.ts';
import { pseudoCode, unaskedRecipients } from './port/outcome.ts';
import { storeTold } from './store-told.ts';

export const ACCOUNTS_HOST = 'accounts:';

const TAKEN = '250 2.1.5 recipient ok';
const OVER_QUOTA = '452 4.2.2 mailbox full';
const NO_SPACE = '452 4.3.1 no space for the message';
const NO_BINARY = '554 5.6.3 mailboxes of accounts do not take BINARYMIME';
const NOT_NOW = '451 4.3.0 mailbox cannot be opened, try again later';
const NOT_STORED = '451 4.3.0 message cannot be stored, try again later';
const BEHIND = '550 5.1.1 an address behind this one was refused';
const NOT_AVAILABLE = '451 4.4.1 next hop not available, try again later';

export type AccountsDelivery = Omit<Delivery, 'hosts'>;
/** What is known when it is asked about recipients. */
export type AccountsEnvelope = Pick<Delivery, 'sender' | 'onBehalf' | 'id' | 'parameters'>;

export interface AccountsTargetParts {
  readonly place: Pick<AccountsPort, 'open'> | undefined;
  readonly maildir: Pick<Maildir, 'look'>;
  readonly watch: MailWatch | undefined;
  readonly values: OptionValues;
  readonly log: Log;
  /** Which destinations have a message that is tried again. */
  readonly memory: DeliveredMemory;
  /** The other next hops; undefined: there are none. */
  readonly others: ((delivery: AccountsDelivery) => Promise<DeliveryOutcome>) | undefined;
  /** One host. */
  toHost(host: string, delivery: AccountsDelivery): Promise<DeliveryOutcome>;
}

/** What `accounts:` says of each recipient when it is asked about him. */
export function lookAtAccounts(
  parts: AccountsTargetParts,
  envelope: AccountsEnvelope,
): Extract<AskedPlace, { readonly kind: 'looked' }> {
  const host = ACCOUNTS_HOST;
  return {
    kind: 'looked',
    host,
    look: async (recipient): Promise<AskOutcome> => {
      const text = isBinaryMime(envelope.parameters)
        ? NO_BINARY
        : (await looked(parts, envelope, recipient, 1)).text;
      if (parts.log.wants('answer-given'))
        parts.log.emit('answer-given', { of: 'accounts', key: recipient.address, answer: text });
      const code = Number(text.slice(0, 3));
      if (isPositive(code)) return { kind: 'yes', host, code, text };
      return { kind: 'refused', host, stage: 'rcpt', code, text, rcpts: [{ recipient, code, text }] };
    },
  };
}

interface Looked {
  readonly text: string;
  readonly destinations: readonly Destination[];
}

async function looked(
  parts: AccountsTargetParts,
  envelope: AccountsEnvelope,
  recipient: Recipient,
  octets: number,
): Promise<Looked> {
  const refused = (text: string): Looked => ({ text, destinations: [] });
  const opened = await parts.place?.open();
  if (opened?.kind !== 'open') {
    const cause = opened?.kind === 'refused' ? opened.problem : 'rumble-database names none';
    parts.log.emit('accounts-fault', { cause });
    return refused(NOT_KNOWN_NOW);
  }
  const { accounts } = opened;
  const planned: Planned = planFor(accounts, recipient.address, rightsOf(parts, envelope, accounts));
  if (planned.kind === 'refused') return refused(planned.text);
  for (const destination of planned.destinations) {
    if (destination.kind !== 'mailbox') continue;
    const seen = await parts.maildir.look(destination.account.maildir, octets);
    if (seen.kind === 'full') return refused(OVER_QUOTA);
    if (seen.kind === 'failed') {
      parts.log.emit('maildir-fault', { host: ACCOUNTS_HOST, stage: 'rcpt', cause: String(seen.error) });
      return refused(isFull(seen.error) ? NO_SPACE : NOT_NOW);
    }
  }
  return { text: TAKEN, destinations: planned.destinations };
}

/** Strangers name none but accounts. */
function rightsOf(
  { others, values }: AccountsTargetParts,
  { onBehalf, sender }: AccountsEnvelope,
  accounts: Accounts,
): RelayRights {
  const names = [
    sender,
    ...(onBehalf?.kind === 'user' && onBehalf.name.includes('@') ? [onBehalf.name] : []),
  ];
  const domains = names.map(domainOf).filter((domain) => domain !== '');
  return {
    isOn: values['rumble-relay'],
    hasOthers: others !== undefined,
    mayName: onBehalf !== undefined && !domains.some((domain) => staysHere(accounts, domain)),
  };
}

/** Never rejects. */
export async function toAccounts(
  parts: AccountsTargetParts,
  delivery: AccountsDelivery,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const host = ACCOUNTS_HOST;
  const { message, recipients } = delivery;
  if (isBinaryMime(delivery.parameters)) {
    const rcpts = unaskedRecipients(recipients);
    return { kind: 'refused', host, stage: 'mail', code: 554, text: NO_BINARY, rcpts, lacks: 'BINARYMIME' };
  }
  const all: (Looked & { readonly recipient: Recipient })[] = [];
  for (const recipient of recipients)
    all.push({ recipient, ...(await looked(parts, delivery, recipient, message?.size ?? 1)) });
  const rcpts = all.map(({ recipient, text }) => replyOf(recipient, text));
  if (message === undefined) {
    const { code = 250, text = TAKEN } = rcpts.at(-1) ?? {};
    return { kind: 'verified', host, code, text, rcpts };
  }
  const refused = rcpts.filter(({ code }) => !isPositive(code));
  const hope = refused.find(({ code }) => code < 500) ?? refused[0];
  if (hope !== undefined && (delivery.allRecipients === true || refused.length === rcpts.length))
    return { kind: 'refused', host, stage: 'rcpt', code: hope.code, text: hope.text, rcpts };
  return new Round(parts, delivery, message, signal).run(all);
}

const replyOf = (recipient: Recipient, text: string): RcptReply => ({
  recipient,
  code: Number(text.slice(0, 3)),
  text,
});

/** One message to all of its destinations. */
class Round {
  readonly #parts: AccountsTargetParts;
  readonly #delivery: AccountsDelivery;
  readonly #message: MessageSource;
  readonly #signal: AbortSignal;
  /** What was said of each, by its key. */
  readonly #said = new Map<string, string>();
  #mayBeStored = false;

  constructor(
    parts: AccountsTargetParts,
    delivery: AccountsDelivery,
    message: MessageSource,
    signal: AbortSignal,
  ) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.#message = message;
    this.#signal = signal;
  }

  async run(all: readonly (Looked & { readonly recipient: Recipient })[]): Promise<DeliveryOutcome> {
    const wanted = new Map(
      all.flatMap(({ destinations }) => destinations.map((one) => [keyOf(one), one] as const)),
    );
    await this.#leaveOut([...wanted.keys()]);
    await this.#send([...wanted.values()]);
    for (const { destinations } of all) {
      for (const one of destinations) {
        // Who sends it again must not have it lie there twice.
        if (destinations.some((other) => this.#hasFailed(other))) break;
        if (one.kind === 'mailbox' && !this.#said.has(keyOf(one)))
          this.#said.set(keyOf(one), await this.#store(one));
      }
    }
    const rcpts = all.map(({ destinations, recipient, text }) => {
      const replies = destinations.map((one) => {
        const said = this.#said.get(keyOf(one)) ?? '';
        // What an alias stands for is nobody's business.
        return one.kind === 'mailbox' || one.address === recipient.address ? said : withoutNames(said);
      });
      const worst = replies.find((one) => one.startsWith('4')) ?? replies.find((one) => one.startsWith('5'));
      const isStored = replies.every((one) => one.startsWith('2'));
      return replyOf(
        recipient,
        destinations.length === 0 ? text : (worst ?? (isStored ? TAKEN : NOT_STORED)),
      );
    });
    await this.#remember([...wanted.keys()], rcpts);
    return this.#outcome(rcpts);
  }

  #hasFailed(one: Destination): boolean {
    const said = this.#said.get(keyOf(one));
    return said !== undefined && !said.startsWith('2');
  }

  #asRecipients(keys: readonly string[]): AccountsDelivery {
    return { ...this.#delivery, recipients: keys.map(recipientOf) };
  }

  /** Those that have it from when it came before. */
  async #leaveOut(keys: readonly string[]): Promise<void> {
    try {
      const have = await this.#parts.memory.whoHas([ACCOUNTS_HOST], this.#asRecipients(keys));
      for (const { address } of have) this.#said.set(address, '250 2.0.0 delivered when it was tried before');
    } catch {
      // It cannot be read, so it is not delivered either.
    }
  }

  /** When its sender is going to try again. */
  async #remember(keys: readonly string[], rcpts: readonly RcptReply[]): Promise<void> {
    if (!rcpts.some(({ code }) => code < 500 && !isPositive(code))) {
      await this.#parts.memory.settle([ACCOUNTS_HOST], this.#asRecipients(keys)).catch(() => undefined);
      return;
    }
    const told = keys.map((key) => replyOf(recipientOf(key), this.#said.get(key) ?? NOT_STORED));
    const outcome: DeliveryOutcome = {
      ...{ kind: 'delivered', host: ACCOUNTS_HOST, code: 250, text: TAKEN, rcpts: told },
    };
    await this.#parts.memory.remember(this.#asRecipients(keys), outcome).catch(() => undefined);
  }

  /** All that goes to other servers. */
  async #send(destinations: readonly Destination[]): Promise<void> {
    const { others, toHost } = this.#parts;
    const open = destinations.filter((one) => !this.#said.has(keyOf(one)));
    const away = open.filter((one) => one.kind === 'other');
    if (away.length > 0 && others !== undefined) await this.#hear(away, others);
    const hosts = new Map<string, Extract<Destination, { readonly kind: 'host' }>[]>();
    for (const one of open)
      if (one.kind === 'host') hosts.set(one.host, [...(hosts.get(one.host) ?? []), one]);
    for (const [host, its] of hosts) await this.#hear(its, (delivery) => toHost(host, delivery));
  }

  async #hear(
    away: readonly Extract<Destination, { readonly address: string }>[],
    send: (delivery: AccountsDelivery) => Promise<DeliveryOutcome>,
  ): Promise<void> {
    const named = this.#delivery.recipients;
    const recipients = away.map(({ address }) => {
      const one = named.find((recipient) => recipient.address === address);
      return one ?? recipientOf(address);
    });
    // Each is for himself.
    const outcome = await send({ ...this.#delivery, recipients, allRecipients: false });
    for (const [at, one] of away.entries()) {
      const reply = outcome.rcpts.find(({ recipient }) => recipient === recipients[at]);
      this.#said.set(keyOf(one), saidOf(outcome, reply));
    }
  }

  async #store({ account, address }: Extract<Destination, { readonly kind: 'mailbox' }>): Promise<string> {
    const { log, place, watch } = this.#parts;
    const opened = await place?.open();
    if (opened?.kind !== 'open') return NOT_KNOWN_NOW;
    const { accounts } = opened;
    const { afterReply, id, sender } = this.#delivery;
    const content = withTrace(sender, address, this.#message);
    const maildir: Pick<Maildir, 'store'> = {
      store: async (_, whole, signal, told) => {
        const stored = await accounts.store(account, whole, signal, told);
        return stored.kind === 'moved'
          ? { kind: 'failed', isFull: false, mayBeStored: false, error: new Error('the account was changed') }
          : stored;
      },
    };
    const told = { path: account.maildir, user: `${account.user}@${account.domain}`, content };
    const stored = await storeTold({ maildir, watch, log, id, afterReply }, told, this.#signal);
    switch (stored.kind) {
      case 'stored':
        return `250 2.0.0 ${stored.name}`;
      case 'unwanted':
        return NOT_NOW;
      case 'aborted':
        return NOT_STORED;
      case 'failed':
        log.emit('maildir-fault', {
          ...{
            host: ACCOUNTS_HOST,
            stage: stored.mayBeStored ? 'dot' : 'content',
            cause: String(stored.error),
          },
        });
        this.#mayBeStored ||= stored.mayBeStored;
        return stored.isFull ? NO_SPACE : NOT_STORED;
    }
  }

  #outcome(rcpts: readonly RcptReply[]): DeliveryOutcome {
    const host = ACCOUNTS_HOST;
    if (this.#signal.aborted && !rcpts.some(({ code }) => isPositive(code)))
      return { kind: 'failed', host, stage: 'content', code: pseudoCode.ERROR, error: 'given up', rcpts };
    if (rcpts.some(({ code }) => isPositive(code))) {
      const text = [...this.#said.values()].find((one) => one.startsWith('2')) ?? TAKEN;
      return { kind: 'delivered', host, code: 250, text, rcpts };
    }
    const worst = rcpts.find(({ code }) => code < 500) ?? rcpts[0];
    const { code, text } = worst ?? replyOf(recipientOf('nobody'), NOT_STORED);
    return { kind: 'refused', host, stage: this.#mayBeStored ? 'dot' : 'content', code, text, rcpts };
  }
}

/** A reply that is one of ours: a next hop that could not be talked to is to be tried again. */
function saidOf(outcome: DeliveryOutcome, reply: RcptReply | undefined): string {
  switch (outcome.kind) {
    case 'delivered':
      return reply !== undefined && reply.code >= 400 ? reply.text : `250 ${flat(outcome.text)}`;
    case 'refused':
      if (reply !== undefined && reply.code >= 400) return reply.text;
      return outcome.code >= 400 && ['rcpt', 'content', 'dot', 'data', 'mail'].includes(outcome.stage)
        ? outcome.text
        : NOT_AVAILABLE;
    case 'failed':
    case 'verified':
      return NOT_AVAILABLE;
  }
}

function withoutNames(text: string): string {
  if (text.startsWith('5')) return BEHIND;
  return text.startsWith('4') ? NOT_AVAILABLE : text;
}

const flat = (text: string): string => text.replace(/^\d{3}[ -]?/, '').replaceAll('\n', ' ');

/** Who sent it, and as which address it lies here (RFC 5321 section 4.4). */
function withTrace(sender: string, address: string, message: MessageSource): MailContent {
  const head = Buffer.from(`Return-Path: <${sender}>\r\nDelivered-To: ${address}\r\n`, 'latin1');
  const { pieces } = message;
  return {
    pieces: pieces === undefined ? undefined : [head, ...pieces],
    async *read() {
      yield head;
      yield* message.read();
    },
  };
}
