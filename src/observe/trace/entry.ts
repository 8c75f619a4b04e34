// What is told of a session that somebody follows: one entry for each step, in order. Plain data, as it goes from a worker to the main process,
// out as a line of JSON, or into the ladder for people (ladder.ts). Texts are octets as they came, as latin1: whoever shows them escapes them.
// No entry ever has a password in it: what belongs to AUTH is `***` before it is one.

/** Milliseconds, by what they were waited for; those that are 0 are left out. */
export type TraceTotals = Readonly<Partial<Record<TimeFor, number>>>;

/** `engine` is smtpe itself; `policy` is Lua. */
export const timesFor = [
  'policy',
  'dns',
  'services',
  'store',
  'users',
  'pause',
  'next hop',
  'client',
  'engine',
] as const;
export type TimeFor = (typeof timesFor)[number];

/** `line`: the line of the policy that ran last, `file:line`, where somebody watches that: the bench. */
export type TraceFact =
  /** The session begins. */
  | { readonly kind: 'connect'; readonly client: string; readonly port: number; readonly listener?: string }
  /** The session was there before somebody followed it; of what was before nothing is known. */
  | { readonly kind: 'joined'; readonly client: string }
  | { readonly kind: 'tls'; readonly version: string; readonly cipher: string; readonly name?: string }
  | { readonly kind: 'xclient'; readonly client: string; readonly host: string }
  /** A line of the client, without its end. */
  | { readonly kind: 'client'; readonly line: string }
  /** `head`: its beginning, of a message at most 1024 octets. `end`: as in event `content-came`. */
  | { readonly kind: 'content'; readonly octets: number; readonly head: string; readonly end: string }
  /** A reply, all its lines. */
  | { readonly kind: 'server'; readonly reply: string }
  /** By client.write. */
  | { readonly kind: 'written'; readonly text: string }
  /** `script`: the name of the script (option load-script) that has it; without it it is one of the policy. */
  | {
      readonly kind: 'hook';
      readonly hook: string;
      readonly script?: string;
      readonly args: string;
      readonly place: string;
    }
  /** `ms` from its begin, `waited` of them for what the next ones name; the rest is Lua. */
  | {
      readonly kind: 'hook-end';
      readonly hook: string;
      readonly script?: string;
      readonly result: string;
      readonly ms: number;
      readonly waited: number;
      readonly line?: string;
    }
  /** hook.body or hook.content for a whole message. */
  | {
      readonly kind: 'hook-lines';
      readonly hook: string;
      readonly calls: number;
      readonly result: string;
      readonly ms: number;
    }
  /** `for` is a hook's or the session's own. */
  | {
      readonly kind: 'wait';
      readonly for: TimeFor;
      readonly what: string;
      readonly place: string;
      readonly inHook: boolean;
    }
  | {
      readonly kind: 'wait-end';
      readonly for: TimeFor;
      readonly outcome: string;
      readonly ms: number;
      readonly inHook: boolean;
    }
  | {
      readonly kind: 'dns';
      readonly question: string;
      readonly outcome: string;
      readonly ms: number;
      readonly line?: string;
    }
  | {
      readonly kind: 'service';
      readonly service: string;
      readonly host: string;
      readonly outcome: string;
      readonly ms: number;
      readonly line?: string;
    }
  | { readonly kind: 'header'; readonly call: string; readonly change: string; readonly line?: string }
  /** A call that had its answer at once; others are waits. */
  | {
      readonly kind: 'store';
      readonly call: string;
      readonly result: string;
      readonly ms: number;
      readonly line?: string;
    }
  /** `peer` of `connects` and `fails` is the next hop as it was named. */
  | {
      readonly kind: 'next-hop';
      readonly way: 'connects' | 'sent' | 'said' | 'fails';
      readonly peer: string;
      readonly line: string;
    }
  /** The end of a message was answered. `total`: since the one before, or the beginning. */
  | {
      readonly kind: 'message';
      readonly transaction: string;
      readonly code: number;
      readonly cause: string;
      readonly total: number;
      readonly totals: TraceTotals;
    }
  /** The session is over; times are of all of it, as far as it was followed. */
  | { readonly kind: 'end'; readonly cause: string; readonly total: number; readonly totals: TraceTotals }
  /** Octets of a content, and an answer in full: for recordings only. */
  | { readonly kind: 'piece'; readonly octets: string }
  | { readonly kind: 'answer'; readonly of: string; readonly key: string; readonly answer: string }
  /** What whoever plays a session did besides: the bench. */
  | { readonly kind: 'note'; readonly text: string }
  /** Entries that should stand here are lost, because nobody took them in time. */
  | { readonly kind: 'lost'; readonly entries: number };

/** `at`: milliseconds since the session began, or was joined, in tenths. */
export type TraceEntry = TraceFact & { readonly session: string; readonly at: number };

const PER_ENTRY = 120;

/** What an entry takes, in octets, roughly: its texts, and a little for the rest. */
export function weightOf(entry: TraceEntry): number {
  let weight = PER_ENTRY;
  for (const value of Object.values(entry)) if (typeof value === 'string') weight += value.length;
  return weight;
}
