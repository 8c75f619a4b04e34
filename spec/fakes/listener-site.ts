// A listener as the options describe it, with what its connections pass through, served by the sessions of a rig: connections arrive over
// streams in memory, so that every chunk arrives as it was sent.
import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { type ListenerRow, listenerRows } from '../../src/net/listener-row.ts';
import { Listeners } from '../../src/net/listeners.ts';
import { TlsWrapper } from '../../src/net/tls-wrapper.ts';
import { Sessions } from '../../src/smtp/server/sessions.ts';
import { RigClient, type RigSettings, SmtpRig } from './smtp-rig.ts';

export class ListenerSite {
  readonly rig: SmtpRig;
  readonly sessions: Sessions;
  readonly listeners: Listeners;
  /** In the order of smtp-listen. */
  readonly rows: readonly ListenerRow[];

  constructor(settings: RigSettings = {}) {
    this.rig = new SmtpRig({ ...settings, options: { 'rate-global': '0', ...settings.options } });
    this.sessions = new Sessions(this.rig.deps);
    this.listeners = new Listeners(this.rig.deps);
    const { clock, tls } = this.rig.deps;
    this.rows = listenerRows(this.rig.options, this.sessions, new TlsWrapper(tls, clock));
  }

  /** A connection as the system would hand it over: every write of the client arrives as one chunk. */
  arrive(from = '192.0.2.1', at = 0): RigClient {
    const [ours, theirs] = this.#accepted(from, at);
    return new RigClient(ours, Promise.resolve(), theirs);
  }

  /** The same; its stream. */
  stream(from = '192.0.2.1', at = 0): Duplex {
    return this.#accepted(from, at)[0];
  }

  #accepted(from: string, at: number): readonly [Duplex, Duplex] {
    const row = this.rows[at];
    if (row === undefined) throw new Error(`no listener ${at}`);
    const [ours, theirs] = duplexPair();
    const socket = { remoteAddress: from, remotePort: 1234, localAddress: '192.0.2.25', localPort: 25 };
    this.listeners.accept(Object.assign(theirs, socket) as Duplex as Socket, row);
    // As a socket does; a pair of streams does not.
    theirs.on('close', () => ours.destroy());
    return [ours, theirs];
  }
}

/** What was begun goes on, as far as it needs no event from outside. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
