// What the two halves of a dialogue with a next hop (smtp/client/greeting, smtp/client/sending) have in common: state machines without I/O
// that are told what arrived and say what to do next. smtp/client/converse runs them over a connection.
import type { Stage } from '../../delivery/port/delivery.ts';
import type { Loss } from '../../delivery/port/outcome.ts';
import type { Reply } from '../protocol/reply.ts';

export type Step<E> =
  /** Wait for the next reply. */
  | { readonly kind: 'wait' }
  /** Send this (whole lines), then wait for the next reply. `shown`: what the log has instead of it. */
  | { readonly kind: 'send'; readonly text: string; readonly shown?: string }
  /** Derive a key of 32 octets (PBKDF2, HMAC-SHA-256), then call `derived`. */
  | {
      readonly kind: 'derive';
      readonly password: Buffer;
      readonly salt: Buffer;
      readonly iterations: number;
    }
  /** Begin TLS, then call `secured`. What the next hop sent behind its last reply is to be thrown away. */
  | { readonly kind: 'secure' }
  /**
   * Send the message and the final dot, then call `contentSent`. `chunks`: by BDAT, and `contentSent` is called behind each chunk; `asItIs`:
   * octet for octet, which is for chunks only.
   */
  | { readonly kind: 'content'; readonly chunks: false }
  | { readonly kind: 'content'; readonly chunks: true; readonly asItIs?: true }
  /** Send the next chunk. */
  | { readonly kind: 'next-chunk' }
  | { readonly kind: 'end'; readonly end: E };

export interface Machine<E> {
  /** What is being waited for: decides the deadline, and is named in outcomes. */
  readonly stage: Stage;
  start(): Step<E>;
  reply(reply: Reply): Step<E>;
  secured(): Step<E>;
  /** `last`: the whole message is on its way. */
  contentSent(last: boolean): Step<E>;
  /** Of who asks for it. */
  derived?(key: Buffer): Step<E>;
  /** What the log has of this reply, before it is handed to `reply`; without it: all. */
  shown?(reply: Reply): string;
  /** The connection was lost, or the deadline of the stage has passed. */
  lost(loss: Loss): E;
}
