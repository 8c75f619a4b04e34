// What is asked of whoever delivers mail (smtp/client, delivery/to-maildir) and what is answered; asked by the smart host and by the Lua module smtp. Who
// delivers never rejects, never says delivered without a 250 of the next hop or a synced file, and never sends a second copy.
import type { Log } from '../../base/log.ts';
import type { Options } from '../../options/options.ts';
import type { ExtensionName } from '../../smtp/protocol/extension-table.ts';
import type { MailParameters } from '../../smtp/protocol/parameters.ts';
import type { Recipient } from '../../smtp/protocol/recipient.ts';
import type { ForwardedClient } from './forwarded-client.ts';
import type { HeldEnvelope, Opened } from './held.ts';

/** The message to send: unstuffed, CRLF line ends. A StoredMessage serves. */
export interface MessageSource {
  readonly size: number;
  read(start?: number): AsyncIterable<Buffer>;
  readonly pieces: readonly Buffer[] | undefined;
}

/** How a message came, whatever the policy has made of it since: what it is known again by when its client tries once more. */
export interface Received {
  readonly sender: string;
  /** Addresses, as the client has named them. */
  readonly recipients: readonly string[];
  /** Of its octets (delivery/message-key). */
  readonly key: string;
}

/** Who may have mail sent to other domains by accounts (option rumble-relay). */
export type OnBehalf =
  /** This server: a report, or what a script sends. */
  | { readonly kind: 'server' }
  /** Who has logged in; latin1. */
  | { readonly kind: 'user'; readonly name: string };

export interface Delivery {
  /** `host`, `host:port`, `1.2.3.4:25`, `[2001:db8::1]:25`; `maildir:PATH` for the smart host only. Tried in order. */
  readonly hosts: readonly string[];
  readonly sender: string;
  /** Of MAIL, as the client gave them: what goes on is in the table of extensions. Undefined: none. */
  readonly parameters?: MailParameters | undefined;
  readonly recipients: readonly Recipient[];
  /** undefined: stop after the last RCPT (call-ahead). */
  readonly message: MessageSource | undefined;
  /** Undefined: it goes on as it came, or nobody has asked before it was changed. */
  readonly received?: Received | undefined;
  /** True when the content has bytes above 127: BODY=8BITMIME is sent where offered. */
  readonly eightBit: boolean;
  /** A header has bytes above 127. Of interest where SMTPUTF8 is among the parameters only; undefined: none has. */
  readonly utf8Headers?: boolean | undefined;
  /** The message says that it may go without TLS (RFC 8689 section 5), where that is all that stands in its way. */
  readonly tlsNotRequired?: boolean | undefined;
  /** Send the message only when the next hop has taken every recipient. Undefined: when it has taken one. */
  readonly allRecipients?: boolean | undefined;
  /** Whether nothing may be sent to this address, because it is our own: the message would come back. Undefined: to any. */
  readonly isOurOwn?: ((address: string, port: number) => boolean) | undefined;
  /**
   * When it has to be over, all hosts and stages together: milliseconds of the clock's monotonic time. Nothing is begun or waited for beyond
   * it. Undefined: smtp-dot-timeout from when it begins.
   */
  readonly until?: number | undefined;
  /**
   * The hosts are the operator's own next hops (smtp-smart-host): smtp-forward-user, -xclient and -proxy are for them. Undefined: for hosts
   * that a policy names, who are told neither who we are nor who the client is.
   */
  readonly ownHosts?: boolean | undefined;
  /** Who answers for its recipients; undefined: nobody, so that it goes to nobody but accounts of ours where those are asked. */
  readonly onBehalf?: OnBehalf | undefined;
  /** Whose message it is, for next hops that are told; undefined: they are not. */
  readonly client?: ForwardedClient | undefined;
  /**
   * Has something done when the client has its reply, or is gone: what is told to others of a message must not keep him waiting. Undefined: it
   * is done at once.
   */
  readonly afterReply?: ((work: () => void) => void) | undefined;
  /** For log lines. */
  readonly id: string;
  /** Those of the connection that asks (smtpe.setoption in a hook changes these only); undefined: the mailer's own. */
  readonly options?: Options | undefined;
  /** Where the mailer writes about this delivery; undefined: its own log, with `id`. */
  readonly log?: Log | undefined;
}

/** `dot` is the end of the data, however it was sent. */
export type Stage =
  | 'connect'
  | 'banner'
  | 'helo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'content'
  | 'dot';

export interface RcptReply {
  readonly recipient: Recipient;
  /** 250, 550 ...; 0 when the recipient was never asked. */
  readonly code: number;
  /** The whole reply, lines joined by '\n', without line ends; '' when never asked. */
  readonly text: string;
}

/** How the connection to a next hop was encrypted. */
export interface HopTls {
  /** `TLSv1.3` */
  readonly version: string;
  /** The standard name. */
  readonly cipher: string;
  /** The certificate is right: by authorities, a pin or TLSA, as smtp-forward-tls has it. */
  readonly verified: boolean;
  /** Why not. */
  readonly cause: string | undefined;
}

/** How a delivery ended. `rcpts` has a result for each recipient, in the order of `recipients`. */
export type DeliveryOutcome = {
  /** Of the connection, where there was one and it was encrypted. */
  readonly tls?: HopTls | undefined;
} & (
  | {
      readonly kind: 'delivered';
      readonly host: string;
      readonly code: number;
      readonly text: string;
      readonly rcpts: readonly RcptReply[];
      /** The next hop offers DSN: it was told who is to hear of the message, and sees to it. */
      readonly dsn?: boolean | undefined;
    }
  /** The last RCPT was answered and no message was to be sent. */
  | {
      readonly kind: 'verified';
      readonly host: string;
      readonly code: number;
      readonly text: string;
      readonly rcpts: readonly RcptReply[];
    }
  /** The next hop said no: `code` is its 4xx or 5xx (or an unexpected one) at `stage`. */
  | {
      readonly kind: 'refused';
      readonly host: string;
      readonly stage: Stage;
      readonly code: number;
      readonly text: string;
      readonly rcpts: readonly RcptReply[];
      /** It was not asked: it does not offer what the message needs, and another next hop may. The words are ours. */
      readonly lacks?: ExtensionName | undefined;
    }
  /**
   * No conversation: refused, timed out, closed, garbage. `code` is an smtp.code pseudo code (110 120 130 140 100). At stage `dot` the
   * final dot was on its way already, and the next hop may or may not have the message; at every other stage it has not.
   */
  | {
      readonly kind: 'failed';
      readonly host: string;
      readonly stage: Stage;
      readonly code: number;
      readonly error: string;
      readonly rcpts: readonly RcptReply[];
    }
);

export interface Mailer {
  /** Never rejects. Stops, closing the connection, when `signal` aborts (then: failed). */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Says MAIL to the first of the hosts that answers it, and keeps the connection for what comes later. Never rejects. */
  open(envelope: HeldEnvelope, signal: AbortSignal): Promise<Opened>;
  /** Closes idle connections. */
  close(): void;
}
