// Calls to one Redis by whatever has connections: each ends within its deadline, and a server that fails costs little. One connection, all
// commands in a row on it; one that has stalled or was closed is dropped and made anew; behind the breaker calls are answered at once.
//
// Must never send a command again that may have been carried out, let more wait than the bound, or write more than one line for a change.
import type { Clock, RandomInteger, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';
import { failed } from '../bounds.ts';
import { Breaker } from '../breaker.ts';
import type { Failed, StoreState } from '../store.ts';
import type { ConnectOutcome } from './connect.ts';
import { meaningOf, shortened } from './error-reply.ts';
import type { Command, Link, RedisValue, Reply } from './link.ts';
import type { Script } from './scripts.ts';

/** Commands without an answer. */
export const MAX_IN_FLIGHT = 10_000;
/** Octets that the server has not taken, when one more command is to be sent. */
const MAX_UNSENT = 16 * 1024 * 1024;

/** How often a line says that the server has no room. */
const FULL_LINE_MS = 60_000;

export interface CallerParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly log: Log;
  /** For log lines: `store`, or `store.NAME`, and where it is. */
  readonly name: string;
  readonly server: string;
  /** Milliseconds for a call. */
  readonly timeoutMs: number;
  /** Never rejects; ends soon when `signal` aborts. */
  readonly connect: (signal: AbortSignal) => Promise<ConnectOutcome>;
}

export type CallOutcome = { readonly kind: 'value'; readonly value: RedisValue } | Failed;

const DOWN = failed('down');
const TIMEOUT = failed('timeout');
const LIMIT = failed('limit');
const TYPE = failed('type');

class Call {
  readonly command: Command;
  /** What is sent once when the server does not know the script. */
  instead: Command | undefined;
  readonly #resolve: (outcome: CallOutcome) => void;
  timer: Timer | undefined;
  isOver = false;
  /** Replies of the connection when it was sent. */
  answeredBefore = 0;

  constructor(command: Command, instead: Command | undefined, resolve: (outcome: CallOutcome) => void) {
    this.command = command;
    this.instead = instead;
    this.#resolve = resolve;
  }

  end(outcome: CallOutcome): void {
    this.isOver = true;
    this.timer?.cancel();
    this.#resolve(outcome);
  }
}

