// Who has a message already although its sender was told to try again: some next hops (LMTP, directories of each recipient) answer for each
// recipient when it is too late to keep it from the others. For a day those who have it are left out when it comes again.
//
// In memory, and bounded: what is forgotten (also when the service ends) costs a second copy. Processes of one service tell each other (Copies). It must never take one message for another: the
// key is the next hop that has it, the recipient, and how it was received: its sender and what messageKey says of it. What a policy makes of a
// message (a footer, another sender, headers) may be something else each time, and is none of it.
import { lowerAscii } from '../base/ascii.ts';
import type { Clock } from '../base/clock.ts';
import type { Maybe } from '../base/maybe.ts';
import { ShortMemory } from '../dns/short-memory.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import { isDoubtful, messageKey } from './message-key.ts';
import type { Delivery, DeliveryOutcome } from './port/delivery.ts';

const DAY_MS = 86_400_000;
const MAX_REMEMBERED = 10_000;

export type Remembered = Pick<Delivery, 'sender' | 'recipients' | 'message' | 'received'>;

/** Those who have one message: as others can be told. */
export interface Copies {
  readonly key: string;
  readonly people: readonly string[];
  /** They are not to be left out any more. */
  readonly gone?: true | undefined;
}

export class DeliveredMemory {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Whom it may be worth to look for: most messages are not read for it. */
  readonly #people = new ShortMemory(DAY_MS, MAX_REMEMBERED);
  readonly #copies = new ShortMemory(DAY_MS, MAX_REMEMBERED);

  readonly #tell: (copies: Copies) => void;

  /** `tell` is told what is remembered here, not what is learnt. */
  constructor(clock: Pick<Clock, 'monotonic'>, tell: (copies: Copies) => void = () => undefined) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Those of its recipients who have it from one of these next hops, whatever their order is this time. At once when nobody can have. Rejects
   * when the message cannot be read.
   */
  whoHas(hosts: readonly string[], delivery: Remembered): Maybe<readonly Recipient[]> {
    const { message, received, recipients } = delivery;
    const now = this.#clock.monotonic();
    if (message === undefined || this.#people.isEmpty) return NOBODY;
    const keys = new Map<Recipient, readonly string[]>();
    for (const one of recipients) {
      const known = hosts
        .map((host) => personKey(host, delivery, one))
        .filter((key) => this.#people.has(key, now));
      if (known.length > 0) keys.set(one, known);
    }
    if (keys.size === 0) return NOBODY;
    const have = (key: string): readonly Recipient[] =>
      [...keys]
        .filter(([, known]) => known.some((person) => this.#copies.has(person + key, now)))
        .map(([one]) => one);
    return received === undefined ? messageKey(message).then(have) : have(received.key);
  }

  /** Keeps who was delivered to by the next hop of the outcome, when not all were. */
  async remember(delivery: Remembered, outcome: DeliveryOutcome): Promise<void> {
    const { message, received } = delivery;
    if (message === undefined || !isMixed(outcome)) return;
    const key = received?.key ?? (await messageKey(message));
    const people = outcome.rcpts
      .filter(({ code }) => isPositive(code))
      .map(({ recipient }) => personKey(outcome.host, delivery, recipient));
    this.learn({ key, people });
    this.#tell({ key, people });
  }

  /**
   * All have it, and its sender comes no more: where nothing says whether it is this message or another one of the same octets, each hour's word
   * that a disk is full, the next one is another, and nobody is left out of it.
   */
  async settle(hosts: readonly string[], delivery: Remembered): Promise<void> {
    const { message, received, recipients } = delivery;
    if (message === undefined || this.#people.isEmpty) return;
    const key = received?.key ?? (await messageKey(message));
    if (!isDoubtful(key)) return;
    const now = this.#clock.monotonic();
    const people = recipients
      .flatMap((one) => hosts.map((host) => personKey(host, delivery, one)))
      .filter((person) => this.#copies.has(person + key, now));
    if (people.length === 0) return;
    this.learn({ key, people, gone: true });
    this.#tell({ key, people, gone: true });
  }

  /** What another process of the service has remembered. */
  learn({ gone, key, people }: Copies): void {
    const now = this.#clock.monotonic();
    for (const person of people) {
      if (gone === true) {
        this.#copies.forget(person + key);
        continue;
      }
      this.#people.add(person, now);
      this.#copies.add(person + key, now);
    }
  }
}

const NOBODY: readonly Recipient[] = [];

/**
 * Whom the policy has added may get a copy for each envelope of one message (a journal): his are told apart by whom the client has named. A
 * client that comes again with fewer costs him a second copy, never one that he does not get.
 */
function personKey(host: string, { received, sender }: Remembered, recipient: Recipient): string {
  const others =
    recipient.hidden === true ? (received?.recipients.map(normal).sort().join('\x01') ?? '') : '';
  return `${host}\0${received?.sender ?? sender}\0${normal(recipient.address)}\0${others}\0`;
}

/** A domain is the same in upper and lower case, a local part need not be (RFC 5321 section 2.4). */
function normal(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  return address.slice(0, at) + lowerAscii(address.slice(at));
}

/** Some have it, and some have not. */
export function isMixed(outcome: DeliveryOutcome): boolean {
  if (outcome.kind !== 'delivered') return false;
  const taken = outcome.rcpts.filter(({ code }) => isPositive(code)).length;
  return taken > 0 && taken < outcome.rcpts.length;
}
