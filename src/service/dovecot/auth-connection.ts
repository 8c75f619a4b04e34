// One connection to Dovecot's auth socket, with many requests under way at once, each by its number (Dovecot, "Auth Protocol"). Owns the
// socket and the numbers. Requests keep their own time; whoever asked is told once, by its `done` or, for all that have no answer, by `lost`.
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { AuthAnswer, Credentials } from '../../users/auth-source.ts';
import { describeError } from '../connect.ts';
import { answerToFail, answerToOk } from './auth-answer.ts';
import {
  type AuthAbout,
  AuthServerReader,
  authLine,
  cancelLine,
  contLine,
  greeting,
  MAX_REQUEST,
  type Mechanism,
  type ServerSays,
} from './auth-protocol.ts';

export interface AuthRequest {
  readonly credentials: Credentials;
  readonly about: AuthAbout;
  done(answer: AuthAnswer): void;
}

/** What the server still has to ask for before it may say OK. */
interface Pending {
  readonly request: AuthRequest;
  readonly responses: string[];
}

export interface AuthConnectionParts {
  readonly socket: Socket;
  readonly clock: Clock;
  /** 1 to 2^31 - 1. */
  readonly clientId: number;
  /** The connection is gone, or not to be trusted any more; `open`: requests that have no answer. Called once. */
  lost(cause: string, open: readonly AuthRequest[]): void;
  /** The number of the first request; for specs. */
  readonly firstId?: number;
}

/** Octets that wait until Dovecot reads: 1,000 requests of any length. Clients that go before they have an answer leave theirs there. */
const MAX_UNREAD = 1000 * MAX_REQUEST;
/** Numbers have 32 bits. */
const LAST_ID = 0xffff_ffff;

const REFUSED: AuthAnswer = { kind: 'refused', why: 'mismatch' };

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

export class AuthConnection {
  readonly #parts: AuthConnectionParts;
  readonly #reader = new AuthServerReader();
  readonly #pending = new Map<number, Pending>();
  /** Those that came before the end of the handshake. */
  #waiting: AuthRequest[] = [];
  #mechanism: Mechanism | 'none' | undefined;
  #nextId: number;
  /** Every number was used: whatever comes may be late. */
  #wrapped = false;
  #over = false;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(parts: AuthConnectionParts) {
    this.#parts = parts;
    this.#nextId = parts.firstId ?? 1;
    const { clientId, socket } = parts;
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('error', (error) => this.#end(describeError(error)));
    socket.on('end', () => this.#end('Dovecot closed the connection'));
    socket.on('close', () => this.#end('Dovecot closed the connection'));
    socket.write(greeting(clientId), 'latin1');
  }

  /** When the server has said anything last; monotonic. */
  get heardAt(): number {
    return this.#heardAt;
  }

  ask(request: AuthRequest): void {
    if (this.#mechanism === undefined) this.#waiting.push(request);
    else this.#send(request, this.#mechanism);
  }

  /** The answer is of no interest any more. */
  cancel(request: AuthRequest): void {
    this.#waiting = this.#waiting.filter((other) => other !== request);
    for (const [id, pending] of this.#pending) {
      if (pending.request !== request) continue;
      this.#pending.delete(id);
      this.#parts.socket.write(cancelLine(id), 'latin1');
    }
  }

  /** Gives the connection up. */
  giveUp(cause: string): void {
    this.#end(cause);
  }

  #send(request: AuthRequest, mechanism: Mechanism | 'none'): void {
    const { authorize, password, user } = request.credentials;
    if (mechanism === 'none') {
      request.done({ kind: 'unavailable', cause: 'Dovecot offers neither PLAIN nor LOGIN' });
      return;
    }
    if (this.#parts.socket.writableLength > MAX_UNREAD) {
      request.done({ kind: 'unavailable', cause: 'Dovecot does not read what it is asked' });
      return;
    }
    // LOGIN has no word for it.
    if (mechanism === 'LOGIN' && authorize !== '') {
      request.done(REFUSED);
      return;
    }
    const plain = mechanism === 'PLAIN' ? base64(`${authorize}\0${user}\0${password}`) : undefined;
    const responses = plain === undefined ? [base64(user), base64(password)] : [];
    const id = this.#takeId();
    const line = authLine(id, mechanism, request.about, plain);
    if ([line, ...responses].some(({ length }) => length > MAX_REQUEST)) {
      request.done(REFUSED);
      return;
    }
    this.#pending.set(id, { request, responses });
    this.#parts.socket.write(line, 'latin1');
  }

  #takeId(): number {
    let id = this.#nextId;
    while (this.#pending.has(id)) id = this.#after(id);
    this.#nextId = this.#after(id);
    return id;
  }

  #after(id: number): number {
    if (id < LAST_ID) return id + 1;
    this.#wrapped = true;
    return 1;
  }

  #read(piece: Buffer): void {
    if (this.#over) return;
    this.#heardAt = this.#parts.clock.monotonic();
    for (const said of this.#reader.push(piece)) {
      this.#hear(said);
      if (this.#over) return;
    }
  }

  #hear(said: ServerSays): void {
    switch (said.kind) {
      case 'broken':
        this.#end(`Dovecot said what it must not: ${said.why}`);
        return;
      case 'ready': {
        const { mechanisms } = said;
        const mechanism = (['PLAIN', 'LOGIN'] as const).find((name) => mechanisms.includes(name)) ?? 'none';
        this.#mechanism = mechanism;
        for (const request of this.#waiting.splice(0)) this.#send(request, mechanism);
        return;
      }
      case 'cont':
      case 'ok':
      case 'fail': {
        const pending = this.#pending.get(said.id);
        // One that was cancelled is answered all the same; a number that was never given is another one's answer, or nobody's.
        if (pending !== undefined) this.#answer(said, pending);
        else if (!this.#wrapped && (said.id === 0 || said.id >= this.#nextId)) {
          this.#end('Dovecot said what it must not: an answer to a request that was not made');
        }
      }
    }
  }

  #answer(
    said: Extract<ServerSays, { kind: 'cont' | 'ok' | 'fail' }>,
    { request, responses }: Pending,
  ): void {
    if (said.kind === 'cont') {
      const response = responses.shift();
      if (response === undefined) {
        this.#end('Dovecot said what it must not: a question where there is nothing to be asked');
      } else this.#parts.socket.write(contLine(said.id, response), 'latin1');
      return;
    }
    if (said.kind === 'ok' && responses.length > 0) {
      this.#end('Dovecot said what it must not: OK before it had the password');
      return;
    }
    this.#pending.delete(said.id);
    request.done(said.kind === 'ok' ? answerToOk(said.fields) : answerToFail(said.fields));
  }

  #end(cause: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.socket.destroy();
    const open = [...[...this.#pending.values()].map(({ request }) => request), ...this.#waiting];
    this.#pending.clear();
    this.#waiting = [];
    this.#parts.lost(cause, open);
  }
}