export class RedisCaller {
  readonly #parts: CallerParts;
  readonly #breaker: Breaker;
  readonly #closing = new AbortController();
  #link: Link | undefined;
  #connecting: Promise<void> | undefined;
  /** For the connection that is being made. */
  #waiting: Call[] = [];
  /** Sent on the connection and not answered; those that are over too. */
  readonly #sent = new Set<Call>();
  #isClosed = false;
  #trial: Timer | undefined;
  #downSince = 0;
  #wasUp = false;
  #fullAt = Number.NEGATIVE_INFINITY;
  /** Why it is down. */
  cause = '';

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.#breaker = new Breaker(parts.random);
  }

  get state(): StoreState {
    if (this.#isClosed || this.#breaker.state === 'open') return 'down';
    return this.#breaker.state === 'trying' || !this.#wasUp ? 'trying' : 'up';
  }

  /** Makes the connection when there is none; resolves when it is there or cannot be made. */
  async start(): Promise<void> {
    if (this.#link === undefined && this.#breaker.state === 'closed') this.#connect();
    await this.#connecting;
  }

  call(command: Command, instead?: Command): Maybe<CallOutcome> {
    if (this.#isClosed || this.#breaker.state !== 'closed') return DOWN;
    if (this.#waiting.length + this.#sent.size >= MAX_IN_FLIGHT) return LIMIT;
    if (this.#link !== undefined && this.#link.unsent > MAX_UNSENT) return LIMIT;
    return new Promise((resolve) => {
      const call = new Call(command, instead, resolve);
      call.timer = this.#parts.clock.after(this.#parts.timeoutMs, () => this.#expire(call));
      if (this.#link !== undefined) this.#send(call, this.#link);
      else {
        this.#waiting.push(call);
        this.#connect();
      }
    });
  }

  script(
    { digest, text }: Script,
    keys: readonly (string | Buffer)[],
    args: readonly (string | Buffer)[],
  ): Maybe<CallOutcome> {
    const rest = [String(keys.length), ...keys, ...args];
    return this.call(['EVALSHA', digest, ...rest], ['EVAL', text, ...rest]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#trial?.cancel();
    this.#closing.abort();
    this.#drop(DOWN);
    for (const call of this.#waiting.splice(0)) if (!call.isOver) call.end(DOWN);
    await this.#connecting;
  }

  #send(call: Call, link: Link, command = call.command): void {
    call.answeredBefore = link.answered;
    this.#sent.add(call);
    link.send(command, (reply) => this.#answer(call, link, reply));
  }

  #answer(call: Call, link: Link, reply: Reply): void {
    this.#sent.delete(call);
    switch (reply.kind) {
      case 'value':
        // A late one shows that the server lives, but the call that waited for it was told that it failed.
        if (call.isOver) return;
        this.#worked();
        call.end(reply);
        return;
      case 'error':
        this.#answerError(call, link, reply.text);
        return;
      case 'lost':
        if (call.isOver) return;
        call.end(DOWN);
        this.#failed('the server has closed the connection');
        return;
    }
  }

  #answerError(call: Call, link: Link, text: string): void {
    const meaning = meaningOf(text);
    switch (meaning) {
      case 'type':
      case 'limit':
        if (call.isOver) return;
        this.#worked();
        if (meaning === 'limit') this.#tellFull(text);
        call.end(meaning === 'type' ? TYPE : LIMIT);
        return;
      case 'script':
        // Nothing has happened: the text is no second try.
        if (call.isOver) return;
        if (call.instead !== undefined && !link.isLost) {
          const { instead } = call;
          call.instead = undefined;
          this.#send(call, link, instead);
          return;
        }
        call.end(DOWN);
        this.#failed(shortened(text));
        return;
      case 'failed':
      case 'elsewhere':
        if (!call.isOver) {
          call.end(DOWN);
          this.#failed(shortened(text));
        }
        if (meaning === 'elsewhere' && this.#link === link) {
          this.#drop(DOWN);
          if (this.#breaker.state === 'closed') this.#connect();
        }
        return;
    }
  }

  #expire(call: Call): void {
    if (call.isOver) return;
    call.end(TIMEOUT);
    const link = this.#link;
    const cause = `no answer within ${this.#parts.timeoutMs} ms`;
    this.#failed(cause);
    if (link === undefined || !this.#sent.has(call) || link.answered !== call.answeredBefore) return;
    // Nothing came since it was sent: what waits on this connection waits for nothing.
    const others = [...this.#sent].filter(({ isOver }) => !isOver);
    this.#drop(TIMEOUT);
    for (const _ of others) this.#failed(cause);
  }

  /** Gives the connection up. Who waits on it gets `outcome`. */
  #drop(outcome: Failed): void {
    const link = this.#link;
    this.#link = undefined;
    link?.drop();
    for (const call of this.#sent) if (!call.isOver) call.end(outcome);
    this.#sent.clear();
  }

  #connect(): void {
    if (this.#connecting !== undefined || this.#isClosed) return;
    this.#connecting = this.#makeLink().finally(() => {
      this.#connecting = undefined;
    });
  }

  async #makeLink(): Promise<void> {
    const outcome = await this.#parts.connect(this.#closing.signal);
    if (this.#isClosed) {
      if (outcome.kind === 'connected') outcome.link.drop();
      return;
    }
    const calls = this.#waiting.splice(0);
    if (outcome.kind === 'failed') {
      // No call can succeed: nobody waits for a fifth one to show it.
      for (const call of calls) if (!call.isOver) call.end(DOWN);
      if (this.#breaker.state === 'trying') {
        this.cause = outcome.cause;
        this.#breaker.endTrial(false, this.#parts.clock.monotonic());
        this.#awaitTrial();
      } else this.#open(outcome.cause);
      return;
    }
    const { link } = outcome;
    this.#wasUp = true;
    if (this.#breaker.state === 'open') {
      // It opened while this connection was made; the trial makes its own.
      link.drop();
      return;
    }
    this.#link = link;
    link.onLost = (cause) => this.#lose(link, cause);
    const now = this.#parts.clock.monotonic();
    if (this.#breaker.endTrial(true, now)) this.#tellUp(now);
    for (const call of calls) if (!call.isOver) this.#send(call, link);
  }

  /** The server has closed it. Whether it is still there is found out at once, so that `state` is right when nobody calls. */
  #lose(link: Link, cause: string): void {
    if (this.#link !== link) return;
    const others = [...this.#sent].filter(({ isOver }) => !isOver);
    this.#drop(DOWN);
    for (const _ of others) this.#failed(cause);
    if (this.#breaker.state === 'closed') this.#connect();
  }

  #worked(): void {
    this.#breaker.worked(this.#parts.clock.monotonic());
  }

  #failed(cause: string): void {
    const now = this.#parts.clock.monotonic();
    if (this.#breaker.failed(now)) this.#opened(cause, now);
  }

  #open(cause: string): void {
    const now = this.#parts.clock.monotonic();
    if (this.#breaker.open(now)) this.#opened(cause, now);
  }

  #opened(cause: string, now: number): void {
    const { log, name, server } = this.#parts;
    this.cause = cause;
    this.#downSince = now;
    log.emit('store-down', { store: name, server, cause });
    for (const call of this.#waiting.splice(0)) if (!call.isOver) call.end(DOWN);
    this.#drop(DOWN);
    this.#awaitTrial();
  }

  #awaitTrial(): void {
    this.#trial = this.#parts.clock.after(this.#breaker.pauseMs, () => {
      void this.#try();
    });
    this.#trial.unref();
  }

  async #try(): Promise<void> {
    // A connection that was begun before it opened may still be under way.
    await this.#connecting;
    if (!this.#isClosed && this.#breaker.startTrial()) this.#connect();
  }

  /** Once a minute. */
  #tellFull(text: string): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#fullAt < FULL_LINE_MS) return;
    this.#fullAt = now;
    const { log, name, server } = this.#parts;
    log.emit('store-refuses', { store: name, server, cause: shortened(text) });
  }

  #tellUp(now: number): void {
    const { log, name, server } = this.#parts;
    log.emit('store-up', { store: name, server, elapsed: Math.round(now - this.#downSince) / 1000 });
  }
}
