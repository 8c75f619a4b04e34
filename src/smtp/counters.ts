// What a server counts about itself, for metrics, logs and tests. Plain numbers; each is written by the session only.

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

export function countReply(counters: Counters, code: number): void {
  if (code < 300) counters.replies[2]++;
  else if (code < 400) counters.replies[3]++;
  else if (code < 500) counters.replies[4]++;
  else counters.replies[5]++;
}
