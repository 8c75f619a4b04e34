// Who has a message already although its sender was told to try again: some next hops (LMTP, directories of each recipient) answer for each
// recipient when it is too late to keep it from the others. For a day those who have it are left out when it comes again.
//
// In memory, and bounded: what is forgotten (also when the process ends) costs a second copy. It must never take one message for another: the
// key is the way it goes, its sender, the recipient and what messageKey says of it.
import { lowerAscii } from '../base/ascii.ts';
import type { Clock } from '../base/clock.ts';
import type { Maybe } from '../base/maybe.ts';
import { ShortMemory } from '../dns/short-memory.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { isPositive } from '../smtp/protocol/reply.ts';
import { messageKey } from './message-key.ts';
import type { Delivery, DeliveryOutcome } from './port/delivery.ts';

const DAY_MS = 86_400_000;
const MAX_REMEMBERED = 10_000;

export type Remembered = Pick<Delivery, 'sender' | 'recipients' | 'message'>;

export class DeliveredMemory {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Whom it may be worth to look for: most messages are not read for it. */
  readonly #people = new ShortMemory(DAY_MS, MAX_REMEMBERED);
  readonly #copies = new ShortMemory(DAY_MS, MAX_REMEMBERED);

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Those of its recipients who have it. At once when nobody can have. Rejects when the message cannot be read. */
  whoHas(way: string, delivery: Remembered): Maybe<readonly Recipient[]> {
    const { message, recipients } = delivery;
    const now = this.#clock.monotonic();
    if (message === undefined || this.#people.isEmpty) return NOBODY;
    const known = recipients.filter((one) => this.#people.has(personKey(way, delivery, one), now));
    if (known.length === 0) return NOBODY;
    return messageKey(message).then((key) =>
      known.filter((one) => this.#copies.has(personKey(way, delivery, one) + key, now)),
    );
  }

  /** Keeps who was delivered to, when not all were. */
  async remember(way: string, delivery: Remembered, outcome: DeliveryOutcome): Promise<void> {
    const { message } = delivery;
    if (message === undefined || !isMixed(outcome)) return;
    const key = await messageKey(message);
    const now = this.#clock.monotonic();
    for (const { code, recipient } of outcome.rcpts) {
      if (!isPositive(code)) continue;
      const person = personKey(way, delivery, recipient);
      this.#people.add(person, now);
      this.#copies.add(person + key, now);
    }
  }
}

const NOBODY: readonly Recipient[] = [];

/** A domain is the same in upper and lower case, a local part need not be (RFC 5321 section 2.4). */
function personKey(way: string, { sender }: Remembered, { address }: Recipient): string {
  const at = address.lastIndexOf('@');
  return `${way}\0${sender}\0${address.slice(0, at + 1)}${lowerAscii(address.slice(at + 1))}\0`;
}

/** Some have it, and some have not. */
export function isMixed(outcome: DeliveryOutcome): boolean {
  if (outcome.kind !== 'delivered') return false;
  const taken = outcome.rcpts.filter(({ code }) => isPositive(code)).length;
  return taken > 0 && taken < outcome.rcpts.length;
}
