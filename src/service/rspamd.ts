// The rspamd client: a message and what is known of its sender to /checkv2 over HTTP, its JSON back (rspamd.com, protocol). Used by
// modules/service; never rejects. What strangers said is never a line of the request of its own.
import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Answer, FailOver, Servers } from './fail-over.ts';
import { HttpConnection } from './http-connection.ts';
import { exchangeHttp } from './http-exchange.ts';
import { MemoryPool } from './memory-share.ts';
import type { ReplySocket } from './reply-socket.ts';
import { maxRspamdReply, type RspamdVerdict, readRspamdReply } from './rspamd-reply.ts';
import type { ScannedFile } from './scanned-file.ts';
import { type OutgoingMessage, outgoingMessage } from './spamd-message.ts';

export interface RspamdRequest {
  readonly file: ScannedFile;
  /** Names and values of rspamd's protocol (`IP`, `Rcpt` ...), latin1, in order; a name may be there several times. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly servers: Servers;
  /** Milliseconds, from the connection to the end of the reply. */
  readonly timeoutMs: number;
  /** Bytes; a longer message is an error. 0 is no limit. */
  readonly maxSize: number;
}

export type RspamdResult =
  | (RspamdVerdict & { readonly reply: Buffer })
  | { readonly kind: 'failed'; readonly error: string; readonly reply: Buffer | undefined };

/** Octets of all facts together: what rspamd takes in the head of a request. */
const maxFacts = 49_152;

const failed = (error: string, reply?: Buffer): Answer<RspamdResult> => ({
  kind: 'answer',
  value: { kind: 'failed', error, reply },
});

export class RspamdClient {
  readonly #clock: Clock;
  readonly #failOver: FailOver;

  constructor(clock: Clock, failOver: FailOver) {
    this.#clock = clock;
    this.#failOver = failOver;
  }

  async check(request: RspamdRequest): Promise<RspamdResult> {
    const outcome = await this.#failOver.run(request.servers, (target, socket) =>
      this.#ask(request, target.kind === 'unix' ? 'localhost' : target.host, socket),
    );
    return outcome.kind === 'answered'
      ? outcome.value
      : { kind: 'failed', error: outcome.error, reply: undefined };
  }

  async #ask(request: RspamdRequest, host: string, socket: ReplySocket): Promise<Answer<RspamdResult>> {
    const { file, maxSize } = request;
    const message = await outgoingMessage(file, 0, 'as it is');
    if (message.kind === 'unreadable') {
      socket.destroy();
      return failed(message.error);
    }
    try {
      if (maxSize > 0 && message.size > maxSize) {
        socket.destroy();
        return failed(`the message is larger than option rspamd-max-size (${maxSize} bytes)`);
      }
      return await this.#converse(request, host, message, socket);
    } finally {
      await message.close();
    }
  }

  async #converse(
    { facts, servers, timeoutMs }: RspamdRequest,
    host: string,
    message: OutgoingMessage,
    socket: ReplySocket,
  ): Promise<Answer<RspamdResult>> {
    const stop = new AbortController();
    let late = false;
    const timer = this.#clock.after(timeoutMs, () => {
      late = true;
      stop.abort();
    });
    const onAbort = () => stop.abort();
    servers.signal.addEventListener('abort', onAbort);
    const name = host.includes(':') ? `[${host}]` : host;
    const connection = await HttpConnection.over(name, `http://${name}`, host, socket);
    try {
      const outcome = await exchangeHttp(
        connection,
        {
          method: 'POST',
          path: '/checkv2',
          headers: [...headersOf(facts), 'user-agent', 'smtpe', 'content-length', String(message.size)],
          body: Readable.from(message.content(), { objectMode: false }),
        },
        maxRspamdReply,
        new MemoryPool().share(maxRspamdReply),
        stop.signal,
      );
      if (late) return failed(`no complete reply within ${timeoutMs / 1000} s`);
      if (outcome.kind === 'failed')
        return outcome.begun || servers.signal.aborted
          ? failed(outcome.error)
          : { kind: 'silent', error: outcome.error };
      const { code, content } = outcome;
      const read = readRspamdReply(content);
      if (read.kind === 'fault')
        return failed(code === 200 ? read.error : `HTTP ${code}: ${read.error}`, content);
      if (code !== 200) return failed(`HTTP ${code}`, content);
      return { kind: 'answer', value: { ...read, reply: content } };
    } finally {
      timer.cancel();
      servers.signal.removeEventListener('abort', onAbort);
      connection.close();
    }
  }
}

/** As many as fit, in order; whatever could be a line end or no octet of a header becomes `?`. */
function headersOf(facts: RspamdRequest['facts']): readonly string[] {
  const headers: string[] = [];
  let octets = 0;
  for (const [name, value] of facts) {
    octets += name.length + value.length + 4;
    if (octets > maxFacts) break;
    headers.push(name, value.replace(/[\x00-\x1f\x7f]/g, '?'));
  }
  return headers;
}
