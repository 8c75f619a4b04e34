// What was sent, what the client heard and what arrived, in the chaos run. Each attempt to send a message has a token of its own, so that a
// copy can be told from a second attempt.

/** How an attempt ended for the client. */
export type Outcome =
  /** 250 to the dot. */
  | 'taken'
  /** Another reply, at whatever step. */
  | 'refused'
  /** The connection broke before the dot was sent. */
  | 'broken'
  /** The connection broke after the dot: nobody knows whether it was taken. */
  | 'unknown';

interface Attempt {
  readonly message: number;
  outcome: Outcome | undefined;
  copies: number;
}

export interface Verdict {
  readonly messages: number;
  readonly attempts: Readonly<Record<Outcome, number>>;
  readonly arrived: number;
  /** The client heard 250 and there is no copy. */
  readonly lost: number;
  /** More than one copy of an attempt. */
  readonly doubled: number;
  /** Copies of attempts whose client heard no reply to the dot: the next hop had said 250 when the process was killed. */
  readonly unavoidable: number;
  /** Copies of attempts that were refused. */
  readonly refusedButThere: number;
}

export class ChaosRecord {
  readonly complaints: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #attempts = new Map<string, Attempt>();
  #messages = 0;

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  complain(text: string): void {
    if (this.complaints.length < 50) this.complaints.push(text);
  }

  newMessage(): number {
    return ++this.#messages;
  }

  begin(message: number): string {
    const token = `${message}-${this.#attempts.size}`;
    this.#attempts.set(token, { message, outcome: undefined, copies: 0 });
    return token;
  }

  end(token: string, outcome: Outcome): void {
    const attempt = this.#attempts.get(token);
    if (attempt !== undefined) attempt.outcome = outcome;
  }

  /** The next hop has all of it and says 250. */
  arrived(token: string): void {
    const attempt = this.#attempts.get(token);
    if (attempt === undefined) this.complain(`a message that nobody sent: ${token}`);
    else attempt.copies++;
  }

  verdict(): Verdict {
    const attempts = { taken: 0, refused: 0, broken: 0, unknown: 0 };
    const sums = { arrived: 0, lost: 0, doubled: 0, unavoidable: 0, refusedButThere: 0 };
    for (const [token, { outcome, copies }] of this.#attempts) {
      if (outcome === undefined) this.complain(`attempt ${token} has no end`);
      else attempts[outcome]++;
      sums.arrived += copies;
      if (outcome === 'taken' && copies === 0) sums.lost++;
      if (copies > 1) sums.doubled++;
      if (outcome === 'unknown') sums.unavoidable += copies;
      if (outcome === 'refused' || outcome === 'broken') sums.refusedButThere += copies;
    }
    if (sums.lost > 0) this.complain(`${sums.lost} messages lost whose client heard 250`);
    if (sums.doubled > 0) this.complain(`${sums.doubled} messages doubled`);
    return { messages: this.#messages, attempts, ...sums };
  }
}
