// A recipient, the same object from RCPT to its delivery (RFC 5321 section 4.1.1.3), on both sides of SMTP.
import { NO_PARAMETERS, type RcptParameters } from './parameters.ts';

export interface Recipient {
  /** Without brackets, as it was written: hooks, log lines and the next hop get this. Never empty. */
  readonly address: string;
  /** Of its RCPT. */
  readonly parameters: RcptParameters;
  /** The client has not named it and does not hear of it: the policy has added it. */
  readonly hidden?: true;
  /** Where its mail lies on this machine, an absolute path, when who knows the recipients has said so while its RCPT was decided. */
  maildir?: string | undefined;
  /** What else is known of the user there, by names of who knows it; latin1. */
  userFields?: ReadonlyMap<string, string> | undefined;
}

/** A recipient of whom nothing but the address is known. */
export function recipientOf(address: string): Recipient {
  return { address, parameters: NO_PARAMETERS };
}
