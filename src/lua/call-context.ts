// What an API function knows about who calls it. One exists per connection (and one for hook.init).
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import type { SessionView } from '../policy/session-view.ts';
import type { Operation } from './pending.ts';
import type { LiveTable } from './value.ts';

/**
 * State of a module that belongs to one connection: made at first use, told when a hook has finished, disposed when the connection
 * ends. Use one Slot constant per module.
 */
export interface Slot<T> {
  readonly name: string;
  create(context: CallContext): T;
  /** After each hook (dns closes its context here). */
  endOfHook?(value: T): void;
  /** The connection is over, or the hook was cut off for good: release everything. */
  dispose?(value: T): void;
}

export type { Operation } from './pending.ts';

export interface CallContext {
  /** The session being served; undefined in hook.init and at file level of the start-up check. */
  readonly session: SessionView | undefined;
  /** The connection's options: smtpe.setoption in a hook changes these only. */
  readonly options: Options;
  /** Lines carry the transaction id, or the session id outside a transaction. */
  readonly log: Log;
  slot<T>(slot: Slot<T>): T;
  /**
   * Counts something that goes on in the background without the hook waiting for it (a query sent, a service started), until `end`. Ends
   * the hook when the connection has more of them than option hook-max-pending; `describe` is for the log when a hook is cut off.
   */
  operation(describe: () => string): Operation;
  /** A table of this connection's Lua that can be filled on (mime.parts, uri.found). Released when the connection ends. */
  createLiveTable(): LiveTable;
}
