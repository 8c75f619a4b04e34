// Asks the servers of a host list one after the other until one answers (doc/reference/service.md: host_list). A server that
// cannot be reached, or closes without a word, is followed by the next one; one that answers badly or not in time is not.

import type { Clock } from '../base/clock.ts';
import type { AddressSource } from '../net/dial.ts';
import type { HostHealth } from '../net/host-health.ts';
import type { ServiceTarget } from '../net-address/host-list.ts';
import { type ConnectOutcome, connectTo } from './connect.ts';
import { keyOf } from './host-list.ts';
import type { ReplySocket } from './reply-socket.ts';

export interface Servers {
  readonly targets: readonly ServiceTarget[];
  /** Milliseconds, for each address. */
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told which server is tried now. */
  onTry(target: ServiceTarget): void;
  /** Told when a connection was made. */
  onConnect(target: ServiceTarget): void;
}

/** `silent` makes the next server be asked. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'silent'; readonly error: string };

export type FailOverOutcome<T> =
  | { readonly kind: 'answered'; readonly value: T }
  /** No server answered; `error` names each with its reason. */
  | { readonly kind: 'unreachable'; readonly error: string };

export interface FailOverParts {
  readonly clock: Clock;
  readonly resolver: AddressSource;
  readonly refuse?: ((address: string) => string | undefined) | undefined;
}

export class FailOver {
  readonly #parts: FailOverParts;
  readonly #health: HostHealth;

  constructor(parts: FailOverParts, health: HostHealth) {
    this.#parts = parts;
    this.#health = health;
  }

  /** Connects to one server and remembers how that went. From then on the connection is closed when `signal` aborts. */
  async connect(target: ServiceTarget, { connectTimeoutMs, signal }: Servers): Promise<ConnectOutcome> {
    const outcome = await connectTo(target, {
      ...this.#parts,
      health: this.#health,
      timeoutMs: connectTimeoutMs,
      signal,
    });
    if (outcome.kind === 'failed') {
      if (!signal.aborted) this.#health.failed(keyOf(target));
      return outcome;
    }
    this.#health.worked(keyOf(target));
    const { socket } = outcome;
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort);
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    return outcome;
  }

  /** `ask` gets an open socket and must see to it that it is closed. */
  async run<T>(
    servers: Servers,
    ask: (target: ServiceTarget, socket: ReplySocket) => Promise<Answer<T>>,
  ): Promise<FailOverOutcome<T>> {
    const errors: string[] = [];
    for (const target of this.#health.order(servers.targets, keyOf)) {
      servers.onTry(target);
      const connection = await this.connect(target, servers);
      if (connection.kind === 'failed') {
        errors.push(`${target.text}: ${connection.error}`);
      } else {
        servers.onConnect(target);
        const answer = await ask(target, connection.socket);
        if (answer.kind === 'answer') return { kind: 'answered', value: answer.value };
        errors.push(`${target.text}: ${answer.error}`);
      }
      if (servers.signal.aborted) break;
    }
    return { kind: 'unreachable', error: errors.join('; ') };
  }
}
