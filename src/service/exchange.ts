// One request and its reply over an open socket: sends pieces as fast as the other side takes them, reads until the reply is complete,
// gives up when nothing moves for too long. Used by the clamd and spamd clients. The socket is closed when it ends.

import type { Clock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { Pieces } from '../base/pieces.ts';
import { describeError } from './connect.ts';
import type { ReplySocket } from './reply-socket.ts';

/** Says when a reply is complete; is given each piece as it arrives. */
export interface ReplyReader {
  push(piece: Buffer): boolean;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** The longest pause while sending, and the longest from the last byte sent to the end of the reply. Milliseconds. */
  readonly timeoutMs: number;
  /** Bytes; a longer reply is a failure. */
  readonly maxReply: number;
  /**
   * Close our side behind the content. spamd needs it: it reads lines, and waits for the rest of a last one without line end, whatever
   * Content-length says. clamd must not have it: what stands between may take it for the end.
   */
  readonly halfClose: boolean;
  readonly signal: AbortSignal;
}

export type ExchangeOutcome =
  /**
   * `complete` is false when the other side closed before the reader was content. `early`: it answered before it was given the whole
   * content, so what it says may hold of a part only.
   */
  | { readonly kind: 'replied'; readonly complete: boolean; readonly early: boolean; readonly reply: Buffer }
  /** The other side closed or reset without a single byte: another server may be asked. */
  | { readonly kind: 'silent'; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string; readonly reply: Buffer };

/** What is written at once: several that belong together go out without being copied into one. Not empty. */
export type Sent = Buffer | readonly Buffer[];

/** Sends `content` and reads the reply. Never rejects. */
export function exchange(
  socket: ReplySocket,
  content: AsyncIterable<Sent>,
  reader: ReplyReader,
  { clock, timeoutMs, maxReply, halfClose, signal }: ExchangeOptions,
): Promise<ExchangeOutcome> {
  return new Promise((resolve) => {
    const pieces = new Pieces();
    let over = false;
    let sending = true;
    /** The last piece is with the system. */
    let given = false;

    const timer = clock.after(timeoutMs, () => {
      const seconds = timeoutMs / 1000;
      fail(
        sending
          ? `the server took nothing for ${seconds} s while the message was sent`
          : `no complete reply within ${seconds} s`,
      );
    });
    const onAbort = () => fail('cancelled');

    function finish(outcome: ExchangeOutcome): void {
      if (over) return;
      over = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('error', closed);
      socket.off('close', onEnd);
      socket.destroy();
      resolve(outcome);
    }
    const fail = (error: string) => finish({ kind: 'failed', error, reply: Buffer.concat(pieces.list) });

    function closed(error: Error | undefined): void {
      if (pieces.length > 0) {
        finish({ kind: 'replied', complete: false, early: !given, reply: Buffer.concat(pieces.list) });
        return;
      }
      const cause = error ?? socket.writeError;
      const why = cause === undefined ? '' : ` (${describeError(cause)})`;
      finish({
        kind: 'silent',
        error: sending
          ? `the server closed while the message was sent${why}`
          : `the server closed without a reply${why}`,
      });
    }

    const onData = (piece: Buffer) => {
      if (pieces.length + piece.length > maxReply) {
        fail(`the reply is longer than ${maxReply} bytes`);
        return;
      }
      pieces.add(piece);
      if (reader.push(piece)) {
        finish({ kind: 'replied', complete: true, early: !given, reply: Buffer.concat(pieces.list) });
      }
    };
    const onEnd = () => closed(undefined);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) return onAbort();
    // It may have ended before we came.
    if (socket.destroyed) return closed(socket.errored ?? undefined);
    socket.on('end', onEnd);
    socket.on('error', closed);
    socket.on('close', onEnd);
    socket.on('data', onData);

    const written = (piece: Sent) =>
      new Promise<void>((resolve) => {
        const done = (): void => resolve();
        if (Buffer.isBuffer(piece)) socket.write(piece, done);
        else {
          socket.cork();
          for (const [index, part] of piece.entries())
            socket.write(part, index === piece.length - 1 ? done : undefined);
          socket.uncork();
        }
      });

    // Nothing more is sent when a reply has begun: the server has made up its mind.
    async function send(): Promise<void> {
      try {
        // One piece is held back, so that it is known which is the last when it is written.
        let held: Sent | undefined;
        for await (const piece of content) {
          if (over || pieces.length > 0 || socket.writeError !== undefined) break;
          if (held !== undefined) await written(held);
          held = piece;
          if (!over) timer.restart();
        }
        if (held !== undefined && !over && pieces.length === 0 && socket.writeError === undefined) {
          given = true;
          await written(held);
        }
      } catch (error) {
        fail(textOf(error));
      }
      sending = false;
      if (over) return;
      if (halfClose) socket.end();
      timer.restart();
    }
    void send();
  });
}

const PIECE = 65_536;

/**
 * The same bytes in pieces of at most 64 KiB, small ones put together: what a client sent byte by byte is not sent to a scanner byte
 * by byte. A piece is not copied unless it is put together with others.
 */
export async function* inPieces(source: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let small: Buffer[] = [];
  let smallSize = 0;
  const together = (): Buffer =>
    small.length === 1 && small[0] ? small[0] : Buffer.concat(small, smallSize);
  for await (const piece of source) {
    if (smallSize + piece.length > PIECE && smallSize > 0) {
      yield together();
      small = [];
      smallSize = 0;
    }
    let start = 0;
    for (; piece.length - start > PIECE; start += PIECE) yield piece.subarray(start, start + PIECE);
    if (start < piece.length) {
      small.push(start === 0 ? piece : piece.subarray(start));
      smallSize += piece.length - start;
    }
  }
  if (smallSize > 0) yield together();
}
