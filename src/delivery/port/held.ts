// A transaction with a next hop that is open while its client still names recipients (RFC 5321 section 3.3): MAIL and RCPT are said when the
// client says them, the content goes over the same connection. Between who asks (delivery/) and who talks (smtp/client).
//
// Whoever keeps one must never say yes without a 2xx of the next hop, take a reply for that of another question, send a message twice, or
// leave a connection or a timer behind once it was given back.
import type { Recipient } from '../../smtp/protocol/recipient.ts';
import type { Delivery, DeliveryOutcome, MessageSource } from './delivery.ts';

/** What is known when MAIL is said. SIZE and BODY among the parameters are the client's word. */
export type HeldEnvelope = Omit<
  Delivery,
  'recipients' | 'message' | 'eightBit' | 'utf8Headers' | 'allRecipients'
> & {
  /** Octets that the message grows by on its way through us as a rule: MAIL says so many more than the client did. */
  readonly room?: number | undefined;
};

/** The next hop said no (4xx, 5xx), or could not be asked. */
export type AskFailure = Extract<DeliveryOutcome, { readonly kind: 'refused' | 'failed' }>;

export type AskOutcome =
  | {
      readonly kind: 'yes';
      readonly host: string;
      /** 2xx. */
      readonly code: number;
      /** The whole reply, lines joined by '\n', without line ends. */
      readonly text: string;
    }
  | AskFailure;

export type Opened =
  | { readonly kind: 'held'; readonly held: Held; readonly code: number; readonly text: string }
  | AskFailure;

/** How long one question may take, and who may call it off. */
export interface AskLimits {
  /** As in Delivery. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/** The message of a held transaction, and all that is known of it by now. */
export type HeldContent = Pick<Delivery, 'eightBit' | 'recipients' | 'utf8Headers'> & {
  readonly message: MessageSource;
};

/** One question at a time: the next one when the last was answered. */
export interface Held {
  /** As it was configured or named. */
  readonly host: string;
  /** The connection stands, and nothing was said on it that nobody had asked for. */
  readonly alive: boolean;
  /** `refused` leaves the transaction as it was, but with 421, which ends it; `failed` ends it. */
  rcpt(recipient: Recipient, limits: AskLimits): Promise<AskOutcome>;
  /**
   * The recipients are those that were answered yes, what MAIL has said of the message is true of this one, and it is not larger than the
   * next hop has announced to take. Otherwise the next hop must be asked again.
   */
  fits(content: HeldContent): boolean;
  /** DATA, the message and the reply to it; for content that fits. It is over then, whatever the outcome. */
  content(content: HeldContent, limits: AskLimits): Promise<DeliveryOutcome>;
  /**
   * There will be no content: RSET, and the connection is kept for others. Harmless when it is over; not while a question is under way,
   * which its signal ends.
   */
  giveBack(): void;
  /** As giveBack, for a delivery over the connection that begins at once, and with RSET. */
  handOver(): void;
}
