// What becomes of a message with SMTPUTF8 (RFC 6531) towards a next hop: passed on, done without where that changes no address, or refused. Never
// downgraded otherwise: nobody's local part and no header is written in another way. Pure.
import { domainInAscii } from '../../net-address/idn.ts';
import { hasEightBitOctets } from '../../text/utf8.ts';
import { orcptInAscii } from './dsn.ts';
import type { MailParameters } from './parameters.ts';
import type { Recipient } from './recipient.ts';

export interface Utf8Envelope {
  readonly sender: string;
  readonly parameters?: MailParameters | undefined;
  readonly recipients: readonly Recipient[];
}

export type Utf8Plan =
  /** Everything is ASCII: SMTPUTF8 is not said, and the envelope goes as it is. */
  | { readonly kind: 'ascii' }
  /** SMTPUTF8 is said, with BODY=8BITMIME, and the envelope goes as it is. */
  | { readonly kind: 'utf8' }
  /**
   * SMTPUTF8 is not said; domains are A-labels. undefined stands for a recipient whose local part is not ASCII: never asked about, it gets
   * UTF8_RECIPIENT. Some recipient is left, if there was one.
   */
  | {
      readonly kind: 'converted';
      readonly sender: string;
      readonly recipients: readonly (Recipient | undefined)[];
    }
  /** The next hop cannot have it: UTF8_MESSAGE, unless another one can. */
  | { readonly kind: 'refused' };

/** RFC 6531 section 3.5: what is said of a message, or of one recipient, that only a next hop with SMTPUTF8 could get. */
export const UTF8_MESSAGE = { code: 554, text: '554 5.6.7 the next hop does not take SMTPUTF8' } as const;
export const UTF8_RECIPIENT = { code: 553, text: '553 5.6.7 the next hop does not take SMTPUTF8' } as const;

const ASCII: Utf8Plan = { kind: 'ascii' };
const UTF8: Utf8Plan = { kind: 'utf8' };
const REFUSED: Utf8Plan = { kind: 'refused' };

/**
 * `headers`: whether a header of the message has octets above 127; `unknown` before the message has come, and then SMTPUTF8 is said to whoever
 * offers it. `offered`: the next hop offers SMTPUTF8.
 */
export function planUtf8(envelope: Utf8Envelope, headers: boolean | 'unknown', offered: boolean): Utf8Plan {
  const { parameters, recipients, sender } = envelope;
  if (parameters?.SMTPUTF8 !== true) return ASCII;
  if (headers === false && !hasEightBitOctets(sender) && !recipients.some(isUtf8)) return ASCII;
  if (offered) return UTF8;
  if (headers === true) return REFUSED;
  const plainSender = addressInAscii(sender);
  if (plainSender === undefined) return REFUSED;
  const plain = recipients.map(recipientInAscii);
  // None yet, where they are named later.
  return plain.length > 0 && plain.every((recipient) => recipient === undefined)
    ? REFUSED
    : { kind: 'converted', sender: plainSender, recipients: plain };
}

function isUtf8({ address, parameters }: Recipient): boolean {
  return hasEightBitOctets(address) || hasEightBitOctets(parameters.ORCPT ?? '');
}

/** The same recipient with its domain in A-labels; undefined when its local part is not ASCII. */
export function recipientInAscii(recipient: Recipient): Recipient | undefined {
  if (!isUtf8(recipient)) return recipient;
  const { parameters } = recipient;
  const address = addressInAscii(recipient.address);
  if (address === undefined) return undefined;
  const { ORCPT: orcpt } = parameters;
  return {
    address,
    parameters: orcpt === undefined ? parameters : { ...parameters, ORCPT: orcptInAscii(orcpt) },
  };
}

/** The address with its domain in A-labels; undefined when its local part is not ASCII. '' stays. */
export function addressInAscii(address: string): string | undefined {
  if (!hasEightBitOctets(address)) return address;
  const at = address.lastIndexOf('@') + 1;
  if (at === 0 || hasEightBitOctets(address.slice(0, at))) return undefined;
  const domain = domainInAscii(address.slice(at));
  return domain === undefined ? undefined : address.slice(0, at) + domain;
}
