// The spamd client (SpamAssassin's protocol, SPAMC/1.5): CHECK, SYMBOLS, REPORT, REPORT_IFSPAM, PROCESS, HEADERS. With the last two the
// filtered message may take the place of the one being received. Used by modules/service/service; never rejects.

import type { Clock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { exchange } from './exchange.ts';
import type { Answer, FailOver, Servers } from './fail-over.ts';
import type { ReplySocket } from './reply-socket.ts';
import type { ScannedFile } from './scanned-file.ts';
import {
  type FilteredOutcome,
  isUnchanged,
  messageWithHeaders,
  type OutgoingMessage,
  outgoingMessage,
  processedMessage,
  returnPath,
  type Snapshot,
  snapshotOf,
} from './spamd-message.ts';
import { readSpamdReply, type SpamdReply, SpamdReplyReader } from './spamd-reply.ts';

export const spamdMethods = ['CHECK', 'SYMBOLS', 'REPORT', 'REPORT_IFSPAM', 'PROCESS', 'HEADERS'] as const;
export type SpamdMethod = (typeof spamdMethods)[number];

export interface SpamdRequest {
  readonly file: ScannedFile;
  readonly method: SpamdMethod;
  /** Whose rules and scores apply; undefined for spamd's default. No control characters. */
  readonly user: string | undefined;
  readonly servers: Servers;
  /** Milliseconds: the longest pause while sending, and the longest wait for the whole reply. */
  readonly timeoutMs: number;
  /** Bytes of the message that are sent at most; 0 for no limit. */
  readonly maxSize: number;
}

export interface SpamdResult
  extends Pick<SpamdReply, 'isSpam' | 'score' | 'threshold' | 'symbols' | 'error'> {
  readonly reply: Buffer | undefined;
  readonly truncated: boolean;
  /**
   * Puts the filtered message in the place of the one being received; undefined when there is nothing to put. Call it while the policy
   * waits, so that it does not edit headers at the same time. Resolves with the reason when the message was left as it was.
   */
  readonly replace: (() => Promise<string | undefined>) | undefined;
}

/** Beyond the size of the message: status, headers, report. */
const REPLY_ALLOWANCE = 1_048_576;

const noVerdict = (error: string, reply?: Buffer): SpamdResult => ({
  isSpam: undefined,
  score: undefined,
  threshold: undefined,
  symbols: undefined,
  error,
  reply,
  truncated: false,
  replace: undefined,
});

const answer = (value: SpamdResult): Answer<SpamdResult> => ({ kind: 'answer', value });

export class SpamdClient {
  readonly #clock: Clock;
  readonly #failOver: FailOver;

  constructor(clock: Clock, failOver: FailOver) {
    this.#clock = clock;
    this.#failOver = failOver;
  }

  /** Asks spamd about the file. */
  async check(request: SpamdRequest): Promise<SpamdResult> {
    const { file } = request;
    // Taken now: what the policy edits while we wait must not be lost.
    const before =
      file.kind === 'current' && replaces(request.method) ? snapshotOf(file.transaction) : undefined;
    const outcome = await this.#failOver.run(request.servers, (_target, socket) =>
      this.#ask(request, before, socket),
    );
    return outcome.kind === 'answered' ? outcome.value : noVerdict(outcome.error);
  }

  async #ask(
    request: SpamdRequest,
    before: Snapshot | undefined,
    socket: ReplySocket,
  ): Promise<Answer<SpamdResult>> {
    const message = await outgoingMessage(request.file, request.maxSize);
    if (message.kind === 'unreadable') {
      socket.destroy();
      return answer(noVerdict(message.error));
    }
    try {
      if (message.truncated && request.method === 'PROCESS') {
        socket.destroy();
        return answer(
          noVerdict(`the message is larger than option spamd-max-size (${request.maxSize} bytes)`),
        );
      }
      return await this.#converse(request, before, message, socket);
    } finally {
      await message.close();
    }
  }

  async #converse(
    { file, method, user, servers, timeoutMs }: SpamdRequest,
    before: Snapshot | undefined,
    message: OutgoingMessage,
    socket: ReplySocket,
  ): Promise<Answer<SpamdResult>> {
    const head = `${method} SPAMC/1.5\r\nContent-length: ${message.size}\r\n${user === undefined ? '' : `User: ${user}\r\n`}\r\n`;
    const outcome = await exchange(
      socket,
      (async function* () {
        yield Buffer.from(head, 'latin1');
        yield* message.content();
      })(),
      new SpamdReplyReader(method !== 'CHECK'),
      {
        clock: this.#clock,
        timeoutMs,
        maxReply: 2 * message.size + REPLY_ALLOWANCE,
        halfClose: true,
        signal: servers.signal,
      },
    );
    switch (outcome.kind) {
      case 'silent':
        return outcome;
      case 'failed':
        return answer(noVerdict(outcome.error, outcome.reply));
      case 'replied': {
        const { body, bodyComplete, ...verdict } = wholeVerdict(
          readSpamdReply(outcome.reply, method),
          outcome.early,
        );
        const result: SpamdResult = {
          ...verdict,
          reply: outcome.reply,
          truncated: message.truncated,
          replace: undefined,
        };
        if (file.kind !== 'current' || before === undefined || verdict.error !== undefined)
          return answer(result);
        if (!bodyComplete) {
          return answer({
            ...result,
            error: 'the reply of spamd has no Content-length: it may be incomplete',
          });
        }
        return answer({
          ...result,
          replace: () => this.#replace(file, method, body, before, servers.signal),
        });
      }
    }
  }

  async #replace(
    { transaction, message }: ScannedFile & { readonly kind: 'current' },
    method: SpamdMethod,
    body: Buffer,
    before: Snapshot,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const line = returnPath(transaction.sender);
    try {
      const filtered: FilteredOutcome =
        method === 'PROCESS'
          ? processedMessage(body, line)
          : messageWithHeaders(body, await this.#body({ transaction, message }), before, line);
      if (filtered.kind === 'unusable') return filtered.error;
      if (signal.aborted) return 'cancelled';
      if (!isUnchanged(transaction, before)) return 'it was changed while spamd worked on it';
      await transaction.replaceMessage(filtered.content);
      return undefined;
    } catch (error) {
      return textOf(error);
    }
  }

  async #body({
    transaction,
    message,
  }: Pick<ScannedFile & { readonly kind: 'current' }, 'transaction' | 'message'>): Promise<Buffer> {
    const { layout } = transaction;
    if (layout === undefined) return Buffer.alloc(0);
    const pieces: Buffer[] = [];
    const start = layout.headerLength + (layout.hasEmptyLine ? 2 : 0);
    for await (const piece of message.read(start)) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

/** Spam in a part is spam in the whole; that a part is none says nothing. */
function wholeVerdict(reply: SpamdReply, early: boolean): SpamdReply {
  if (!early || reply.error !== undefined) return reply;
  const isSpam = reply.isSpam === true ? true : undefined;
  return { ...reply, isSpam, error: 'spamd answered before it had the whole message' };
}

function replaces(method: SpamdMethod): boolean {
  return method === 'PROCESS' || method === 'HEADERS';
}
