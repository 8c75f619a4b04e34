// The client of a session or of a service, as a script talks to it: the port between sessions of scripts and whoever has the connection.
//
// A dialogue must never reject or throw, keep more of what a client sends than the limits of its connection say, or tell more when the client
// is gone than that: then nothing is sent, and every wait ends at once.

export type Received =
  /** Octets in latin1, without their line end; at most as many as were asked for. */
  { readonly kind: 'line'; readonly text: string } | { readonly kind: 'timeout' | 'closed' };

export interface Dialogue {
  /** As text. */
  readonly address: string;
  /** Sends octets; resolves when the system took them, after smtp-reply-timeout, or when the client is gone. */
  send(octets: Buffer): Promise<void>;
  /** The next line, waited for at most `ms`; the rest of one of more than `most` octets is the next. */
  line(most: number, ms: number): Promise<Received>;
  /** So many octets, or what came of them within `ms`, or before the client closed its side. */
  octets(count: number, ms: number): Promise<Buffer>;
}
