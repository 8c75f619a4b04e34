// What a server hands to its sessions, and what the parts of one session share.

import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { RelayedReports } from '../../delivery/relayed-reports.ts';
import type { SmartHost } from '../../delivery/smart-host.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import type { SpoolStore } from '../../message/spool.ts';
import type { ConnectionCounters } from '../../net/connection-counters.ts';
import type { Descriptors } from '../../net/descriptors.ts';
import type { Gate } from '../../net/gate.ts';
import type { InboundTls } from '../../net/inbound-tls.ts';
import type { Options } from '../../options/options.ts';
import type { Policy } from '../../policy/instance.ts';
import type { AuthSource } from '../../users/auth-source.ts';
import type { RecipientSource } from '../../users/recipient-source.ts';
import type { ScriptHooks } from './script-hooks.ts';
import type { Observers } from './transaction.ts';

export interface ServerDeps {
  /** The process's options. Each session works on a fork of those of its listener. */
  readonly options: Options;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** The policy for a new connection; a reload makes it another one. */
  policy(): Policy;
  readonly resolver: Pick<Resolver, 'reverse' | 'confirms'>;
  readonly smartHost: SmartHost;
  /** Who tells senders that their messages were relayed; undefined: nobody. */
  readonly reports?: Pick<RelayedReports, 'tell'>;
  readonly spools: SpoolStore;
  /** What the content of one message is shown to when the policy wants to see it. */
  newObservers(log: Log): Observers;
  /** Our name: banner, QUIT, smtpe.host. */
  readonly hostName: string;
  /** Who knows users and passwords, in the order in which they are asked; undefined: nobody but hook.auth. */
  readonly authSources?: readonly AuthSource[];
  /** Who knows recipients, in the order in which they are asked; undefined: nobody. */
  readonly recipientSources?: readonly RecipientSource[];
  /** Told of each session that is over; undefined: nobody is. */
  readonly traffic?: { octets(received: number, sent: number): void };
  /** Scripts that are asked before the policy; undefined: there are none. */
  readonly scripts?: ScriptHooks;
  /** What is left of the descriptors of the process; undefined: nobody looks. */
  readonly descriptors?: Pick<Descriptors, 'scarce' | 'advice'>;
  /** Whether new connections are taken; undefined: they are. */
  readonly gate?: Pick<Gate, 'closed' | 'overload'>;
  /** TLS with clients; undefined: there is none. */
  readonly tls?: InboundTls;
  /** Counts behind rate-global, rate-client, limit-connections and limit-client-connections. */
  readonly limits: ConnectionCounters;
}
