// One asker waiting for a flight: its deadline, its way out (AbortSignal), and its promise, which is always kept.

import type { Abortable, AbortListeners } from '../base/abort-listeners.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Flight, FlightResult } from './flight.ts';
import { type DnsQuestion, type DnsResponse, rcode } from './resolver-api.ts';

const LONGEST_TIMER = 2_147_483_647;

export interface WaitParts {
  readonly clock: Clock;
  readonly listeners: AbortListeners;
}

export class Waiter implements Abortable {
  readonly #flight: Flight;
  /** As it was asked. */
  readonly #question: DnsQuestion;
  readonly #signal: AbortSignal | undefined;
  readonly #listeners: AbortListeners;
  readonly #timer: Timer;
  #resolve: ((response: DnsResponse) => void) | undefined;

  constructor(
    flight: Flight,
    question: DnsQuestion,
    { clock, listeners }: WaitParts,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    resolve: (response: DnsResponse) => void,
  ) {
    this.#flight = flight;
    this.#question = question;
    this.#signal = signal;
    this.#listeners = listeners;
    this.#resolve = resolve;
    const ms = Math.min(Math.max(0, timeoutMs), LONGEST_TIMER);
    this.#timer = clock.after(ms, () => this.#timedOut(ms));
    if (signal !== undefined) listeners.add(signal, this);
    flight.join(this);
  }

  answered({ rcode: code, answer, authenticated, authority, extra, keep, error }: FlightResult): void {
    this.#settle({
      question: this.#question,
      rcode: code,
      answer,
      authority,
      extra,
      authenticated,
      ttl: keep,
      error,
    });
  }

  aborted(): void {
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
    if (this.#signal !== undefined) this.#listeners.remove(this.#signal, this);
    this.#resolve?.(response);
    this.#resolve = undefined;
  }
}

/** A response of our own. */
export function notAnswered(question: DnsQuestion, code: number, error: string): DnsResponse {
  return { question, rcode: code, answer: [], authority: [], extra: [], ttl: 0, error };
}
