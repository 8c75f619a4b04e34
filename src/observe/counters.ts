// What a server counts about itself, for metrics, logs and tests: plain numbers, made from the events of its sessions.
import type { EventBus } from '../base/events.ts';

export interface Counters {
  /** Connections served or refused since the start. */
  connections: number;
  /** Sessions that are not over; 0 when nothing is left behind. */
  sessions: number;
  /** Commands read. */
  commands: number;
  /** Messages whose dot was answered with 2xx, and with something else. */
  messagesAccepted: number;
  messagesRefused: number;
  /** Bytes of content received. */
  bytes: number;
  /** Replies sent, by class: `2`, `3`, `4`, `5`. */
  readonly replies: { 2: number; 3: number; 4: number; 5: number };
}

export function newCounters(): Counters {
  return {
    connections: 0,
    sessions: 0,
    commands: 0,
    messagesAccepted: 0,
    messagesRefused: 0,
    bytes: 0,
    replies: { 2: 0, 3: 0, 4: 0, 5: 0 },
  };
}

/** By the digit that a reply begins with. */
function countReply({ replies }: Counters, reply: string): void {
  const digit = reply[0];
  if (digit === '2' || digit === '3' || digit === '4' || digit === '5') replies[digit]++;
}

/** Counts what happens on this bus, until the function that it gives is called. */
export function countEvents(bus: EventBus, counters: Counters): () => void {
  const connection = (): void => {
    counters.connections++;
  };
  const accepted = ({ bytes }: { readonly bytes: number }): void => {
    counters.messagesAccepted++;
    counters.bytes += bytes;
  };
  const ends = [
    bus.on('link-connect', () => {
      counters.connections++;
      counters.sessions++;
    }),
    bus.on('link-closed', () => {
      counters.sessions--;
    }),
    bus.on('link-refused', connection),
    bus.on('link-lost', connection),
    bus.on('protocol-client', () => {
      counters.commands++;
    }),
    bus.on('protocol-server', ({ reply }) => countReply(counters, reply)),
    bus.on('protocol-refusal', ({ reply }) => countReply(counters, reply)),
    bus.on('tx-commit', accepted),
    bus.on('tx-discard', accepted),
    bus.on('tx-rollback', ({ bytes }) => {
      counters.messagesRefused++;
      counters.bytes += bytes;
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
