// The port of a service: its listening sockets, which stay open when a reload brings another script, and the service that has its connections. Connections
// that come before the scripts are served wait, a few of them.
import type { Clock } from '../../base/clock.ts';
import { textOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ConnectionCounters } from '../../net/connection-counters.ts';
import type { Descriptors } from '../../net/descriptors.ts';
import type { Gate } from '../../net/gate.ts';
import { type BoundSockets, type Endpoint, endpointText, type ListenAddress } from '../../net/listener.ts';
import type { ConnectionHandler, ListenerRow } from '../../net/listener-row.ts';
import { Listeners } from '../../net/listeners.ts';
import type { Peer } from '../../net/peer.ts';
import type { Transport } from '../../net/transport.ts';
import type { Options } from '../../options/options.ts';
import type { Controlled, ServiceFacts, ServiceState } from './controlled.ts';
import type { Service } from './service.ts';
import { type HourOfTraffic, ServiceCounts } from './service-counts.ts';

/** Connections that may wait before there is a service. */
const MOST_EARLY = 10;

/** What doors are made of: the process that serves has it. */
export interface DoorParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: ConnectionCounters;
  readonly gate?: Pick<Gate, 'closed' | 'overload'> | undefined;
  readonly descriptors?: Pick<Descriptors, 'scarce' | 'advice'> | undefined;
  /** The sockets, when another process holds them. */
  readonly bound?: BoundSockets | undefined;
}

const NO_FLAGS: ListenerRow['flags'] = new Set();

export class ServiceDoor implements ConnectionHandler, Controlled {
  readonly #listeners: Listeners;
  readonly #parts: DoorParts;
  readonly #options: Options;
  /** No two doors have the same. */
  readonly key: string;
  #addresses: readonly ListenAddress[];
  #service: Service | undefined;
  /** Those of scripts before a reload that still serve somebody. */
  readonly #before = new Set<Service>();
  readonly #early: { readonly transport: Transport; readonly peer: Peer }[] = [];
  readonly counts: ServiceCounts;
  state: ServiceState = 0;

  constructor(parts: DoorParts, options: Options, key: string, addresses: readonly ListenAddress[]) {
    const { clock, ...more } = parts;
    this.#parts = parts;
    this.#options = options;
    this.key = key;
    this.#addresses = addresses;
    this.#listeners = new Listeners({
      ...{ clock, log: more.log, limits: more.limits },
      ...(more.gate && { gate: more.gate }),
      ...(more.descriptors && { descriptors: more.descriptors }),
    });
    this.counts = new ServiceCounts(clock);
  }

  /** Its port as text, once it has been open. */
  get name(): string {
    return String(this.#addresses[0]?.port ?? 0);
  }

  /** Opens it. Gives the system's error when that cannot be done. */
  async open(): Promise<Error | undefined> {
    try {
      const endpoints = await this.#listeners.listen([this.#row()], this.#parts.bound);
      this.#keepPort(endpoints);
      this.state = 1;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  get where(): string {
    return this.#listeners.endpoints.map(endpointText).join(', ');
  }

  /** For good. */
  async close(): Promise<void> {
    this.state = 0;
    await this.#listeners.close();
  }

  async change(to: ServiceState): Promise<void> {
    const { log } = this.#parts;
    if (to === 1) {
      try {
        await this.#listeners.resume();
      } catch (error) {
        log.emit('listener-fault', { cause: textOf(error) });
        return;
      }
    } else if (this.state === 1) {
      await this.#listeners.suspend();
    }
    this.state = to;
    if (to === 0) for (const service of this.#all) service.cut();
  }

  get listeners(): readonly string[] {
    return [this.key];
  }

  get facts(): ServiceFacts {
    const { octetsReceived: received, octetsSent: sent, refused: rejected, sessions } = this.counts;
    const workers = this.#service?.row.threads ?? 0;
    const busy = this.#all.reduce((sum, service) => sum + service.busy, 0);
    return { workers, busy, sessions, sent, received, rejected, capabilities: '' };
  }

  get hours(): readonly HourOfTraffic[] {
    return this.counts.hours;
  }

  /** `service` has what comes from now on, and who waits for its turn at the one before. */
  serve(service: Service): void {
    const before = this.#service;
    this.#service = service;
    if (before !== undefined && before !== service) {
      before.handOver(service);
      this.#before.add(before);
      void before.end().then(() => this.#before.delete(before));
    }
    for (const { peer, transport } of this.#early.splice(0)) service.take(transport, peer);
  }

  get #all(): readonly Service[] {
    return this.#service === undefined ? [...this.#before] : [this.#service, ...this.#before];
  }

  /** Those who came early are let go. */
  giveUp(): void {
    for (const { transport } of this.#early.splice(0)) transport.destroy();
  }

  connection(transport: Transport, peer: Peer): void {
    if (this.#service !== undefined) this.#service.take(transport, peer);
    else if (this.#early.length < MOST_EARLY) this.#early.push({ transport, peer });
    else transport.destroy();
  }

  /** Those who are turned away hear nothing: what they would understand nobody knows. */
  refusal(): string {
    this.counts.rejected();
    return '';
  }

  #row(): ListenerRow {
    const options = this.#options;
    return {
      ...{ key: this.key, name: this.key, addresses: this.#addresses, flags: NO_FLAGS, wrappers: [] },
      ...{ backlog: options.values['smtp-server-queue'], options, handler: this },
    };
  }

  /** A free port that was found stays the same. */
  #keepPort(endpoints: readonly Endpoint[]): void {
    const [found] = endpoints;
    if (found === undefined) return;
    this.#addresses = this.#addresses.map((one, at) => (at === 0 ? { ...one, port: found.port } : one));
  }
}
