// TLS from the first octet (RFC 8314 section 3): what a listener with the flag `tls` puts in front of its sessions.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionWrapper, WrapOutcome } from './connection-wrapper.ts';
import type { InboundTls } from './inbound-tls.ts';
import type { ListenerRow } from './listener-row.ts';
import type { Peer } from './peer.ts';
import { acceptTls, SPEAKS_PROXY } from './tls-handshake.ts';
import type { Transport } from './transport.ts';

export class TlsWrapper implements ConnectionWrapper {
  readonly name = 'tls';
  readonly namesPeer = false;
  readonly #tls: InboundTls | undefined;
  readonly #clock: Clock;
  readonly #log: Log | undefined;

  /** Without `tls` everybody is refused. `log`: is told of handshakes. */
  constructor(tls: InboundTls | undefined, clock: Clock, log?: Log) {
    this.#tls = tls;
    this.#clock = clock;
    this.#log = log;
  }

  takes(_peer: Peer, { flags }: ListenerRow): boolean {
    return flags.has('tls');
  }

  timeoutMs({ options }: ListenerRow): number {
    return options.values['smtp-tls-timeout'] * 1000;
  }

  async wrap(transport: Transport, peer: Peer, { options }: ListenerRow): Promise<WrapOutcome> {
    const contexts = this.#tls?.contexts(options.values);
    if (contexts === undefined) return { kind: 'refuse', cause: 'there are no certificates' };
    const settings = { implicit: true, clock: this.#clock, log: this.#log };
    const outcome = await acceptTls(transport, contexts, settings);
    return outcome.kind === 'lost'
      ? { kind: 'refuse', cause: outcome.cause, speaksProxy: outcome.cause === SPEAKS_PROXY }
      : { kind: 'pass', transport, peer: { ...peer, tls: outcome.tls } };
  }
}
