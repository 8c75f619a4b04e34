// Runs a dialogue's state machine (smtp/client/greeting, smtp/client/sending) over a connection: sends what it says, feeds it the replies,
// keeps the deadline of each stage, streams the message with back pressure, ends at once when the signal aborts.
//
// It must never send anything while something lies there that nobody has asked for: what was said out of turn would be taken for the reply to
// what is sent next (RFC 5321 section 4.3.1), and 250 behind 354 for that to the final dot.

import { pbkdf2 } from 'node:crypto';
import type { Abortable, AbortListeners } from '../../base/abort-listeners.ts';
import type { Clock } from '../../base/clock.ts';
import { textOf } from '../../base/errors.ts';
import type { MessageSource, Stage } from '../../delivery/port/delivery.ts';
import { type Loss, pseudoCode } from '../../delivery/port/outcome.ts';
import { LONGEST_SCAN } from '../../message/framing/newline-scan.ts';
import { type Reply, replyText } from '../protocol/reply.ts';
import type { Connection, ConnectionUser, TlsRequest } from './connection.ts';
import { CHUNK_OCTETS, chunkLine, chunksOf } from './content-chunks.ts';
import { DotStuffer } from './dot-stuff.ts';
import type { Machine, Step } from './machine.ts';

/** Milliseconds. */
export interface Deadlines {
  readonly connect: number;
  /** For each reply to a command, and the banner. */
  readonly command: number;
  readonly handshake: number;
  /** For the first reply on a connection that was used before. */
  readonly reuse: number;
  /** Without any progress while the message is sent. */
  readonly data: number;
  /** For the reply to the final dot. */
  readonly dot: number;
}

export interface ConverseContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Monotonic milliseconds: nothing is waited for beyond it. */
  readonly until: number;
  readonly signal: AbortSignal;
  readonly listeners: AbortListeners;
  /** The connection has served before. */
  readonly used: boolean;
  /** For a dialogue that may begin TLS. */
  readonly tls: TlsRequest | undefined;
  readonly message: MessageSource | undefined;
  /** Told how a TLS handshake went: its version, undefined when it has failed, and seconds; absent: nobody wants to know. */
  readonly shaken?: ((version: string | undefined, seconds: number) => void) | undefined;
  /** A line of the dialogue for the log, `>` sent or `<` received; undefined: nobody wants to know. */
  readonly trace: ((direction: '>' | '<', text: string) => void) | undefined;
}

const UNASKED: Loss = { code: pseudoCode.ERROR, error: 'a reply that nobody asked for' };
const INJECTED: Loss = { code: pseudoCode.ERROR, error: 'octets in clear text behind the reply to STARTTLS' };

/** Bytes handed to the socket without waiting for it: a message up to this size goes out with its final dot in one write. */
const UNFLUSHED = 262_144;
/** Longer pieces are cut, so that progress on a slow line shows, and no more is looked at in one go than may be. */
const SLICE = LONGEST_SCAN;

function deadline(stage: Stage, deadlines: Deadlines): number {
  switch (stage) {
    case 'connect':
      return deadlines.connect;
    case 'content':
      return deadlines.data;
    case 'dot':
      return deadlines.dot;
    case 'banner':
    case 'helo':
    case 'starttls':
    case 'auth':
    case 'mail':
    case 'rcpt':
    case 'data':
      return deadlines.command;
  }
}

/** Resolves with how the machine ended; never rejects. The connection is released then, and destroyed when it was lost. */
export function converse<E>(
  connection: Connection,
  machine: Machine<E>,
  context: ConverseContext,
): Promise<E> {
  return new Promise((resolve) => new Driver(connection, machine, context, resolve).begin());
}

class Driver<E> implements ConnectionUser, Abortable {
  readonly #connection: Connection;
  readonly #machine: Machine<E>;
  readonly #context: ConverseContext;
  readonly #resolve: (end: E) => void;
  /** What is waited for at present may take so many milliseconds. */
  #patience = 0;
  #over = false;
  /** Something was said on a connection that was used before, and no reply has come. */
  #doubtful: boolean;
  /** Wakes the sender of the message: room in the socket, or the end of the dialogue. */
  #wake: (() => void) | undefined;
  /** Wakes it between two chunks: the next hop has taken the last one, or the dialogue has ended. */
  #nextChunk: (() => void) | undefined;

