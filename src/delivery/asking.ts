// One transaction whose next hop is asked when the client says MAIL and RCPT (option smtp-forward-at; RFC 5321 section 3.3): which of the
// targets answers, what becomes of the transaction when it is lost, and the content at the end. The SMTP session asks, one question at a
// time, and makes replies of the answers (delivery/dot-reply).
//
// It must never say yes to a recipient that a next hop has not taken, or send the content to one that has refused a recipient whom the client
// believes taken: who is asked anew is asked about all of them.
import type { Maybe } from '../base/maybe.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import type { DeliveryOutcome } from './port/delivery.ts';
import { mayTryNext, summarise } from './port/fail-over.ts';
import type { AskFailure, AskLimits, AskOutcome, Held } from './port/held.ts';
import { failedAt, failureOf, pseudoCode } from './port/outcome.ts';
import { isSameWay } from './same-way.ts';
import type { SmartHostDelivery } from './smart-host.ts';

/** One place that can be asked: a next hop, or a directory. */
export interface Place {
  /** MAIL; what is open then can be asked about recipients. */
  open(limits: AskLimits): Promise<OpenPlace | AskFailure>;
}

export type OpenPlace = { readonly kind: 'open'; readonly place: AskedPlace };

/** A held transaction, or a directory, which nothing is begun in before the content. */
export type AskedPlace =
  | { readonly kind: 'held'; readonly held: Held }
  | {
      readonly kind: 'looked';
      readonly host: string;
      look(recipient: Recipient): Promise<AskOutcome>;
    };

export interface AskingParts {
  /** Who is asked, in order; made anew for each attempt, as the memory of dead hosts has it. */
  places(): readonly Place[];
  /** Everything from the beginning: connect, MAIL, RCPT, the content. */
  forward(delivery: SmartHostDelivery, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Who has the message already, since it was tried before; nobody, at once, as a rule. */
  whoHas(delivery: SmartHostDelivery): Maybe<readonly Recipient[]>;
  /** Keeps that, when some have it now and some have not; gives the outcome. */
  remember(delivery: SmartHostDelivery, outcome: DeliveryOutcome): Promise<DeliveryOutcome>;
  /** The places are still those of this delivery: no option or route was changed meanwhile. */
  isFor(delivery: SmartHostDelivery): boolean;
  /** The options as they are now: an object that is not changed. */
  values(): OptionValues;
  monotonic(): number;
}

/** As the session has it. */
export type Asked = Pick<Asking, 'mail' | 'rcpt' | 'content' | 'giveBack'>;

export class Asking implements Asked {
  readonly #parts: AskingParts;
  #at: AskedPlace | undefined;
  /** Whom it has taken, in order. */
  #taken: Recipient[] = [];
  /** When it was opened. */
  #values: OptionValues;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    this.#values = parts.values();
  }

  /** MAIL: undefined when it was taken. */
  mail(limits: AskLimits): Promise<AskFailure | undefined> {
    return this.#open([], (place) => Promise.resolve({ kind: 'yes', host: hostOf(place) }), limits);
  }

