// What a server hands to its sessions, and what the parts of one session share.
import type { Resolver } from '../dns/resolver-api.ts';
import type { SmartHost } from '../forward/smart-host.ts';
import type { SpoolStore } from '../message/spool.ts';
import type { ConnectionCounters } from '../net/connection-counters.ts';
import type { Descriptors } from '../net/descriptors.ts';
import type { Clock, RandomInteger } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import type { Policy } from '../policy/instance.ts';
import type { Counters } from './counters.ts';
import type { TableObserver } from './transaction.ts';

export interface ServerDeps {
  /** The process's options. Each session works on a fork of them. */
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** The policy for a new connection; a reload makes it another one. */
  policy(): Policy;
  readonly resolver: Pick<Resolver, 'reverse' | 'confirms'>;
  readonly smartHost: SmartHost;
  readonly spools: SpoolStore;
  /** What fills mime.parts and uri.found of one message. */
  newObserver(log: Log): TableObserver;
  /** Our name: banner, QUIT, smtpe.host. */
  readonly hostName: string;
  readonly counters: Counters;
  /** What is left of the descriptors of the process; undefined: nobody looks. */
  readonly descriptors?: Pick<Descriptors, 'scarce' | 'advice'>;
  /** Counts behind rate-global, rate-client, limit-connections and limit-client-connections. */
  readonly limits: ConnectionCounters;
}