  constructor(
    connection: Connection,
    machine: Machine<E>,
    context: ConverseContext,
    resolve: (end: E) => void,
  ) {
    this.#connection = connection;
    this.#machine = machine;
    this.#context = context;
    this.#doubtful = context.used;
    this.#resolve = resolve;
  }

  begin(): void {
    const { listeners, signal } = this.#context;
    if (signal.aborted) {
      this.aborted();
      return;
    }
    listeners.add(signal, this);
    this.#take(this.#machine.start());
    this.#connection.use(this);
  }

  aborted(): void {
    this.#lost({ code: pseudoCode.ERROR, error: 'given up' });
  }

  expired(): void {
    const what = this.#machine.stage === 'content' ? 'no progress' : 'no reply';
    this.#lost({ code: pseudoCode.TIMEOUT, error: `${what} within ${this.#patience} ms` });
  }

  /** At the dot a yes counts though its line has no end: whoever took it for a failure would have the message sent again. */
  lost(loss: Loss): void {
    const reply = this.#machine.stage === 'dot' ? this.#connection.lastReply() : undefined;
    if (reply === undefined) this.#end(this.#machine.lost(loss));
    else this.reply(reply);
  }

  reply(reply: Reply): void {
    this.#doubtful = false;
    this.#context.trace?.('<', this.#machine.shown?.(reply) ?? replyText(reply));
    this.#take(this.#machine.reply(reply));
  }

