// What is asked of the SMTP client and what it answers; shared by the smart host and by the Lua module smtp.
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';

/** The message to send: unstuffed, CRLF line ends. A StoredMessage serves. */
export interface MessageSource {
  readonly size: number;
  read(start?: number): AsyncIterable<Buffer>;
  readonly pieces: readonly Buffer[] | undefined;
}

export interface Delivery {
  /** `host`, `host:port`, `1.2.3.4:25`, `[2001:db8::1]:25`; `maildir:PATH` for the smart host only. Tried in order. */
  readonly hosts: readonly string[];
  readonly sender: string;
  readonly recipients: readonly string[];
  /** undefined: stop after the last RCPT (call-ahead). */
  readonly message: MessageSource | undefined;
  /** True when the content has bytes above 127: BODY=8BITMIME is sent where offered. */
  readonly eightBit: boolean;
  /** Send the message only when the next hop has taken every recipient. Undefined: when it has taken one. */
  readonly allRecipients?: boolean | undefined;
  /** Whether nothing may be sent to this address, because it is our own: the message would come back. Undefined: to any. */
  readonly isOurOwn?: ((address: string, port: number) => boolean) | undefined;
  /** For log lines. */
  readonly id: string;
  /** Those of the connection that asks (smtpe.setoption in a hook changes these only); undefined: the mailer's own. */
  readonly options?: Options | undefined;
  /** Where the mailer writes about this delivery; undefined: its own log, with `id`. */
  readonly log?: Log | undefined;
}

export type Stage = 'connect' | 'banner' | 'helo' | 'starttls' | 'mail' | 'rcpt' | 'data' | 'content' | 'dot';

export interface RcptReply {
  readonly recipient: string;
  /** 250, 550 ...; 0 when the recipient was never asked. */
  readonly code: number;
  /** The whole reply, lines joined by '\n', without line ends; '' when never asked. */
  readonly text: string;
}

/** How a delivery ended. `rcpts` is in the order of `recipients`. */
export type DeliveryOutcome =
  | {
      readonly kind: 'delivered';
      readonly host: string;
      readonly code: number;
      readonly text: string;
      readonly rcpts: readonly RcptReply[];
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
    };

export interface Mailer {
  /** Never rejects. Stops, closing the connection, when `signal` aborts (then: failed). */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Closes idle connections. */
  close(): void;
}
