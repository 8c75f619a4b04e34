// What became of one transaction, for the one event that tells it (`mail`): what each command of it was answered, how long each stage took,
// and what the next hop said. It is told to; it asks nobody, and decides nothing. RFC 5321 section 3.3.
import type { Clock } from '../../base/clock.ts';
import type { DeliveryOutcome } from '../../delivery/port/delivery.ts';

/** Refused recipients that are kept; a client may name thousands. */
const MOST_REFUSED = 100;
/** Octets of what a client or a next hop has said, in one place of a line. */
const LONGEST_TEXT = 200;
const LONGEST_ADDRESS = 320;

/** A command of the transaction whose reply is to come; `end`: the dot, or the last chunk; `chunk`: another one; `failed`: the policy. */
export type Asked = 'mail' | 'rcpt' | 'data' | 'chunk' | 'end';

export interface Answer {
  readonly code: number;
  readonly cause: string;
}

export interface RefusedRecipient extends Answer {
  readonly address: string;
}

export type Result = 'accepted' | 'discarded' | 'refused' | 'deferred' | 'lost';

export interface Told extends Partial<Answer> {
  readonly result: Result;
  /** The client does not know. */
  readonly unheard: boolean;
}

/** Milliseconds in each stage. */
export interface Times {
  mail: number;
  rcpt: number;
  /** From the first octet that may be content to the end of the message. */
  data: number;
  forward: number;
}

const short = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

export class MailStory {
  readonly times: Times = { mail: 0, rcpt: 0, data: 0, forward: 0 };
  /** The first of them; how many there were. */
  readonly refused: RefusedRecipient[] = [];
  refusedCount = 0;
  /** What the next hop said of the content, and the octets that it was given. */
  outcome: DeliveryOutcome | undefined;
  sent: number | undefined;
  /** The event was emitted. */
  told = false;
  /** What hooks had taken when it began, in milliseconds. */
  readonly hooksSpentBefore: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #asked: Asked | undefined = 'mail';
  #since: number;
  #address = '';
  /** What the last RCPT that was refused was refused for. */
  #lastRefusal: Answer | undefined;
  #dataRefusal: Answer | undefined;
  #contentSince: number | undefined;
  /** The last word about the message, which is over with it. */
  #final: Answer | undefined;
  /** Why the end is answered as it is, and by which code when hook.reply does not change it. */
  #verdict: (Answer & { readonly discarded: boolean }) | undefined;

  /** MAIL is being answered. */
  constructor(clock: Pick<Clock, 'monotonic'>, hooksSpentBefore: number) {
    this.#clock = clock;
    this.hooksSpentBefore = hooksSpentBefore;
    this.#since = clock.monotonic();
  }

  /** A command of the transaction begins to be answered; `address`: of RCPT, as far as it could be read. */
  asks(what: Asked, address = ''): void {
    this.#asked = what;
    this.#address = address;
    // How long the others took is in no stage.
    if (what === 'mail' || what === 'rcpt') this.#since = this.#clock.monotonic();
  }

  /** A hook has failed: the reply that follows ends the session, and the transaction. */
  fails(cause: string): void {
    this.#asked ??= 'end';
    if (this.#asked === 'end') this.#verdict = { code: 421, cause, discarded: false };
  }

  /** The content may come. */
  content(): void {
    this.#dataRefusal = undefined;
    this.#contentSince ??= this.#clock.monotonic();
  }

  /** All of it is there: its end is being answered. */
  complete(): void {
    if (this.#contentSince !== undefined) this.times.data = this.#clock.monotonic() - this.#contentSince;
    this.#contentSince = undefined;
    this.asks('end');
  }

  /** How the end is going to be answered. */
  decided(code: number, cause: string, discarded: boolean): void {
    this.#verdict = { code, cause, discarded };
  }

  /** The content was handed to the next hop, `since` then. */
  forwarded(outcome: DeliveryOutcome, since: number, octets: number): void {
    this.outcome = outcome;
    this.times.forward = this.#clock.monotonic() - since;
    this.sent = octets;
  }

  /** A reply goes to the client: that to what was asked, if something was. */
  heard(code: number, cause: string): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    this.#asked = undefined;
    // Most are a yes, of which nothing is kept.
    if (code < 300 && asked !== 'end') {
      if (asked === 'mail') this.times.mail = this.#took;
      else if (asked === 'rcpt') this.times.rcpt += this.#took;
      else if (asked === 'data') this.#dataRefusal = { code, cause: short(cause, LONGEST_TEXT) };
      return;
    }
    const answer = { code, cause: short(cause, LONGEST_TEXT) };
    switch (asked) {
      case 'mail':
        this.times.mail = this.#took;
        this.#final = answer;
        return;
      case 'rcpt':
        this.times.rcpt += this.#took;
        this.#refuse(answer);
        return;
      case 'data':
        // 354 is the yes.
        this.#dataRefusal = code === 354 ? undefined : answer;
        return;
      case 'chunk':
        this.#final = answer;
        return;
      case 'end': {
        const was = this.#verdict;
        if (was === undefined) this.#final = answer;
        else {
          const why = was.code === code ? was.cause : `hook.reply, in place of ${was.code}: ${was.cause}`;
          this.#final = { code, cause: why };
        }
      }
    }
  }

  /** Milliseconds since the command was asked. */
  get #took(): number {
    return this.#clock.monotonic() - this.#since;
  }

  #refuse(answer: Answer): void {
    this.refusedCount++;
    this.#lastRefusal =
      this.#lastRefusal === undefined || answer.code < 500 || this.#lastRefusal.code >= 500
        ? answer
        : this.#lastRefusal;
    if (this.refused.length < MOST_REFUSED)
      this.refused.push({ address: short(this.#address, LONGEST_ADDRESS), ...answer });
  }

  /** How it ended. `taken`: recipients that were taken; `cause`: how the transaction ended, when nobody has said anything about the message. */
  result(taken: number, cause: string): Told {
    const { outcome } = this;
    const answer = this.#final ?? this.#dataRefusal ?? (taken === 0 ? this.#lastRefusal : undefined);
    if (answer === undefined || (answer.code === 421 && outcome?.kind === 'delivered')) {
      if (outcome?.kind !== 'delivered') return { result: 'lost', unheard: false, cause };
      return { result: 'accepted', unheard: true, code: outcome.code, cause };
    }
    const { code } = answer;
    return { result: this.#resultOf(code), unheard: false, code, cause: answer.cause };
  }

  #resultOf(code: number): Result {
    if (code < 300) return this.#verdict?.discarded === true ? 'discarded' : 'accepted';
    return code >= 500 ? 'refused' : 'deferred';
  }
}
