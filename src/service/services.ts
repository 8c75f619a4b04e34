// The services that a process asks about messages and URIs: a port, and the clients for clamd, spamd, rspamd, web servers and whoever else a policy
// speaks to behind it, with what they share. Made at start, handed to modules/service, closed at shutdown.
//
// Whoever stands in for one must never reject, and must end when the signal of a request aborts.
import type { Clock } from '../base/clock.ts';
import type { AddressSource } from '../net/dial.ts';
import { HostHealth } from '../net/host-health.ts';
import { ClamdClient, type ClamdRequest, type ClamdResult } from './clamd.ts';
import { FailOver } from './fail-over.ts';
import { HttpClient, type HttpOutcome, type HttpRequest } from './http-client.ts';
import { RspamdClient, type RspamdRequest, type RspamdResult } from './rspamd.ts';
import { SpamdClient, type SpamdRequest, type SpamdResult } from './spamd.ts';
import { TcpClient, type TcpOutcome, type TcpRequest } from './tcp-client.ts';

export interface Services {
  readonly clamd: { scan(request: ClamdRequest): Promise<ClamdResult> };
  readonly spamd: { check(request: SpamdRequest): Promise<SpamdResult> };
  readonly rspamd: { check(request: RspamdRequest): Promise<RspamdResult> };
  readonly http: { request(request: HttpRequest): Promise<HttpOutcome> };
  /** Whoever a policy speaks to itself, in a protocol of its own. */
  readonly tcp: { connect(request: TcpRequest): Promise<TcpOutcome> };
  /** Closes the connections that are kept open. What policies have started ends with their connections. */
  close(): void;
}

export interface ServicesDependencies {
  readonly clock: Clock;
  readonly resolver: AddressSource;
  /** The memory of servers that could not be reached; undefined: one of their own. */
  readonly health?: HostHealth;
  /** Why an address, or the path of a socket, must not be connected to; by default all may. */
  readonly refuse?: (address: string) => string | undefined;
}

/** The services over the network; `http` says what it holds. */
export interface NetworkServices extends Services {
  readonly http: HttpClient;
}

export function createServices({
  clock,
  resolver,
  health = new HostHealth(clock),
  refuse = () => undefined,
}: ServicesDependencies): NetworkServices {
  const failOver = new FailOver({ clock, resolver, refuse }, health);
  const http = new HttpClient(clock, resolver, refuse);
  return {
    clamd: new ClamdClient(clock, failOver),
    spamd: new SpamdClient(clock, failOver),
    rspamd: new RspamdClient(clock, failOver),
    http,
    tcp: new TcpClient(clock, resolver, refuse),
    close: () => http.close(),
  };
}
