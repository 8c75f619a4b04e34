// The port of whoever knows which recipients there are (a user database, accounts): asked at RCPT (RFC 5321 section 3.3), behind hook.rcpt and
// before the next hop.
//
// Must never say `unknown` when it does not know (then it is `unavailable`: mail comes again), reject, or go on when the signal has aborted.
import type { Log } from '../base/log.ts';
import type { Maybe } from '../base/maybe.ts';
import type { OptionValues } from '../options/option-table.ts';

export interface RecipientQuestion {
  /** As the client wrote it, latin1. */
  readonly address: string;
  /** Its domain in lower case; '' for one without. */
  readonly domain: string;
  /** Who has authenticated; undefined: nobody. */
  readonly user: string | undefined;
  /** Address of the client. */
  readonly client: string;
  /** The id of the session, its options and its log. */
  readonly session: string;
  readonly values: OptionValues;
  readonly log: Log;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}

export type RecipientAnswer =
  /**
   * It is there: no other source is asked. `maildir`: the absolute path where its mail lies, when that is known. `fields`: what else the source knows of
   * the user, by names of its own; latin1.
   */
  | {
      readonly kind: 'known';
      readonly maildir?: string | undefined;
      readonly fields?: ReadonlyMap<string, string>;
    }
  /** The domain is none of this source's, which has nothing to say. */
  | { readonly kind: 'foreign' }
  /** The domain is, the recipient is not there; another source may know it: 550 5.1.1 when none does. */
  | { readonly kind: 'unknown' }
  /** It must not get this mail, and no other source is asked: 550 with this enhanced status code and text, which is echoed safely. */
  | { readonly kind: 'refused'; readonly status: string; readonly text: string }
  /** Nobody can say now: 451 4.3.0 when no other source knows the recipient. `cause` is for the log. */
  | { readonly kind: 'unavailable'; readonly cause: string };

export interface RecipientSource {
  /** For the log. */
  readonly name: string;
  /** A connection with these options has this source; without it every one has. */
  isOn?(values: OptionValues): boolean;
  look(question: RecipientQuestion): Maybe<RecipientAnswer>;
}
