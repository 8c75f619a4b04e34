// Sends a server mail until what a message costs it no longer falls: Node compiles what is called often piece by piece, for thousands of messages, and
// until then a figure is one of cold code. Warm is a server when two spans in a row agree, after a least that no lucky pair of spans can make shorter.
// No I/O and no clock of its own: who calls sends and measures.

/** What is kept of it. */
export interface WarmUp {
  readonly messages: number;
  /** By the clock. */
  readonly seconds: number;
  /** False: a bound came before two spans agreed, so that the figures behind it may be those of a server that is not warm. */
  readonly settled: boolean;
}

export interface Warmed extends WarmUp {
  /** Processor seconds, and seconds by the clock, for a message of the last span. */
  readonly each: number;
  readonly pace: number;
}

export interface Bounds {
  /** So many messages, or so many processor seconds, pass first: a heavy message does more of what is to be compiled. */
  readonly leastMessages: number;
  readonly leastCpu: number;
  /** The first of these ends it. */
  readonly mostMessages: number;
  readonly mostSeconds: number;
  /** Seconds of a span by the clock, and how far two may differ, as a share of the lesser. */
  readonly span: number;
  readonly agree: number;
}

export const usual: Bounds = {
  leastMessages: 8000,
  leastCpu: 6,
  mostMessages: 300_000,
  mostSeconds: 15,
  span: 1,
  agree: 0.05,
};

export type Spend = (count: number) => Promise<{ readonly cpu: number; readonly seconds: number }>;

/** `sessions`: how many the load has at once; a span has at least as many messages. Rejects when `spend` does. */
export async function warmUp(spend: Spend, sessions: number, bounds: Bounds = usual): Promise<Warmed> {
  // From a few messages on, because some servers make each connection wait.
  let count = Math.min(20, sessions);
  let messages = 0;
  let cpu = 0;
  let seconds = 0;
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    const span = await spend(count);
    messages += count;
    cpu += span.cpu;
    seconds += span.seconds;
    const each = span.cpu / count;
    const pace = span.seconds / count;
    const isLong = span.seconds >= bounds.span / 2;
    const isDue = messages >= bounds.leastMessages || cpu >= bounds.leastCpu;
    const settled = isDue && isLong && Math.abs(each - before) <= bounds.agree * Math.min(each, before);
    if (settled || messages >= bounds.mostMessages || seconds >= bounds.mostSeconds)
      return { messages, seconds, settled, each, pace };
    before = isLong ? each : Number.POSITIVE_INFINITY;
    // Spans grow by degrees: the first messages are so slow that they say little about the next.
    count = Math.ceil(Math.max(sessions, count * Math.min(4, Math.max(0.5, bounds.span / span.seconds))));
  }
}
