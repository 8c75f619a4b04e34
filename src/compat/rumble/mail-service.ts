// The service `mailman`: whether mail of scripts (Mailman.sendMail) goes out. Suspended or stopped, what was accepted to be sent is held back until
// it is resumed, or started.
import type { Clock } from '../../base/clock.ts';
import type { Controlled, ServiceFacts, ServiceState } from './controlled.ts';
import { type HourOfTraffic, ServiceCounts } from './service-counts.ts';

export class MailService implements Controlled {
  readonly listeners: readonly string[] = [];
  state: ServiceState = 1;
  /** Told by who sends. */
  readonly counts: ServiceCounts;
  /** Mail that is being sent, told by who sends. */
  busy = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.counts = new ServiceCounts(clock);
  }

  /** Resolves when mail goes out, or when the signal aborts; undefined: it does. */
  whenRunning(signal: AbortSignal): Promise<void> | undefined {
    if (this.state === 1 || signal.aborted) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async change(to: ServiceState): Promise<void> {
    this.state = to;
    if (to === 1) for (const goOn of [...this.#waiting]) goOn();
  }

  get facts(): ServiceFacts {
    const { octetsReceived: received, octetsSent: sent, refused: rejected, sessions } = this.counts;
    return { workers: 0, busy: this.busy, sessions, sent, received, rejected, capabilities: '' };
  }

  get hours(): readonly HourOfTraffic[] {
    return this.counts.hours;
  }
}
