// All facts that leave smtpe, by topic, in one table: log lines, counters and doc/reference/events.md are made from it. It is on the ground
// floor because everybody reports, down to the resolver and the Lua engine; its rows are plain data and know nothing of who reports.

import { accountsEvents } from './accounts.ts';
import { deliveryEvents } from './delivery.ts';
import { dnsEvents } from './dns.ts';
import type { EventSpec, FieldsOf } from './event-spec.ts';
import { linkEvents } from './link.ts';
import { mailboxEvents } from './mailbox.ts';
import { measuredEvents } from './measured.ts';
import { policyEvents } from './policy.ts';
import { processEvents } from './process.ts';
import { protocolEvents } from './protocol.ts';
import { serverEvents } from './server.ts';
import { serviceEvents } from './service.ts';
import { shadowEvents } from './shadow.ts';
import { storeEvents } from './store.ts';
import { tracedEvents } from './traced.ts';
import { transactionEvents } from './transaction.ts';

/** The topics in the order of the reference, each with its title. */
export const eventTopics = [
  ['Connections', linkEvents],
  ['Dialogue', protocolEvents],
  ['Transactions', transactionEvents],
  ['Delivery', deliveryEvents],
  ['Mailboxes', mailboxEvents],
  ['Accounts', accountsEvents],
  ['The server', serverEvents],
  ['The policy', policyEvents],
  ['DNS', dnsEvents],
  ['Services', serviceEvents],
  ['The store', storeEvents],
  ['Processes', processEvents],
  ['The shadow policy', shadowEvents],
  ['Measurements', measuredEvents],
  ['Followed sessions', tracedEvents],
] as const satisfies readonly (readonly [string, Readonly<Record<string, EventSpec>>])[];

export const eventTable = {
  ...linkEvents,
  ...protocolEvents,
  ...transactionEvents,
  ...deliveryEvents,
  ...mailboxEvents,
  ...accountsEvents,
  ...serverEvents,
  ...policyEvents,
  ...dnsEvents,
  ...serviceEvents,
  ...storeEvents,
  ...processEvents,
  ...shadowEvents,
  ...measuredEvents,
  ...tracedEvents,
} as const;

export type EventName = keyof typeof eventTable;
export type EventFields<N extends EventName> = N extends EventName ? FieldsOf<(typeof eventTable)[N]> : never;

export const eventNames = Object.keys(eventTable) as readonly EventName[];
