// The service `smtp`: the listeners and sessions of this process, as Rumble's functions see and switch them.
import { textOf } from '../../base/errors.ts';
import type { EventBus } from '../../base/events.ts';
import type { Log } from '../../base/log.ts';
import type { ListeningPlace } from '../../net/listeners.ts';
import type { SmtpServer } from '../../smtp/server/server.ts';
import type { Controlled, ServiceFacts, ServiceState } from './controlled.ts';
import type { HourOfTraffic, ServiceCounts } from './service-counts.ts';

export interface SmtpServiceParts {
  readonly log: Log;
  readonly server: Pick<SmtpServer, 'suspend' | 'resume' | 'stopSessions' | 'sessions' | 'places'>;
  readonly counts: ServiceCounts;
  /** Sessions that there may be at once; 0: any number. */
  readonly most: () => number;
  /** Keywords that EHLO offers to a stranger. */
  readonly capabilities: () => readonly string[];
  /** What a message has that is being handed on when the service is stopped, seconds. */
  readonly graceSeconds: () => number;
}

export class SmtpService implements Controlled {
  readonly #parts: SmtpServiceParts;
  state: ServiceState = 1;

  constructor(parts: SmtpServiceParts) {
    this.#parts = parts;
  }

  get places(): readonly ListeningPlace[] {
    return this.#parts.server.places;
  }

  get listeners(): readonly string[] {
    return this.places.map(({ row }) => row.key);
  }

  async change(to: ServiceState): Promise<void> {
    const { graceSeconds, log, server } = this.#parts;
    if (to === 1) {
      try {
        await server.resume();
      } catch (error) {
        log.emit('listener-fault', { cause: textOf(error) });
        return;
      }
    } else if (this.state === 1) await server.suspend();
    this.state = to;
    if (to === 0) server.stopSessions(graceSeconds());
  }

  get facts(): ServiceFacts {
    const { capabilities, counts, most, server } = this.#parts;
    const { octetsReceived: received, octetsSent: sent, refused: rejected, sessions } = counts;
    return {
      ...{ workers: most(), busy: server.sessions, sessions, sent, received, rejected },
      capabilities: capabilities()
        .map((keyword) => `${keyword} `)
        .join(''),
    };
  }

  get hours(): readonly HourOfTraffic[] {
    return this.#parts.counts.hours;
  }
}

/** Counts sessions and refusals as the bus tells of them; octets come from the server. */
export function countSmtp(bus: EventBus, counts: ServiceCounts): () => void {
  const ends = [
    bus.on('link-connect', () => counts.session()),
    bus.on('link-refused', ({ listener }) => {
      if (listener?.startsWith('service ') !== true) counts.rejected();
    }),
    bus.on('protocol-refusal', ({ command }) => {
      if (/^rcpt /i.test(command)) counts.rejected();
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
