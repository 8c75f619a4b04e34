// The SMTP server: listens, looks at the limits of connections, and gives each connection its session. Also runs a session over any other
// stream (`+test`). What it started has ended when close has resolved.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { limitKey, NetworkList, plainAddress } from '../net/address.ts';
import { type BoundSockets, type Endpoint, Listener } from '../net/listener.ts';
import { splitList } from '../options/options.ts';
import type { Peer } from './client.ts';
import { type ErrorName, errorReply } from './reply-table.ts';
import { Session } from './session.ts';
import type { ServerDeps } from './session-context.ts';
import { SessionIds } from './session-id.ts';

export interface SmtpServer {
  /**
   * Opens the sockets of smtp-server-address and smtp-server-port, or has them from `bound`. Rejects with the system's error; then
   * nothing listens.
   */
  listen(bound?: BoundSockets): Promise<readonly Endpoint[]>;
  /** Where it listens; empty before listen and after close. */
  readonly endpoints: readonly Endpoint[];
  /** Sessions that are not over. */
  readonly sessions: number;
  /** Runs a session over a stream, without limits of connections; resolves when it is over. */
  serve(stream: Duplex, peer: Peer, interactive: boolean): Promise<void>;
  /** A connection that somebody else accepted. */
  connection(socket: Socket): void;
  /**
   * No new connections; idle sessions get 421, those with a transaction may finish it within `graceSeconds` (0: are cut off at once).
   * Resolves when every session is over. May be called again, with less patience.
   */
  close(graceSeconds: number): Promise<void>;
}

/** How long a connection that was refused is read on, so that the client gets the reply. */
const LINGER_MS = 1000;
const DELAY_MS = 1000;

export function createServer(deps: ServerDeps): SmtpServer {
  const { clock, counters, limits, log, options } = deps;
  const ids = new SessionIds(clock, deps.random);
  const sessions = new Set<Session>();
  let waiting: (() => void)[] = [];
  let trusted = new NetworkList([]);
  let trustedText = '';
  let delayedSecond = -1;

  const isTrusted = (address: string): boolean => {
    const text = options.values['smtp-xclient-hosts'];
    if (text !== trustedText) {
      trustedText = text;
      trusted = new NetworkList(splitList(text));
      if (trusted.invalid.length > 0) {
        log.write('err', 'smtp-xclient-hosts: not an address or network, trusted for nobody', {
          items: trusted.invalid.join(' '),
        });
      }
    }
    return trusted.contains(address);
  };

  const begin = (stream: Duplex, peer: Peer, interactive: boolean, delay: number, over: () => void): void => {
    counters.connections++;
    counters.sessions++;
    const session = new Session(stream, deps, {
      idSess: ids.next(),
      peer,
      // Who sits at the terminal of +test is the operator.
      trusted: interactive || isTrusted(plainAddress(peer.address)),
      interactive,
      delay,
      closed: () => {
        counters.sessions--;
        sessions.delete(session);
        over();
        if (sessions.size > 0) return;
        for (const done of waiting) done();
        waiting = [];
      },
    });
    sessions.add(session);
  };

  const turnAway = (socket: Socket, error: ErrorName, address: string): void => {
    counters.connections++;
    const { text } = errorReply(error, options.values['smtp-error-url'], { address });
    log.write('info', 'refused', { reply: text.trimEnd(), cause: error, client: address });
    const timer = clock.after(LINGER_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => timer.cancel());
    socket.resume();
    socket.end(text, 'latin1');
  };

  /** Milliseconds that this connection has to wait because too many came in this second. */
  const delayOf = (): number => {
    const limit = options.values['rate-global'];
    if (limit === 0) return 0;
    const now = clock.now();
    const count = limits.second(now);
    if (count <= limit) return 0;
    const second = Math.floor(now / 1000);
    if (second !== delayedSecond) {
      delayedSecond = second;
      log.write('err', `${count} connections exceeds ${limit} per second`, { cause: 'rate-global' });
    }
    return DELAY_MS;
  };

  const connection = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') {
      // Gone before it was looked at.
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const key = limitKey(address);
    const { values } = options;
    const result = limits.open(key, values['limit-connections'], values['limit-client-connections']);
    if (result !== 'open') {
      turnAway(socket, result === 'too-many' ? 'connections' : 'clientConnections', address);
      return;
    }
    const peer = { address, port: socket.remotePort ?? 0, localAddress: socket.localAddress };
    begin(socket, peer, false, delayOf(), () => limits.close(key));
  };

  const listener = new Listener({
    connection,
    error: (error) => log.write('warning', 'listening socket', { cause: error.message }),
  });

  return {
    listen: (bound) => {
      const { values } = options;
      return listener.listen(
        splitList(values['smtp-server-address']),
        values['smtp-server-port'],
        values['smtp-server-queue'],
        bound,
      );
    },
    get endpoints() {
      return listener.endpoints;
    },
    get sessions() {
      return sessions.size;
    },
    serve: (stream, peer, interactive) =>
      new Promise((resolve) => begin(stream, peer, interactive, 0, resolve)),
    connection,
    close: async (graceSeconds) => {
      await listener.close();
      if (sessions.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      if (graceSeconds > 0) for (const session of [...sessions]) session.shutdown();
      const cut = (): void => {
        for (const session of [...sessions]) session.cut();
      };
      const timer = graceSeconds > 0 ? clock.after(graceSeconds * 1000, cut) : undefined;
      if (timer === undefined) cut();
      await empty;
      timer?.cancel();
    },
  };
}
