// One asker waiting for a flight: its deadline, its way out (AbortSignal), and its promise, which is always kept.
import type { Clock, Timer } from '../ops/clock.ts';
import type { Flight, FlightResult } from './flight.ts';
import { type DnsQuestion, type DnsResponse, rcode } from './resolver-api.ts';

const LONGEST_TIMER = 2_147_483_647;

export class Waiter {
  readonly #flight: Flight;
  /** As it was asked. */
  readonly #question: DnsQuestion;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer;
  #resolve: ((response: DnsResponse) => void) | undefined;

  constructor(
    flight: Flight,
    question: DnsQuestion,
    wait: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal | undefined },
    resolve: (response: DnsResponse) => void,
  ) {
    this.#flight = flight;
    this.#question = question;
    this.#signal = wait.signal;
    this.#resolve = resolve;
    const ms = Math.min(Math.max(0, wait.ms), LONGEST_TIMER);
    this.#timer = wait.clock.after(ms, () => this.#timedOut(ms));
    wait.signal?.addEventListener('abort', this);
    flight.join(this);
  }

  answered({ rcode: code, answer, authority, extra, keep, error }: FlightResult): void {
    this.#settle({ question: this.#question, rcode: code, answer, authority, extra, ttl: keep, error });
  }

  /** The signal's event. */
  handleEvent(): void {
    this.#settle(notAnswered(this.#question, rcode.ERRNO, 'cancelled'));
    this.#flight.leave(this);
  }

  /** A server's failure says more than that the others were silent. */
  #timedOut(ms: number): void {
    const code = this.#flight.failure?.rcode ?? rcode.TIMEDOUT;
    this.#settle(
      notAnswered(this.#question, code, `no answer within ${ms / 1000} s: ${this.#flight.describe()}`),
    );
    this.#flight.leave(this);
  }

  #settle(response: DnsResponse): void {
    this.#timer.cancel();
    this.#signal?.removeEventListener('abort', this);
    this.#resolve?.(response);
    this.#resolve = undefined;
  }
}

/** A response of our own. */
export function notAnswered(question: DnsQuestion, code: number, error: string): DnsResponse {
  return { question, rcode: code, answer: [], authority: [], extra: [], ttl: 0, error };
}
