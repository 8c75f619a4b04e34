// What the administration knows of the last minutes: rates by second, the last thousand transactions, and the feed of both.
import type { Clock } from '../../base/clock.ts';
import type { LiveBatch } from '../../observe/live/live-batch.ts';
import { MailRing } from './mail-ring.ts';
import { RateRing } from './rate-ring.ts';

export class Live {
  readonly rates: RateRing;
  readonly mails = new MailRing();

  constructor(clock: Pick<Clock, 'now'>) {
    this.rates = new RateRing(clock);
  }

  /** `process`: who has sent it. */
  take(process: object, batch: LiveBatch): void {
    this.rates.take(process, batch.second);
    this.mails.take(batch);
  }

  gone(process: object): void {
    this.rates.gone(process);
  }
}
