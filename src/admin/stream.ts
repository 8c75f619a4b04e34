// An answer that goes on for as long as somebody reads it: the live dialogue, the feed of the page. Whoever writes is told when the reader does
// not keep up, and leaves out what he would have written: nothing is held for a reader but what a socket holds.
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../base/clock.ts';

/** Octets that may wait for one reader. */
const MOST_WAITING = 256 * 1024;
/** After so long without anything to say the beat is sent, so that both sides see when the other one has gone. */
const BEAT_MS = 15_000;

/** Who reads a stream. */
export interface Reader {
  /** False: the reader is too slow, or gone, and nothing of `text` will reach him. Any length: one piece is taken whole, or not at all. */
  write(text: string): boolean;
  /** Nothing more comes: the answer is complete. */
  end(): void;
}

/** What a route gives in place of a text. */
export interface Stream {
  /** Content-Type. */
  readonly type: string;
  /** What says nothing in this format: `:\n\n` of server-sent events, a line end. */
  readonly beat: string;
  /** Begins to write, at once or later. What it gives is called once: when the reader has gone, or has got all. */
  begin(reader: Reader): () => void;
}

/** Writes one stream into one response, whose head is set but for the type. */
export function sendStream(response: ServerResponse, { beat, begin, type }: Stream, clock: Clock): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Connection', 'close');
  // A proxy in front would gather what is meant to be seen now.
  response.setHeader('X-Accel-Buffering', 'no');
  response.flushHeaders();
  const writer = new StreamWriter(response, beat, clock);
  const over = begin(writer);
  response.once('close', () => {
    writer.stop();
    over();
  });
}

class StreamWriter implements Reader {
  readonly #response: ServerResponse;
  readonly #beat: string;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(response: ServerResponse, beat: string, clock: Clock) {
    this.#response = response;
    this.#beat = beat;
    this.#clock = clock;
    this.#beatLater();
  }

  write(text: string): boolean {
    const response = this.#response;
    if (response.destroyed || response.writableEnded || response.writableLength > MOST_WAITING) return false;
    response.write(text);
    this.#timer?.restart();
    return true;
  }

  end(): void {
    this.stop();
    this.#response.end();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #beatLater(): void {
    this.#timer = this.#clock.after(BEAT_MS, () => {
      // Nothing but this is written to one who does not read: his connection is idle, and the server ends it.
      this.write(this.#beat);
      this.#beatLater();
    });
    this.#timer.unref();
  }
}