  /** RCPT: undefined when it was taken. `earlier`: the recipients that the client believes taken. */
  async rcpt(
    recipient: Recipient,
    earlier: readonly Recipient[],
    limits: AskLimits,
  ): Promise<AskFailure | undefined> {
    const at = this.#at;
    if (at !== undefined && isAlive(at) && this.#isSameWay) {
      const answer = await ask(at, recipient, limits);
      if (answer.kind === 'yes') {
        this.#taken.push(recipient);
        return undefined;
      }
      // Over a new connection, or somewhere else: nobody has taken anything yet.
      if (!mayTryNext(answer) || this.#isOver(limits)) return answer;
    }
    const failure = await this.#open(earlier, (place) => ask(place, recipient, limits), limits);
    if (failure === undefined) this.#taken.push(recipient);
    return failure;
  }

  /** The end: over the transaction that is held when everything is as it was said there, else all from the beginning. */
  async content(delivery: SmartHostDelivery, limits: AskLimits): Promise<DeliveryOutcome> {
    const { eightBit, message, recipients, utf8Headers } = delivery;
    const at = this.#at;
    const isHeld = at?.kind === 'held' && at.held.alive && this.#isSameWay;
    if (isHeld && message !== undefined && this.#parts.isFor(delivery)) {
      const content = { eightBit, message, recipients, utf8Headers };
      const served = this.#parts.whoHas(delivery);
      const anew = (served instanceof Promise ? await served : served).length > 0;
      if (!anew && (await this.#askRest(at, recipients, limits)) && at.held.fits(content)) {
        this.#at = undefined;
        const outcome = await at.held.content(content, limits);
        if (!mayTryNext(outcome) || this.#isOver(limits)) return this.#parts.remember(delivery, outcome);
      } else {
        // The next one over it begins with RSET. Harmless when it has gone with the last answer.
        at.held.handOver();
        this.#at = undefined;
      }
    }
    this.giveBack();
    return this.#parts.forward(delivery, limits.signal);
  }

  /** About those who have come to the end of the list since the last RCPT; false when one of them is not taken. */
  async #askRest(at: AskedPlace, recipients: readonly Recipient[], limits: AskLimits): Promise<boolean> {
    const taken = this.#taken;
    if (recipients.length === taken.length) return true;
    // Somebody has gone: it cannot be told so.
    if (taken.some((recipient, i) => recipient !== recipients[i])) return false;
    for (const recipient of recipients.slice(taken.length)) {
      if ((await ask(at, recipient, limits)).kind !== 'yes') return false;
    }
    return true;
  }

  /** There will be no content. */
  giveBack(): void {
    if (this.#at?.kind === 'held') this.#at.held.giveBack();
    this.#at = undefined;
  }

  /** Asks one place after the other until one has answered all that was asked; it is kept then. */
  async #open(
    earlier: readonly Recipient[],
    question: (place: AskedPlace) => Promise<{ readonly kind: 'yes' } | AskFailure>,
    limits: AskLimits,
  ): Promise<AskFailure | undefined> {
    this.giveBack();
    this.#taken = [...earlier];
    this.#values = this.#parts.values();
    let summary: AskFailure | undefined;
    for (const place of this.#parts.places()) {
      const opened = await place.open(limits);
      let answer: { readonly kind: 'yes' } | AskFailure;
      if (opened.kind === 'open') {
        this.#at = opened.place;
        answer = (await askAgain(opened.place, earlier, limits)) ?? (await question(opened.place));
        if (answer.kind === 'yes') return undefined;
        if (!mayTryNext(answer)) return answer;
        this.giveBack();
      } else {
        answer = opened;
        if (!mayTryNext(answer)) return answer;
      }
      summary = failureOf(summarise(summary, answer));
      if (this.#isOver(limits)) break;
    }
    return summary ?? nobody();
  }

  /** As the options have it now. */
  get #isSameWay(): boolean {
    return isSameWay(this.#values, this.#parts.values());
  }

  #isOver({ signal, until }: AskLimits): boolean {
    return signal.aborted || this.#parts.monotonic() >= until;
  }
}

function nobody(): AskFailure {
  const loss = { code: pseudoCode.CONNECT, error: 'no next hop is named' };
  return failureOf({ ...failedAt('connect', loss, []), host: '' });
}

const hostOf = (place: AskedPlace): string => (place.kind === 'held' ? place.held.host : place.host);

const isAlive = (place: AskedPlace): boolean => place.kind === 'looked' || place.held.alive;

function ask(place: AskedPlace, recipient: Recipient, limits: AskLimits): Promise<AskOutcome> {
  return place.kind === 'held' ? place.held.rcpt(recipient, limits) : place.look(recipient);
}

/** About those whom the client believes taken; what is said when one of them is not, now. */
async function askAgain(
  place: AskedPlace,
  recipients: readonly Recipient[],
  limits: AskLimits,
): Promise<AskFailure | undefined> {
  for (const recipient of recipients) {
    const answer = await ask(place, recipient, limits);
    if (answer.kind === 'yes') continue;
    if (answer.kind === 'failed' || answer.code === 421) return answer;
    const text = `451 4.5.0 <${recipient.address}> was taken before and is not now, try again later`;
    return { kind: 'refused', host: hostOf(place), stage: 'rcpt', code: 451, text, rcpts: [] };
  }
  return undefined;
}
