// The SMTP sessions of a server: begins one for each connection that it is handed, over any transport, and ends them all at the end. Those
// whose client is gone while hook.close is at work are bounded too.
import type { Timer } from '../../base/clock.ts';
import type { ConnectionHandler, ListenerRow, TurnedAway } from '../../net/listener-row.ts';
import type { Peer } from '../../net/peer.ts';
import type { Transport } from '../../net/transport.ts';
import type { ListenFlag } from '../../options/listen-list.ts';
import type { Terminal } from './interactive.ts';
import { errorReply } from './reply-table.ts';
import type { ServerDeps } from './server-deps.ts';
import { Session, type SessionWatcher } from './session.ts';
import type { SessionListener } from './session-core.ts';
import { SessionIds } from './session-id.ts';
import { TrustedHosts } from './trusted-hosts.ts';

/** What hook.error and hook.close of a session that was cut off may wait for at the end of the server. */
const CLOSE_MS = 400;
/** Sessions in hook.close, which no limit of connections counts, where there is no such limit. */
const CLOSING = 10_000;

const NO_FLAGS: ReadonlySet<ListenFlag> = new Set();

export class Sessions implements ConnectionHandler, SessionWatcher {
  readonly #deps: ServerDeps;
  readonly #ids: SessionIds;
  readonly #trusted: TrustedHosts;
  readonly #open = new Set<Session>();
  /** Those of them whose connection is gone, in the order in which it went: hook.close is at work. */
  readonly #closing = new Set<Session>();
  #waiting: (() => void)[] = [];

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.#ids = new SessionIds(deps.clock, deps.random);
    this.#trusted = new TrustedHosts(deps.log);
  }

  /** Those that are not over. */
  get count(): number {
    return this.#open.size;
  }

  /** For whoever looks after the service. */
  get all(): Iterable<Session> {
    return this.#open;
  }

  connection(transport: Transport, peer: Peer, listener: ListenerRow, delay: number): void {
    this.#begin(transport, peer, listener, delay, false, undefined);
  }

  refusal(why: TurnedAway, { address, tls }: Peer, { flags, options }: ListenerRow): string {
    // Before the handshake words in clear would be a broken record of TLS: clients tell their users that TLS fails.
    if (flags.has('tls') && tls?.by !== 'smtpe') return '';
    return errorReply(why, options.values['smtp-error-url'], { address }).text;
  }

  /** A session that nobody accepted; resolves when it is over. `interactive`: that of `+test`, or who sits there. */
  serve(
    transport: Transport,
    peer: Peer,
    interactive: boolean | Terminal,
    flags: ReadonlySet<ListenFlag> = NO_FLAGS,
    name = '',
  ): Promise<void> {
    const listener = { name, options: this.#deps.options, flags };
    return new Promise((over) => {
      this.#begin(transport, peer, listener, 0, interactive, over);
    });
  }

  /**
   * Idle sessions get 421, those with a transaction may finish it within `graceSeconds` (0: are cut off at once). Resolves when every
   * session is over. May be called again, with less patience.
   */
  async end(graceSeconds: number): Promise<void> {
    if (this.#open.size === 0) return;
    const { clock } = this.#deps;
    const empty = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    if (graceSeconds > 0) for (const session of [...this.#open]) session.shutdown();
    let timer: Timer | undefined;
    // Once more for those whose hook.close waits: that is cut off in turn, so that the message file goes and the log has its line.
    const cut = (): void => {
      for (const session of [...this.#open]) session.cut();
      timer = clock.after(CLOSE_MS, cut);
    };
    if (graceSeconds > 0) timer = clock.after(graceSeconds * 1000, cut);
    else cut();
    await empty;
    timer?.cancel();
  }

  /**
   * All sessions end now: with 421 between two commands, broken off within a message; those whose message is being handed on within
   * `graceSeconds`.
   */
  stop(graceSeconds: number): void {
    const stopped = [...this.#open];
    for (const session of stopped) session.stop();
    this.#deps.clock.after(graceSeconds * 1000, () => {
      for (const session of stopped) if (this.#open.has(session)) session.cut();
    });
  }

  #begin(
    transport: Transport,
    peer: Peer,
    listener: SessionListener,
    delay: number,
    at: boolean | Terminal,
    over: (() => void) | undefined,
  ): void {
    const interactive = at !== false;
    const terminal = typeof at === 'object' ? at : undefined;
    const proxies = listener.options.values['smtp-xclient-hosts'];
    // Who sits at the terminal of +test is the operator.
    const trusted = interactive || this.#trusted.has(proxies, peer.socketAddress);
    const idSess = this.#ids.next();
    // Kept as long as the session, ten thousand times: no closure, and every field by its name.
    const settings = { idSess, peer, listener, trusted, interactive, terminal, delay, watcher: this, over };
    this.#open.add(new Session(transport, this.#deps, settings));
  }

  gone(session: Session): void {
    this.#closing.add(session);
    const [oldest] = this.#closing;
    const most = this.#deps.options.values['limit-connections'] || CLOSING;
    if (this.#closing.size > most) oldest?.cut();
  }

  closed(session: Session): void {
    const { received, sent } = session.traffic;
    this.#deps.traffic?.octets(received, sent);
    this.#open.delete(session);
    this.#closing.delete(session);
    if (this.#open.size > 0) return;
    for (const done of this.#waiting.splice(0)) done();
  }
}
