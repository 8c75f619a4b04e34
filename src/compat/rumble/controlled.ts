// A service as Rumble's functions see it, whatever it is: SMTP, one that a script has created, or the sending of mail. A port.
//
// Who implements it must never reject, and has done what was asked for in this process when the promise resolves; the other processes follow.
import type { HourOfTraffic } from './service-counts.ts';

/** As Rumble has them: 1 running, 2 suspended, 0 stopped. */
export type ServiceState = 0 | 1 | 2;

export interface ServiceFacts {
  /** How many could be served at once; 0: there is no limit. */
  readonly workers: number;
  readonly busy: number;
  readonly sessions: number;
  /** Octets. */
  readonly sent: number;
  readonly received: number;
  readonly rejected: number;
  /** ESMTP extensions, each with a blank behind it. */
  readonly capabilities: string;
}

export interface Controlled {
  readonly state: ServiceState;
  readonly facts: ServiceFacts;
  /** Hours with traffic, the newest first. */
  readonly hours: readonly HourOfTraffic[];
  /** Keys of its listeners, for whoever holds their sockets. */
  readonly listeners: readonly string[];
  change(to: ServiceState): Promise<void>;
}

/** Orders of scripts, and from which states they do something. */
export const orders = {
  suspend: { from: [1], to: 2 },
  resume: { from: [2], to: 1 },
  stop: { from: [1, 2], to: 0 },
  start: { from: [0], to: 1 },
} as const satisfies Readonly<
  Record<string, { readonly from: readonly ServiceState[]; readonly to: ServiceState }>
>;

export type Order = keyof typeof orders;

/** The services of this process by the names that scripts know. */
export interface Services {
  find(name: string): Controlled | undefined;
  /** Carries out an order on one; the other processes are told of it. Unknown names do nothing. */
  order(order: Order, name: string): Promise<void>;
}
