// The clients of one process for clamd, spamd and web servers, with what they share: the memory of dead servers, kept connections.
// Made at start, handed to modules/service, closed at shutdown.
import type { Resolver } from '../dns/resolver-api.ts';
import type { Clock } from '../ops/clock.ts';
import { ClamdClient } from './clamd.ts';
import { FailOver } from './fail-over.ts';
import { HostHealth } from './host-list.ts';
import { HttpClient } from './http-client.ts';
import { SpamdClient } from './spamd.ts';

export interface ServicesDependencies {
  readonly clock: Clock;
  readonly resolver: Pick<Resolver, 'addresses'>;
  /** Why an address, or the path of a socket, must not be connected to; by default all may. */
  readonly refuse?: (address: string) => string | undefined;
}

export class Services {
  readonly clock: Clock;
  readonly clamd: ClamdClient;
  readonly spamd: SpamdClient;
  readonly http: HttpClient;

  constructor({ clock, resolver, refuse }: ServicesDependencies) {
    const failOver = new FailOver({ clock, resolver, refuse }, new HostHealth(clock));
    this.clock = clock;
    this.clamd = new ClamdClient(clock, failOver);
    this.spamd = new SpamdClient(clock, failOver);
    this.http = new HttpClient(clock, resolver, refuse);
  }

  /** Closes the connections that are kept open. What policies have started ends with their connections. */
  close(): void {
    this.http.close();
  }
}
