// What the Lua modules may see and do of an SMTP session. Implemented by smtp/; modules depend on this file only.

import type { LiveTable } from '../lua/value.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { ReceivedLayout } from '../message/rewrite.ts';
import type { StoredMessage } from '../message/stored-message.ts';

export type WriteOutcome =
  | { readonly kind: 'written' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'closed' };

/** Lazy fields that are about one transaction, as all lazy fields of the API are: module, field, and whether few policies read it. */
export const transactionTables = [
  ['mime', 'parts', false],
  ['uri', 'found', false],
  ['mime', 'defects', true],
  ['mime', 'limits', true],
] as const;

export interface TransactionView {
  /** client.id_trans, 18 characters. */
  readonly id: string;
  /** The address given to hook.mail; '' for the null sender. */
  readonly sender: string;
  /** Recipients accepted so far. */
  readonly recipients: readonly string[];
  /** The headers received so far with the policy's edits; edits after hook.dot are refused by `editable`. */
  readonly headers: HeaderList;
  readonly headersEditable: boolean;
  /** From DATA on. */
  readonly message: StoredMessage | undefined;
  /** Where the header block of `message` ends; undefined while headers are still being received. */
  readonly layout: ReceivedLayout | undefined;
  /**
   * Puts another message (CRLF line ends) in the place of the stored one; `headers` is filled anew from it, without edits. Only while
   * hook.dot runs, when the message is complete and nothing has been forwarded: otherwise, and when the file system fails, it rejects
   * and the message and its headers are as they were. Used by service.spamd with PROCESS and HEADERS.
   */
  replaceMessage(content: Buffer): Promise<void>;
}

export interface SessionView {
  readonly idSess: string;
  /** The transaction in progress, from MAIL to reset. */
  readonly transaction: TransactionView | undefined;
  /** Headers added before MAIL or between transactions are kept for the next message (spec/modules.md 4.1). */
  readonly headers: HeaderList;
  /** True while a command runs that ends the transaction: edits go to `headers`, for the next message. */
  readonly headersOfNext?: boolean;
  /** True in hook.reset, also when there is no transaction: nothing can be changed. */
  readonly headersLocked?: boolean;
  /** Sends text to the client as it is, behind what was already sent; resolves when the kernel took it or `timeoutMs` passed. */
  write(text: Buffer, timeoutMs: number): Promise<WriteOutcome>;
  /** mime.parts of the transaction, being filled from now on and including what was received before; an empty table outside. */
  mimeParts(create: () => LiveTable): LiveTable | Promise<LiveTable>;
  /** uri.found, likewise. */
  urisFound(create: () => LiveTable): LiveTable | Promise<LiveTable>;
  /** mime.defects, likewise. */
  mimeDefects(create: () => LiveTable): LiveTable | Promise<LiveTable>;
  /** mime.limits, likewise. */
  mimeLimits(create: () => LiveTable): LiveTable | Promise<LiveTable>;
}
