// One query of a look-up to one server, by UDP or TCP, between the socket and dns/lookup.ts.
import type { Server } from './server.ts';
import type { Exchange, ReplyReceiver } from './udp.ts';
import type { Query } from './wire.ts';

export interface AttemptOwner {
  /** A packet with the id of the query; true when it is the answer. */
  replied(attempt: Attempt, packet: Buffer): boolean;
  /** The network turned the query down. */
  attemptFailed(attempt: Attempt, cause: string): void;
}

export class Attempt implements ReplyReceiver {
  readonly server: Server;
  readonly query: Query;
  /** The id of a TCP query, -1 for UDP. */
  readonly tcpId: number;
  /** Set when it was sent. */
  exchange: Exchange | undefined;
  readonly #owner: AttemptOwner;

  constructor(owner: AttemptOwner, server: Server, query: Query, tcpId: number) {
    this.#owner = owner;
    this.server = server;
    this.query = query;
    this.tcpId = tcpId;
  }

  reply(packet: Buffer): boolean {
    return this.#owner.replied(this, packet);
  }

  failed(cause: string): void {
    this.#owner.attemptFailed(this, cause);
  }
}
