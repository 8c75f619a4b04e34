// The SMTP server: its listeners, and the sessions of their connections. Also runs a session over any other stream (`+test`). What it started
// has ended when close has resolved.
import type { Duplex } from 'node:stream';
import type { BoundSockets, Endpoint } from '../../net/listener.ts';
import { listenerRows } from '../../net/listener-row.ts';
import { Listeners, type ListeningPlace } from '../../net/listeners.ts';
import type { Peer } from '../../net/peer.ts';
import { TlsWrapper } from '../../net/tls-wrapper.ts';
import { Transport } from '../../net/transport.ts';
import type { ListenFlag } from '../../options/listen-list.ts';
import type { Terminal } from './interactive.ts';
import type { ServerDeps } from './server-deps.ts';
import type { Session } from './session.ts';
import { Sessions } from './sessions.ts';

/** A session as it is looked at from outside. */
export type OpenSession = Pick<
  Session,
  'id' | 'client' | 'listener' | 'state' | 'suspended' | 'row' | 'close'
>;

export interface SmtpServer {
  /** Opens the sockets that the options describe, or has them from `bound`. Rejects with the system's error; then nothing listens. */
  listen(bound?: BoundSockets): Promise<readonly Endpoint[]>;
  /** Where it listens; empty before listen and after close. */
  readonly endpoints: readonly Endpoint[];
  /** Likewise, by listener. */
  readonly places: readonly ListeningPlace[];
  /** Sessions that are not over. */
  readonly sessions: number;
  /** The same, one by one, at this moment. */
  readonly all: Iterable<OpenSession>;
  /** Runs a session over a stream, without limits of connections; resolves when it is over. `interactive`: that of `+test`, or who sits there. `flags`, `listener`: of its listener, and its name. */
  serve(
    stream: Duplex,
    peer: Peer,
    interactive: boolean | Terminal,
    flags?: ReadonlySet<ListenFlag>,
    listener?: string,
  ): Promise<void>;
  /** No new connections until resume; sessions go on. Never rejects. */
  suspend(): Promise<void>;
  /** Listens again where it did before. Rejects with the system's error. */
  resume(): Promise<void>;
  /** Sessions end now, but for messages that are being handed on: they have so many seconds. */
  stopSessions(graceSeconds: number): void;
  /**
   * No new connections; idle sessions get 421, those with a transaction may finish it within `graceSeconds` (0: are cut off at once).
   * Resolves when every session is over. May be called again, with less patience.
   */
  close(graceSeconds: number): Promise<void>;
}

export function createServer(deps: ServerDeps): SmtpServer {
  const sessions = new Sessions(deps);
  const listeners = new Listeners(deps);
  return {
    // hook.init may have set where to listen: they are asked now.
    listen: (bound) =>
      listeners.listen(
        listenerRows(deps.options, sessions, new TlsWrapper(deps.tls, deps.clock, deps.log)),
        bound,
      ),
    get endpoints() {
      return listeners.endpoints;
    },
    get places() {
      return listeners.places;
    },
    get sessions() {
      return sessions.count;
    },
    get all() {
      return sessions.all;
    },
    serve: (stream, peer, interactive, flags, listener) =>
      sessions.serve(new Transport(stream, deps.clock), peer, interactive, flags, listener),
    suspend: () => listeners.suspend(),
    resume: () => listeners.resume(),
    stopSessions: (graceSeconds) => sessions.stop(graceSeconds),
    close: async (graceSeconds) => {
      await listeners.close();
      await sessions.end(graceSeconds);
    },
  };
}
