// Runs a dialogue's state machine (forward/greeting, forward/transaction) over a connection: sends what it says, feeds it the replies,
// keeps the deadline of each stage, streams the message with back pressure, ends at once when the signal aborts.
import type { Clock, Timer } from '../ops/clock.ts';
import type { Connection, TlsRequest } from './connection.ts';
import type { MessageSource, Stage } from './delivery.ts';
import { DotStuffer } from './dot-stuff.ts';
import { type Loss, type Machine, pseudoCode, type Step } from './machine.ts';
import { type Reply, replyText } from './reply-parser.ts';

/** Milliseconds. */
export interface Deadlines {
  readonly connect: number;
  /** For each reply to a command, the banner and the TLS handshake. */
  readonly command: number;
  /** Without any progress while the message is sent. */
  readonly data: number;
  /** For the reply to the final dot. */
  readonly dot: number;
}

export interface ConverseContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
  readonly tls: TlsRequest;
  readonly message: MessageSource | undefined;
  /** A line of the dialogue for the log, `>` sent or `<` received; undefined: nobody wants to know. */
  readonly trace: ((direction: '>' | '<', text: string) => void) | undefined;
}

/** Bytes handed to the socket without waiting for it: a message up to this size goes out with its final dot in one write. */
const UNFLUSHED = 262_144;
/** Longer pieces are cut, so that progress on a slow line shows. */
const SLICE = 65_536;

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
  return new Promise((resolve) => new Conversation(connection, machine, context, resolve).begin());
}

class Conversation<E> {
  readonly #connection: Connection;
  readonly #machine: Machine<E>;
  readonly #context: ConverseContext;
  readonly #resolve: (end: E) => void;
  #timer: Timer | undefined;
  #timerMs = 0;
  #over = false;
  /** Wakes the sender of the message: room in the socket, or the end of the conversation. */
  #wake: (() => void) | undefined;
  readonly #abort = (): void => this.#lost({ code: pseudoCode.ERROR, error: 'given up' });

  constructor(
    connection: Connection,
    machine: Machine<E>,
    context: ConverseContext,
    resolve: (end: E) => void,
  ) {
    this.#connection = connection;
    this.#machine = machine;
    this.#context = context;
    this.#resolve = resolve;
  }

  begin(): void {
    this.#context.signal.addEventListener('abort', this.#abort, { once: true });
    if (this.#context.signal.aborted) {
      this.#abort();
      return;
    }
    this.#take(this.#machine.start());
    this.#connection.use({
      reply: (reply) => this.#reply(reply),
      drain: () => this.#progress(),
      lost: (loss) => this.#end(this.#machine.lost(loss)),
    });
  }

  #reply(reply: Reply): void {
    this.#context.trace?.('<', replyText(reply));
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
        this.#context.trace?.('>', step.text);
        this.#connection.send(step.text);
        this.#arm();
        return;
      case 'secure':
        this.#arm();
        void this.#secure();
        return;
      case 'content':
        this.#arm();
        void this.#sendContent(this.#context.message);
        return;
    }
  }

  /** Starts the deadline of the machine's stage anew. */
  #arm(): void {
    const ms = deadline(this.#machine.stage, this.#context.deadlines);
    if (this.#timer !== undefined && this.#timerMs === ms) {
      this.#timer.restart();
      return;
    }
    this.#timer?.cancel();
    this.#timerMs = ms;
    this.#timer = this.#context.clock.after(ms, () => {
      const what = this.#machine.stage === 'content' ? 'no progress' : 'no reply';
      this.#lost({ code: pseudoCode.TIMEOUT, error: `${what} within ${ms} ms` });
    });
  }

  async #secure(): Promise<void> {
    const outcome = await this.#connection.secure(this.#context.tls);
    if (this.#over) return;
    if (outcome.kind === 'lost') return this.#lost(outcome.loss);
    this.#context.trace?.('<', `(${outcome.peer})`);
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
      const cause = error instanceof Error ? error.message : String(error);
      if (!this.#over) this.#lost({ code: pseudoCode.IO, error: `cannot read the message: ${cause}` });
      return;
    } finally {
      // Also when it is over: a socket that is closed takes no notice.
      if (this.#over) connection.uncork();
    }
    const end = stuffer.finish();
    connection.write(end);
    this.#context.trace?.('>', `(${sent + end.length} bytes of content and final dot)`);
    const step = this.#machine.contentSent();
    connection.uncork();
    if (!this.#over) this.#take(step);
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

  #progress(): void {
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
    this.#timer?.cancel();
    this.#context.signal.removeEventListener('abort', this.#abort);
    this.#connection.release();
    this.#wake?.();
    this.#resolve(end);
  }
}
