// One listener as it is configured: where it listens, with which options, what a connection passes through, and who serves it. A list of
// them is what a server is made of. The options without a name describe one, which has no name either.
import { isIPv4 } from 'node:net';
import { systemClock } from '../base/clock.ts';
import { splitList } from '../base/lists.ts';
import { type ListenFlag, type ListenPlace, readListenList } from '../options/listen-list.ts';
import { OptionLayer } from '../options/option-layer.ts';
import type { Options } from '../options/options.ts';
import type { ConnectionWrapper } from './connection-wrapper.ts';
import { type ListenAddress, onPort } from './listener.ts';
import type { Peer } from './peer.ts';
import { ProxyWrapper } from './proxy-wrapper.ts';
import { TlsWrapper } from './tls-wrapper.ts';
import type { Transport } from './transport.ts';

/** Why a connection is not served: the names of errors that doc/reference/errors.md has. */
export type TurnedAway =
  | 'descriptors'
  | 'connections'
  | 'clientConnections'
  | 'serverRate'
  | 'proxyHeader'
  | 'draining'
  | 'overloaded';

/**
 * Who serves the connections of a listener: SMTP sessions, or any other service. It gets those that the limits of connections let through and
 * that have passed every wrapper. Must never: read the socket for what `peer` says, or throw.
 */
export interface ConnectionHandler {
  /**
   * The connection is the handler's from now on; closing it is all that has to be done in the end. `delayMs`: it has to wait so long for its
   * turn before anything is done for it (rate-global).
   */
  connection(transport: Transport, peer: Peer, listener: ListenerRow, delayMs: number): void;
  /** What a client hears (latin1) that is turned away; empty: nothing. */
  refusal(why: TurnedAway, peer: Peer, listener: ListenerRow): string;
}

export interface ListenerRow {
  /** No two have the same: the name, or for those without one their place in smtp-listen. */
  readonly key: string;
  /** Empty for those without one. */
  readonly name: string;
  readonly addresses: readonly ListenAddress[];
  readonly flags: ReadonlySet<ListenFlag>;
  /** Connections that may wait to be accepted. */
  readonly backlog: number;
  /** Those of the process, with what this listener has of its own (options/option-layer). A session works on a fork of them. */
  readonly options: Options;
  /** In this order, from the socket on. */
  readonly wrappers: readonly ConnectionWrapper[];
  readonly handler: ConnectionHandler;
}

/** Where a listener is to be. */
export type ListenerPlace = Pick<ListenerRow, 'key' | 'name' | 'addresses' | 'flags'>;

/** That of smtp-server-address and smtp-server-port. */
function onlyRow(options: Options): ListenerPlace {
  const { values } = options;
  const addresses = onPort(splitList(values['smtp-server-address']), values['smtp-server-port']);
  return { key: '', name: '', addresses, flags: new Set() };
}

/** Those of smtp-listen. */
function listedRows(places: readonly ListenPlace[]): readonly ListenerPlace[] {
  const rows = new Map<string, ListenerPlace & { readonly addresses: ListenAddress[] }>();
  for (const [index, { name, address, port, flags }] of places.entries()) {
    const key = name === '' ? String(index) : name;
    const row = rows.get(key) ?? { key, name, addresses: [], flags };
    const beside = places.some((other) => other.port === port && other.address && isIPv4(other.address));
    row.addresses.push({ address, port, ipv6Only: beside && port !== 0 });
    rows.set(key, row);
  }
  return [...rows.values()];
}

/** What the options say of listeners at this moment, without who serves them. */
export function listenerPlaces(options: Options): readonly ListenerPlace[] {
  const read = readListenList(options.values['smtp-listen']);
  // The option table has refused a list that is wrong.
  const places = read.kind === 'places' ? read.places : [];
  return places.length === 0 ? [onlyRow(options)] : listedRows(places);
}

/** The listeners that the options describe at this moment. `tls`: what those with the flag have in front; without it they refuse everybody. */
export function listenerRows(
  options: Options,
  handler: ConnectionHandler,
  tls = new TlsWrapper(undefined, systemClock),
): readonly ListenerRow[] {
  const backlog = options.values['smtp-server-queue'];
  // The header of a balancer comes before the ClientHello, in clear.
  const wrappers = [new ProxyWrapper(), tls];
  const common = { backlog, options, wrappers, handler };
  return listenerPlaces(options).map((row) => {
    if (row.name === '') return { ...row, ...common };
    const own = new OptionLayer(options, () => options.ofListener(row.name));
    return { ...row, ...common, options: own, backlog: own.values['smtp-server-queue'] };
  });
}
