// The port of whoever knows users and their passwords: asked about AUTH (RFC 4954), in the order of users/auth-chain, before hook.auth.
//
// Must never say `accepted` by half (what it did not understand is `unavailable`), write a password or what it is made of anywhere, reject, or
// go on when the signal has aborted. How long it takes must not tell an unknown user from a wrong password, as far as it can help it.
import type { Log } from '../base/log.ts';
import type { OptionValues } from '../options/option-table.ts';

/** What a client claims, and the proof. All latin1, one character an octet, not empty and without NUL (RFC 4616 section 2). */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Whom the user wants to act for (authzid); '' for himself. */
  readonly authorize: string;
}

/** What is known of the connection. */
export interface AuthQuestion {
  /** Its options. */
  readonly values: OptionValues;
  /** Its id in the log. */
  readonly session: string;
  /** Rights may go by it; empty: not known, or it must give none. */
  readonly address: string;
  /** 0: not known. */
  readonly port: number;
  /** That of the connection itself, whatever XCLIENT says; for the database, which gives no rights by it. */
  readonly realAddress: string;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Nobody reads it on the way. */
  readonly secure: boolean;
  /** `PLAIN`, `LOGIN`. */
  readonly mechanism: string;
  /** The name by which the client has asked for us (SNI); undefined without. */
  readonly serverName: string | undefined;
  /** Of the session. */
  readonly log: Log;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}

/** Why a user that a source knows is not let in. */
export type AuthRefusal = 'mismatch' | 'disabled' | 'expired';

export type AuthAnswer =
  /** Right. `user`: who that is from here on; not empty, no control characters. `fields`: what the source tells the policy of him; latin1. */
  | {
      readonly kind: 'accepted';
      readonly user: string;
      readonly fields?: Readonly<Record<string, string>>;
    }
  /** No other source is asked. `reason`: what the client may be told instead of the usual text; it is echoed safely. */
  | { readonly kind: 'refused'; readonly why: AuthRefusal; readonly reason?: string | undefined }
  /** No user of this source: the next one is asked. */
  | { readonly kind: 'unknown' }
  /** Nobody can say now. `cause` is for the log. `refused`: somebody behind the source has said no all the same. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly refused?: boolean };

export interface AuthSource {
  /** For the log. */
  readonly name: string;
  /** A connection with these options has this source. */
  isOn(values: OptionValues): boolean;
  verify(credentials: Credentials, question: AuthQuestion): Promise<AuthAnswer>;
  /** The process ends: connections are given up. */
  close?(): void;
}
