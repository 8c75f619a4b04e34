// The SMTP server: listens, looks at the limits of connections, and gives each connection its session. Also runs a session over any other
// stream (`+test`). What it started has ended when close has resolved.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { limitKey, NetworkList, plainAddress } from '../net/address.ts';
import { type BoundSockets, type Endpoint, Listener } from '../net/listener.ts';
import type { Timer } from '../ops/clock.ts';
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
/** What hook.error and hook.close of a session that was cut off may wait for at the end of the server. */
const CLOSE_MS = 400;
/** The longest that a connection waits for its turn (rate-global). */
const LONGEST_WAIT_MS = 30_000;
/** How often it is said that something is used up. */
const SAY_EVERY_MS = 10_000;
/** Sessions in hook.close, which no limit of connections counts, where there is no such limit. */
const CLOSING = 10_000;

export function createServer(deps: ServerDeps): SmtpServer {
  const { clock, counters, limits, log, options } = deps;
  const ids = new SessionIds(clock, deps.random);
  const sessions = new Set<Session>();
  /** Those of them whose connection is gone, in the order in which it went: hook.close is at work. */
  const closing = new Set<Session>();
  let waiting: (() => void)[] = [];
  let trusted = new NetworkList([]);
  let trustedText = '';
  let delayedSecond = -1;
  let saidScarce = Number.NEGATIVE_INFINITY;

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

  /** `gone` is called when the connection is closed, `over` when the session is over as well. */
  const begin = (
    stream: Duplex,
    peer: Peer,
    interactive: boolean,
    delay: number,
    gone: () => void,
    over: () => void = () => undefined,
  ): void => {
    counters.connections++;
    counters.sessions++;
    const session = new Session(stream, deps, {
      idSess: ids.next(),
      peer,
      // Who sits at the terminal of +test is the operator.
      trusted: interactive || isTrusted(plainAddress(peer.address)),
      interactive,
      delay,
      gone: () => {
        gone();
        closing.add(session);
        const [oldest] = closing;
        if (closing.size > (options.values['limit-connections'] || CLOSING)) oldest?.cut();
      },
      closed: () => {
        counters.sessions--;
        sessions.delete(session);
        closing.delete(session);
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
    socket.on('error', () => undefined);
    if (error === 'descriptors') {
      // Its own is needed at once, by the next one to be refused.
      socket.write(text, 'latin1', () => socket.destroy());
      return;
    }
    const timer = clock.after(LINGER_MS, () => socket.destroy());
    socket.on('close', () => timer.cancel());
    socket.resume();
    socket.end(text, 'latin1');
  };

  /** Milliseconds that this connection has to wait for its turn (rate-global); undefined when that is too long. */
  const delayOf = (): number | undefined => {
    const limit = options.values['rate-global'];
    if (limit === 0) return 0;
    const now = clock.monotonic();
    const wait = limits.place(limit, now, LONGEST_WAIT_MS);
    if (wait === 0) return 0;
    const second = Math.floor(now / 1000);
    if (second !== delayedSecond) {
      delayedSecond = second;
      const places = limit === 1 ? '1 a second' : `${limit} a second`;
      log.write('err', `connections come faster than ${places}, they wait`, {
        cause: 'rate-global',
        wait: wait === undefined ? `more than ${LONGEST_WAIT_MS / 1000} s, refused` : `${wait / 1000} s`,
      });
    }
    return wait;
  };

  /** True when the descriptors that are left are needed by those who are served. */
  const scarce = (socket: Socket): boolean => {
    const { descriptors } = deps;
    const number = descriptorOf(socket);
    if (descriptors === undefined || number === undefined || !descriptors.scarce(number)) return false;
    const now = clock.monotonic();
    if (now >= saidScarce + SAY_EVERY_MS) {
      saidScarce = now;
      log.write('err', 'file descriptors are used up, connections are refused', descriptors.advice());
    }
    return true;
  };

  const connection = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') {
      counters.connections++;
      log.write('info', 'connection gone before it was served', { cause: 'reset by the client' });
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    if (scarce(socket)) {
      turnAway(socket, 'descriptors', address);
      return;
    }
    const key = limitKey(address);
    const { values } = options;
    const result = limits.open(key, values['limit-connections'], values['limit-client-connections']);
    if (result !== 'open') {
      turnAway(socket, result === 'too-many' ? 'connections' : 'clientConnections', address);
      return;
    }
    const delay = delayOf();
    if (delay === undefined) {
      limits.close(key);
      turnAway(socket, 'serverRate', address);
      return;
    }
    const peer = { address, port: socket.remotePort ?? 0, localAddress: socket.localAddress };
    begin(socket, peer, false, delay, () => limits.close(key));
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
      new Promise((resolve) => begin(stream, peer, interactive, 0, () => undefined, resolve)),
    connection,
    close: async (graceSeconds) => {
      await listener.close();
      if (sessions.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      if (graceSeconds > 0) for (const session of [...sessions]) session.shutdown();
      let timer: Timer | undefined;
      // Once more for those whose hook.close waits: that is cut off in turn, so that the message file goes and the log has its line.
      const cut = (): void => {
        for (const session of [...sessions]) session.cut();
        timer = clock.after(CLOSE_MS, cut);
      };
      if (graceSeconds > 0) timer = clock.after(graceSeconds * 1000, cut);
      else cut();
      await empty;
      timer?.cancel();
    },
  };
}

/** The number of the socket's descriptor, where the system has numbers for them. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } };
  return _handle?.fd;
}