  #take(step: Step<E>): void {
    switch (step.kind) {
      case 'end':
        this.#end(step.end);
        return;
      case 'wait':
        this.#arm();
        return;
      case 'send':
        if (!this.#isQuiet(UNASKED)) return;
        this.#context.trace?.('>', step.shown ?? step.text);
        this.#connection.send(step.text);
        this.#arm();
        return;
      case 'derive':
        this.#arm();
        this.#derive(step.password, step.salt, step.iterations);
        return;
      case 'secure':
        if (!this.#isQuiet(INJECTED)) return;
        this.#arm(this.#context.deadlines.handshake);
        void this.#secure();
        return;
      case 'content':
        if (!this.#isQuiet(UNASKED)) return;
        this.#arm();
        void (step.chunks
          ? this.#sendChunks(step.asItIs === true)
          : this.#sendContent(this.#context.message));
        return;
      case 'next-chunk':
        if (!this.#isQuiet(UNASKED)) return;
        this.#arm();
        this.#nextChunk?.();
        return;
    }
  }

  /** Whether nothing lies there that nobody asked for; else the connection is given up. */
  #isQuiet(otherwise: Loss): boolean {
    if (this.#connection.quiet) return true;
    this.#lost(otherwise);
    return false;
  }

  /** Starts the deadline of the machine's stage anew. */
  #arm(most = deadline(this.#machine.stage, this.#context.deadlines)): void {
    const { clock, deadlines, until } = this.#context;
    const patience = this.#doubtful ? Math.min(most, deadlines.reuse) : most;
    const now = clock.monotonic();
    this.#patience = Math.max(0, Math.min(patience, Math.ceil(until - now)));
    this.#connection.expect(this.#patience, now);
  }

  #derive(password: Buffer, salt: Buffer, iterations: number): void {
    pbkdf2(password, salt, iterations, 32, 'sha256', (error, key) => {
      if (this.#over) return;
      const step = error === null ? this.#machine.derived?.(key) : undefined;
      if (step === undefined) this.#lost({ code: pseudoCode.ERROR, error: 'the key cannot be derived' });
      else this.#take(step);
    });
  }

  async #secure(): Promise<void> {
    const { tls: request } = this.#context;
    if (request === undefined) return this.#lost({ code: pseudoCode.ERROR, error: 'TLS was not prepared' });
    const { clock, shaken } = this.#context;
    const since = clock.monotonic();
    const outcome = await this.#connection.secure(request);
    const version = outcome.kind === 'lost' ? undefined : this.#connection.tls?.version;
    shaken?.(version, (clock.monotonic() - since) / 1000);
    if (this.#over) return;
    if (outcome.kind === 'lost') return this.#lost(outcome.loss);
    const { tls } = this.#connection;
    if (tls !== undefined)
      this.#context.trace?.(
        '<',
        `(${tls.version}, certificate ${tls.verified ? 'verified' : `not verified: ${tls.cause}`})`,
      );
    this.#take(this.#machine.secured());
  }

  async #sendContent(message: MessageSource | undefined): Promise<void> {
    const stuffer = new DotStuffer();
    const connection = this.#connection;
    let unflushed = 0;
    let sent = 0;
    connection.cork();
    try {
      const pieces = message === undefined ? [] : message.pieces;
      if (pieces !== undefined) {
        for (const piece of pieces) {
          for (let start = 0; start < piece.length; start += SLICE) {
            const bytes = stuffer.encode(
              piece.length <= SLICE ? piece : piece.subarray(start, start + SLICE),
            );
            unflushed += bytes.length;
            sent += bytes.length;
            if (connection.write(bytes) || unflushed < UNFLUSHED) continue;
            await this.#drained();
            if (this.#over) return;
            unflushed = 0;
          }
        }
      } else if (message !== undefined) {
        for await (const piece of message.read()) {
          if (this.#over) return;
          const bytes = stuffer.encode(piece);
          unflushed += bytes.length;
          sent += bytes.length;
          this.#arm();
          if (connection.write(bytes) || unflushed < UNFLUSHED) continue;
          await this.#drained();
          if (this.#over) return;
          unflushed = 0;
        }
        if (this.#over) return;
      }
    } catch (error) {
      const cause = textOf(error);
      if (!this.#over) this.#lost({ code: pseudoCode.IO, error: `cannot read the message: ${cause}` });
      return;
    } finally {
      // Also when it is over: a socket that is closed takes no notice.
      if (this.#over) connection.uncork();
    }
    const end = stuffer.finish();
    connection.write(end);
    this.#context.trace?.('>', `(${sent + end.length} bytes of content and final dot)`);
    const step = this.#machine.contentSent(true);
    connection.uncork();
    if (!this.#over) this.#take(step);
  }

  /** A chunk, its reply, the next one: a next hop that says no is not sent the rest. */
  async #sendChunks(asItIs: boolean): Promise<void> {
    const connection = this.#connection;
    try {
      for await (const chunk of chunksOf(this.#context.message, CHUNK_OCTETS, asItIs)) {
        if (this.#over) return;
        connection.cork();
        connection.send(chunkLine(chunk));
        let unflushed = 0;
        for (const piece of chunk.pieces) {
          for (let start = 0; start < piece.length; start += SLICE) {
            const bytes = piece.length <= SLICE ? piece : piece.subarray(start, start + SLICE);
            unflushed += bytes.length;
            if (connection.write(bytes) || unflushed < UNFLUSHED) continue;
            await this.#drained();
            if (this.#over) return;
            unflushed = 0;
          }
        }
        this.#context.trace?.('>', chunkLine(chunk));
        const step = this.#machine.contentSent(chunk.last);
        connection.uncork();
        if (this.#over) return;
        this.#take(step);
        if (chunk.last) return;
        await new Promise<void>((resolve) => {
          this.#nextChunk = resolve;
        });
      }
    } catch (error) {
      if (!this.#over)
        this.#lost({ code: pseudoCode.IO, error: `cannot read the message: ${textOf(error)}` });
    } finally {
      if (this.#over) connection.uncork();
    }
  }

  /** Lets what was written go, and waits until the socket has taken it. */
  async #drained(): Promise<void> {
    const room = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#connection.uncork();
    await room;
    this.#wake = undefined;
    if (!this.#over) this.#connection.cork();
  }

  drain(): void {
    if (this.#machine.stage === 'content') this.#arm();
    this.#wake?.();
  }

  #lost(loss: Loss): void {
    if (this.#over) return;
    this.#connection.destroy();
    this.#end(this.#machine.lost(loss));
  }

  #end(end: E): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.listeners.remove(this.#context.signal, this);
    this.#connection.release();
    this.#wake?.();
    this.#nextChunk?.();
    this.#resolve(end);
  }
}
