// What a connection passes through between being accepted and being served: a header of a balancer that says who the client is, TLS from the
// first octet. A listener has a list of them (net/listener-row), which net/listeners walks through; an empty one costs nothing.
//
// A wrapper may use the transport as its user, write to it, lay TLS over it, give back octets that it does not want (`unread`, before it
// awaits anything) and name another peer. When it is done it releases the transport, as everything behind it finds it unread.
// It must never: outlive its outcome (a timer, a listener, a use of the transport), wait for anything but this client without an end of its own,
// go on when the transport is closed (it gives 'gone' then), count or log, change `socketAddress` of the peer, or know who serves.
// Its deadline is kept outside: when that has passed the transport is closed, and the outcome of no interest.
import type { ListenerRow, TurnedAway } from './listener-row.ts';
import type { Peer } from './peer.ts';
import type { Transport } from './transport.ts';

export type WrapOutcome =
  /** On to the next one. `transport`: the one that was given, or another one over it. */
  | { readonly kind: 'pass'; readonly transport: Transport; readonly peer: Peer }
  /** It is closed, after `text` (latin1) if there is one, else after what `refusal` stands for; `cause` is for the log. */
  | {
      readonly kind: 'refuse';
      readonly cause: string;
      readonly text?: string;
      /** It has begun with a header of the PROXY protocol, which nobody has asked it for: the operator is to hear of it. */
      readonly speaksProxy?: boolean;
    }
  /** The other side has closed it. */
  | { readonly kind: 'gone' };

export interface ConnectionWrapper {
  /** For the log, in front of a cause: `proxy`, `tls`. */
  readonly name: string;
  /** It may say that the client is another one: limits of a client are looked at when it is done. */
  readonly namesPeer: boolean;
  /** Why a connection is turned away that it refuses without a text of its own, or that takes too long; without it, not a word is said. */
  readonly refusal?: TurnedAway;
  /** False: this connection passes by it, as if it were not there. Without it: none does. Asked once, before anything is read. */
  takes?(peer: Peer, listener: ListenerRow): boolean;
  /** Milliseconds it may take, by the options of the listener. */
  timeoutMs(listener: ListenerRow): number;
  /** Called once for each connection. */
  wrap(transport: Transport, peer: Peer, listener: ListenerRow): WrapOutcome | Promise<WrapOutcome>;
}
