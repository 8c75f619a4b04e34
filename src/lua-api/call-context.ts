// What an API function knows about who calls it. One exists for each script that runs, e.g. one per connection and one for hook.init.
// What only some callers have (an SMTP session) is asked for by a capability: sessionOf(context), optionsOf(context). A module never keeps
// a context beyond its slot.
import type { Capable } from '../base/capability.ts';
import type { Log } from '../base/log.ts';
import type { LiveTable } from './value.ts';

/**
 * State of a module that belongs to one script (a connection's): made at first use, told when a call has finished, disposed when the
 * script is closed. Use one Slot constant per module.
 */
export interface Slot<T> {
  readonly name: string;
  create(context: CallContext): T;
  /** After each hook (dns closes its context here). */
  endOfHook?(value: T): void;
  /** The connection is over, or the hook was cut off for good: release everything. */
  dispose?(value: T): void;
}

/** Who waits for what was begun: `dns.wait` and what asks name servers by itself, or `service.wait`. */
export type OperationGroup = 'dns' | 'service';

/** Something begun by a function that did not wait for it, e.g. a DNS query. */
export interface Operation {
  /** It is over. Idempotent. */
  end(): void;
  /** It has its answer, and counts until that is fetched; nobody waits for it any more. */
  answered(): void;
}

export interface CallContext extends Capable {
  /** Lines carry what the caller is about: the transaction id, or the session id outside a transaction. */
  readonly log: Log;
  slot<T>(slot: Slot<T>): T;
  /**
   * Counts something that goes on in the background without the script waiting for it (a query sent, a service started), until `end`. Ends
   * the hook when there are more of them than option hook-max-pending; `describe` is for whoever asks what the hook waits for.
   */
  operation(describe: () => string, group?: OperationGroup): Operation;
  /** A table of this script's Lua that can be filled on (mime.parts, uri.found). Released when the script is closed. */
  createLiveTable(): LiveTable;
}
