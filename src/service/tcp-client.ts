// Connects to whoever a policy names: a host over TCP, each address of it in turn, or the path of a socket.
import type { Clock } from '../base/clock.ts';
import { type AddressSource, type Attempt, dial, dialHost } from '../net/dial.ts';
import { ReplySocket } from './reply-socket.ts';
import { TcpStream, tcpErrorText } from './tcp-stream.ts';

export type TcpTarget = { readonly host: string; readonly port: number } | { readonly path: string };

export interface TcpRequest {
  readonly target: TcpTarget;
  /** For the look-up, for each address, and for all together. Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type TcpOutcome =
  | { readonly kind: 'connected'; readonly stream: TcpStream }
  | { readonly kind: 'failed'; readonly error: string };

const newSocket = (): ReplySocket => new ReplySocket();

function wordsOf(why: Attempt['why']): string {
  switch (why.kind) {
    case 'error':
      return tcpErrorText(why.error);
    case 'closed':
    case 'cancelled':
      return 'closed';
    case 'timeout':
      return 'timeout';
    case 'refused':
      return why.reason;
  }
}

export class TcpClient {
  readonly #clock: Clock;
  readonly #resolver: AddressSource;
  readonly #refuse: (address: string) => string | undefined;

  constructor(clock: Clock, resolver: AddressSource, refuse: (address: string) => string | undefined) {
    this.#clock = clock;
    this.#resolver = resolver;
    this.#refuse = refuse;
  }

  /** Never rejects, and leaves nothing open when it fails. */
  async connect({ target, timeoutMs, signal }: TcpRequest): Promise<TcpOutcome> {
    const stop = new AbortController();
    const giveUp = (): void => stop.abort();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) stop.abort();
    let late = false;
    const timer = this.#clock.after(timeoutMs, () => {
      late = true;
      stop.abort();
    });
    try {
      const outcome = await this.#dial(target, timeoutMs, stop.signal);
      if (outcome.kind === 'connected' || !late) return outcome;
      return { kind: 'failed', error: 'timeout' };
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #dial(target: TcpTarget, timeoutMs: number, signal: AbortSignal): Promise<TcpOutcome> {
    const limits = { clock: this.#clock, timeoutMs, signal };
    if ('path' in target) {
      const reason = this.#refuse(target.path);
      if (reason !== undefined) return { kind: 'failed', error: reason };
      const outcome = await dial(newSocket, target, limits);
      return outcome.kind === 'connected'
        ? { kind: 'connected', stream: new TcpStream(outcome.socket, this.#clock) }
        : { kind: 'failed', error: wordsOf(outcome) };
    }
    const parts = { ...limits, resolver: this.#resolver, refuse: this.#refuse };
    const outcome = await dialHost(newSocket, target.host, target.port, parts);
    if (outcome.kind === 'connected')
      return { kind: 'connected', stream: new TcpStream(outcome.socket, this.#clock) };
    const last = outcome.attempts.at(-1);
    return {
      kind: 'failed',
      error: last === undefined ? 'host or service not provided, or not known' : wordsOf(last.why),
    };
  }
}
