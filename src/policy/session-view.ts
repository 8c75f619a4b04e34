// What the Lua modules may see and do of an SMTP session. Implemented by smtp/server/session-window; modules depend on this file only.
//
// It must never offer what would let a policy change the dialogue but by what its hooks return: no state, no reply, no end of the session.
// A module never keeps a view, or the transaction in it, beyond the call in which it asked.

import { Capability, type Capable } from '../base/capability.ts';
import type { LiveTable } from '../lua-api/value.ts';
import type { ReceivedMessage } from '../mail-auth/received.ts';
import type { ContentChanges } from '../message/change/content-changes.ts';
import type { HeaderList } from '../message/header/header-list.ts';
import type { MimeLimitName } from '../message/mime/limits.ts';
import type { ObserverKey } from '../message/observer-table.ts';
import type { ReceivedLayout } from '../message/rewrite.ts';
import type { FinalSealer, FinalSigner } from '../message/sign-final.ts';
import type { StoredMessage } from '../message/stored-message.ts';
import type { TlsFacts } from '../net/tls-facts.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';

export type WriteOutcome =
  | { readonly kind: 'written' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'closed' };

/** What became of a change of the envelope; `same`: there was nothing to change. */
export type EnvelopeAnswer =
  | { readonly kind: 'changed' | 'same' }
  /** It must not be: why, in words. */
  | { readonly kind: 'refused'; readonly cause: string };

/** The envelope that the message goes on with. Changes are for as long as `headersEditable` of the transaction. */
export interface EnvelopeView {
  /** '' is the null sender. */
  setSender(address: string, values: OptionValues): EnvelopeAnswer;
  /** `parameters` as they stand behind the path in RCPT. */
  add(address: string, parameters: string, values: OptionValues): EnvelopeAnswer;
  remove(address: string): EnvelopeAnswer;
}

/** Fields of `client` that are made when a policy reads them. */
export type ShownFact = 'helo' | 'sender' | 'recipients';

export interface TransactionView {
  /** client.id_trans, 18 characters. */
  readonly id: string;
  /** The address given to hook.mail; '' for the null sender. What the policy makes of it is in `final`. */
  readonly sender: string;
  /** MAIL has said REQUIRETLS. */
  readonly isTlsRequired: boolean;
  /** BODY=BINARYMIME was said: the content is no lines, and must not be sent as such. */
  readonly isBinary: boolean;
  /** MAIL has said SMTPUTF8. */
  readonly isUtf8: boolean;
  /**
   * Has the message go to these next hops (at least one, each right) instead of those of smtp-smart-host: in hook.mail for all recipients that
   * are not given others, in hook.rcpt for the one in hand. False at any other time: nothing is changed.
   */
  route(hosts: readonly string[]): boolean;
  /** Recipients accepted so far, as the client has named them. */
  readonly recipients: readonly Recipient[];
  readonly final: EnvelopeView;
  /** The headers received so far with the policy's edits; edits after hook.dot are refused by `editable`. */
  readonly headers: HeaderList;
  readonly headersEditable: boolean;
  /** Where a header has to be inserted that stands on top, but below a Received header of ours: 1 when there is none. */
  readonly belowTrace: number;
  /** While hook.dot runs: the message is complete, and still as it was received unless the policy itself has changed it. */
  readonly atDot: boolean;
  /** The final dot was read: `message` is whole. */
  readonly isComplete: boolean;
  /** From DATA on. */
  readonly message: StoredMessage | undefined;
  /** Where the header block of `message` ends; undefined while headers are still being received. */
  readonly layout: ReceivedLayout | undefined;
  /** What was taken in of the message while it came, for verifiers; undefined when nobody was expected to ask, and before its end. */
  readonly received: ReceivedMessage | undefined;
  /** Whether `message` is, octet for octet, what was received. Rejects with the file system's error. */
  isAsReceived(): Promise<boolean>;
  /** Has the message signed when it is final; only while hook.dot runs. The first one's header comes to stand at the very top. */
  sign(signer: FinalSigner): void;
  /** How many signatures it has been asked for. */
  readonly signatures: number;
  /** Has an ARC set made above the signatures; only while hook.dot runs, and once. */
  seal(sealer: FinalSealer): void;
  readonly isSealed: boolean;
  /**
   * What is to be changed in the content when the message is final; only while hook.dot runs. Rejects with LuaError's text when the policy has changed the
   * message by another way already. `parts`: by numbers of mime.parts.
   */
  changes(parts: boolean): Promise<ContentChanges>;
  /**
   * Puts another message (CRLF line ends) in the place of the stored one; `headers` is filled anew from it, without edits. Only while
   * hook.dot runs, when the message is complete and nothing has been forwarded: otherwise, and when the file system fails, it rejects
   * and the message and its headers are as they were. Used by service.spamd with PROCESS and HEADERS.
   */
  replaceMessage(content: Buffer): Promise<void>;
}

/** Who the client is; another one after XCLIENT. */
export interface ClientView {
  readonly address: string;
  /** The address as far as it may give a right; empty when it must not. */
  readonly rightsAddress: string;
  /** By reverse DNS; undefined when it has no name, or before it is known. */
  readonly host: string | undefined;
  /** The name has this address. */
  readonly isConfirmed: boolean;
  /** Argument of the EHLO or HELO that is being answered, or that was accepted last; '' before. */
  readonly helo: string;
  /** Who has authenticated. */
  readonly user: string | undefined;
  /** How the connection is encrypted; undefined in clear. */
  readonly tls: TlsFacts | undefined;
}

export interface SessionView {
  readonly idSess: string;
  readonly client: ClientView;
  /** The transaction in progress, from MAIL to reset. */
  readonly transaction: TransactionView | undefined;
  /** Headers added before MAIL or between transactions are kept for the next message (doc/reference/header.md). */
  readonly headers: HeaderList;
  /** True while a command runs that ends the transaction: edits go to `headers`, for the next message. */
  readonly headersOfNext?: boolean;
  /** True in hook.reset, also when there is no transaction: nothing can be changed. */
  readonly headersLocked?: boolean;
  /** The policy has read a fact as a field: when it changes the field is to be made anew. */
  shown?(fact: ShownFact): void;
  /** Sends text to the client as it is, behind what was already sent; resolves when the kernel took it or `timeoutMs` passed. */
  write(text: Buffer, timeoutMs: number): Promise<WriteOutcome>;
  /** A function has come to a limit of the content of the message: mime.limits has it from now on, and the log. */
  reached?(name: MimeLimitName): void;
  /** A table of the transaction (mime.parts), being filled from now on and including what was received before; an empty one outside. */
  observe(key: ObserverKey, create: () => LiveTable): LiveTable | Promise<LiveTable>;
}

export const SESSION = new Capability<SessionView>('SMTP session');

/** The session being served; undefined in hook.init, at file level of the start-up check, and for callers that serve no SMTP client. */
export const sessionOf = (caller: Capable): SessionView | undefined => SESSION.of(caller);
