// Dovecot's auth socket as somebody who can be asked again and again: one connection for all requests, made when there is something to ask,
// made anew when it is lost. A request whose connection is lost is asked once more (Dovecot restarts its auth process), within its time.
import type { Clock, RandomInteger, Timer } from '../../base/clock.ts';
import { dial } from '../../net/dial.ts';
import type { AuthAnswer, AuthQuestion, Credentials } from '../../users/auth-source.ts';
import { whyNotConnected } from '../connect.ts';
import { ReplySocket } from '../reply-socket.ts';
import { AuthConnection, type AuthRequest } from './auth-connection.ts';

/** Requests under way at once; each is a client that waits. */
const MAX_OPEN = 1000;
/** 2^31 - 1 */
const LAST_CLIENT = 0x7fff_ffff;

export interface AuthSocketParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly path: string;
}

const unavailable = (cause: string): AuthAnswer => ({ kind: 'unavailable', cause });

export class AuthSocket {
  readonly #parts: AuthSocketParts;
  readonly #closed = new AbortController();
  /** Everything that has no answer yet. */
  readonly #open = new Set<Asked>();
  /** Those of them that wait for a connection. */
  #waiting: Asked[] = [];
  #dialing = false;
  #connection: AuthConnection | undefined;

  constructor(parts: AuthSocketParts) {
    this.#parts = parts;
  }

  /** Nobody waits for an answer. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** The answer, within `timeoutMs`; never rejects. */
  ask(credentials: Credentials, question: AuthQuestion, timeoutMs: number): Promise<AuthAnswer> {
    if (this.#closed.signal.aborted || question.signal.aborted) return Promise.resolve(CANCELLED);
    if (this.#open.size >= MAX_OPEN) {
      return Promise.resolve(unavailable(`${MAX_OPEN} requests wait for an answer already`));
    }
    return new Promise((resolve) => {
      const asked = new Asked(credentials, question, this.#parts.clock, timeoutMs, {
        answered: (answer) => {
          this.#open.delete(asked);
          resolve(answer);
        },
        givenUp: () => this.#givenUp(asked),
      });
      this.#open.add(asked);
      this.#send(asked);
    });
  }

  /** Requests without an answer get none. */
  close(): void {
    this.#closed.abort();
    for (const asked of [...this.#open]) asked.done(CANCELLED);
    this.#connection?.giveUp('smtpe ends');
  }

  #send(asked: Asked): void {
    if (this.#connection !== undefined) {
      this.#connection.ask(asked);
      return;
    }
    this.#waiting.push(asked);
    if (!this.#dialing) void this.#dial(asked.timeoutMs);
  }

  async #dial(timeoutMs: number): Promise<void> {
    const { clock, path, random } = this.#parts;
    this.#dialing = true;
    const limits = { clock, timeoutMs, signal: this.#closed.signal };
    const outcome = await dial(() => new ReplySocket(), { path }, limits);
    this.#dialing = false;
    const waiting = this.#waiting.splice(0);
    if (outcome.kind !== 'connected') {
      const cause = `cannot connect to ${path}: ${whyNotConnected(outcome, timeoutMs)}`;
      for (const asked of waiting) asked.done(unavailable(cause));
      return;
    }
    const connection: AuthConnection = new AuthConnection({
      socket: outcome.socket,
      clock,
      clientId: 1 + random(LAST_CLIENT),
      lost: (cause, open) => this.#lost(connection, cause, open),
    });
    this.#connection = connection;
    for (const asked of waiting) connection.ask(asked);
  }

  #lost(connection: AuthConnection, cause: string, open: readonly AuthRequest[]): void {
    if (this.#connection === connection) this.#connection = undefined;
    for (const asked of open) {
      if (!(asked instanceof Asked)) continue;
      if (asked.mayAskAgain()) this.#send(asked);
      else asked.done(unavailable(cause));
    }
  }

  /** Nobody waits for the answer any more. */
  #givenUp(asked: Asked): void {
    this.#open.delete(asked);
    this.#waiting = this.#waiting.filter((other) => other !== asked);
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.cancel(asked);
    // All the time that this one waited it has said nothing to anybody.
    if (asked.timedOut && connection.heardAt <= asked.since) connection.giveUp('Dovecot does not answer');
  }
}

const CANCELLED = unavailable('cancelled');

interface Listener {
  /** It has its answer. */
  answered(answer: AuthAnswer): void;
  /** Called before `answered` when the time is over or the session ends. */
  givenUp(): void;
}

/** One request, with its time. It is answered once. */
class Asked implements AuthRequest {
  readonly credentials: Credentials;
  readonly about: AuthRequest['about'];
  /** Monotonic. */
  readonly since: number;
  readonly timeoutMs: number;
  timedOut = false;
  readonly #listener: Listener;
  readonly #signal: AbortSignal;
  readonly #timer: Timer;
  #again = true;
  #over = false;

  constructor(
    credentials: Credentials,
    { address, localAddress, localPort, port, secure, session, signal }: AuthQuestion,
    clock: Clock,
    timeoutMs: number,
    listener: Listener,
  ) {
    this.credentials = credentials;
    this.about = { session, lip: localAddress, lport: localPort, rip: address, rport: port, secured: secure };
    this.since = clock.monotonic();
    this.timeoutMs = timeoutMs;
    this.#listener = listener;
    this.#signal = signal;
    this.#timer = clock.after(timeoutMs, () => {
      this.timedOut = true;
      this.#giveUp(unavailable(`no answer within ${timeoutMs / 1000} s`));
    });
    signal.addEventListener('abort', this.#aborted);
  }

  /** True once. */
  mayAskAgain(): boolean {
    const may = this.#again;
    this.#again = false;
    return may;
  }

  done(answer: AuthAnswer): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#signal.removeEventListener('abort', this.#aborted);
    this.#listener.answered(answer);
  }

  readonly #aborted = (): void => this.#giveUp(CANCELLED);

  #giveUp(answer: AuthAnswer): void {
    this.#listener.givenUp();
    this.done(answer);
  }
}
