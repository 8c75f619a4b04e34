// Annotations of a mailbox or of a user (RFC 5464): a value for a key. Part of the port of mailbox/ (mail-user.ts), which stays as it is.
import type { MailOutcome } from './outcome.ts';

/**
 * Keys begin with `/private/` or `/shared/`, with something behind it (else `bad-name`, with Dovecot's words as `why`); they are octets (latin1), 1000
 * at most. Values are octets (latin1), 65,536 at most, '' is a value; a NUL in one is `bad-name` with Dovecot's words. 1000 keys of all mailboxes of a
 * user and 4 MiB of them at most: more is `full`.
 */
export interface Metadata {
  /** undefined: there is none. */
  get(key: string): Promise<MailOutcome<string | undefined>>;
  set(key: string, value: string): Promise<MailOutcome<undefined>>;
  /** Done too when there is none. */
  unset(key: string): Promise<MailOutcome<undefined>>;
  /** Keys that begin with the prefix, in full, each with its value, by key. */
  list(prefix: string): Promise<MailOutcome<ReadonlyMap<string, string>>>;
}
