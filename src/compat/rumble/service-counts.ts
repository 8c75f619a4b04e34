// What is counted of a service since the start, and in each hour: for Rumble.serviceInfo and Rumble.trafficInfo. It belongs to the port, not to
// the script: a reload changes nothing.
import type { Clock } from '../../base/clock.ts';

const HOUR_MS = 3_600_000;
/** Hours that are kept. */
const MOST_HOURS = 170;

export interface HourOfTraffic {
  readonly hour: number;
  hits: number;
  octets: number;
  rejections: number;
}

export class ServiceCounts {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #hours: HourOfTraffic[] = [];
  sessions = 0;
  octetsSent = 0;
  octetsReceived = 0;
  refused = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  session(): void {
    this.sessions++;
    this.#hour().hits++;
  }

  octets(received: number, sent: number): void {
    this.octetsReceived += received;
    this.octetsSent += sent;
    this.#hour().octets += received + sent;
  }

  rejected(): void {
    this.refused++;
    this.#hour().rejections++;
  }

  /** Hours with traffic, the newest first. */
  get hours(): readonly HourOfTraffic[] {
    return [...this.#hours].reverse();
  }

  #hour(): HourOfTraffic {
    const hour = Math.floor(this.#clock.now() / HOUR_MS);
    const last = this.#hours.at(-1);
    if (last?.hour === hour) return last;
    const begun = { hour, hits: 0, octets: 0, rejections: 0 };
    this.#hours.push(begun);
    if (this.#hours.length > MOST_HOURS) this.#hours.shift();
    return begun;
  }
}
