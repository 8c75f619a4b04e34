// One HTTP request and its response over a connection of our own (RFC 9110, RFC 9112). Collects the response within its limits; every
// way it can end is an outcome. Used by service/http-client.

import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { codeOf } from '../base/errors.ts';
import { Octets } from '../base/octets.ts';
import type { HttpConnection } from './http-connection.ts';
import type { MemoryShare } from './memory-share.ts';

export interface HttpMessage {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** What comes in pieces needs a `content-length` among the headers. */
  readonly body: Buffer | Readable | undefined;
}

export interface RawResponse {
  readonly kind: 'response';
  readonly code: number;
  /** Status line and headers with their line ends, and the empty line. */
  readonly head: Buffer;
  /** Values by name in lower case, the first of each; Content-Encoding: all of them, in one list. */
  readonly fields: ReadonlyMap<string, string>;
  /** As received, without transfer coding. */
  readonly content: Buffer;
}

export type HttpExchangeOutcome =
  | RawResponse
  /** `begun` is false when not a byte of a response had arrived. */
  | { readonly kind: 'failed'; readonly error: string; readonly begun: boolean };

/** Responses without content whatever their headers say (RFC 9110 section 6.4.1). */
export const noContent: ReadonlySet<number> = new Set([204, 205, 304]);

function describe(error: Error): string {
  const code = codeOf(error);
  switch (code) {
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the server closed before the response was complete';
    case 'UND_ERR_HEADERS_OVERFLOW':
      return 'the head of the response is larger than 64 KiB';
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'the response is shorter or longer than its Content-Length';
    default: {
      if (error.name !== 'HTTPParserError') return error.message;
      const reason = /\((.*)\)$/.exec(error.message)?.[1] ?? error.message;
      return `the response is not HTTP: ${reason}`;
    }
  }
}

const LINE_END = Buffer.from('\r\n');
const COLON = Buffer.from(': ');

function toBuffers(rawHeaders: unknown): readonly Buffer[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((item) => (Buffer.isBuffer(item) ? item : Buffer.from(String(item), 'latin1')));
}

class Collector implements Dispatcher.DispatchHandler {
  readonly #done: (outcome: HttpExchangeOutcome) => void;
  readonly #maxSize: number;
  readonly #share: MemoryShare;
  #begun = false;
  #code = 0;
  #head = Buffer.alloc(0);
  readonly #fields = new Map<string, string>();
  readonly #method: string;
  /** By copies: undici's buffer belongs to its parser. */
  readonly #content = new Octets(true);

  constructor(
    method: string,
    done: (outcome: HttpExchangeOutcome) => void,
    maxSize: number,
    share: MemoryShare,
  ) {
    this.#method = method;
    this.#done = done;
    this.#maxSize = maxSize;
    this.#share = share;
  }

  onRequestStart(): void {
    // Nothing to do, but undici takes a handler for one of the present kind by this method.
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusMessage = '',
  ): void {
    this.#begun = true;
    if (statusCode < 200) return;
    this.#code = statusCode;
    const raw = toBuffers(controller.rawHeaders);
    const pieces: Buffer[] = [Buffer.from(`HTTP/1.1 ${statusCode} ${statusMessage}`.trimEnd()), LINE_END];
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const [name, value] = [raw[i], raw[i + 1]];
      if (name === undefined || value === undefined) break;
      pieces.push(name, COLON, value, LINE_END);
      const key = name.toString('latin1').toLowerCase();
      const text = value.toString('latin1').trim();
      const known = this.#fields.get(key);
      if (known === undefined) this.#fields.set(key, text);
      // A list may be cut into several lines (RFC 9110 section 5.3).
      else if (key === 'content-encoding') this.#fields.set(key, `${known}, ${text}`);
    }
    pieces.push(LINE_END);
    this.#head = Buffer.concat(pieces);
    // Of HEAD and 304 it is the length of a content that is not sent (RFC 9110 section 8.6).
    if (this.#method === 'HEAD' || noContent.has(statusCode)) return;
    const announced = Number(this.#fields.get('content-length') ?? 0);
    if (announced > this.#maxSize) controller.abort(this.#tooLarge());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#content.length + chunk.length > this.#maxSize) {
      controller.abort(this.#tooLarge());
    } else if (!this.#share.reserve(chunk.length)) {
      controller.abort(new Error('too many HTTP responses are held in memory (option http-max-memory)'));
    } else {
      this.#content.add(chunk);
    }
  }

  onResponseEnd(): void {
    this.#done({
      kind: 'response',
      code: this.#code,
      head: this.#head,
      fields: this.#fields,
      content: this.#content.take(),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // undici misses the content that a 304 announces and does not send.
    const code = codeOf(error);
    if (
      code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' &&
      noContent.has(this.#code) &&
      this.#content.length === 0
    ) {
      this.onResponseEnd();
      return;
    }
    this.#done({ kind: 'failed', error: describe(error), begun: this.#begun });
  }

  #tooLarge(): Error {
    return new Error(`the content is larger than option http-max-size (${this.#maxSize} bytes)`);
  }
}

/** Sends the request and collects the response. When `signal` aborts the connection is closed. Never rejects. */
export function exchangeHttp(
  connection: HttpConnection,
  message: HttpMessage,
  maxSize: number,
  share: MemoryShare,
  signal: AbortSignal,
): Promise<HttpExchangeOutcome> {
  return new Promise((resolve) => {
    const onAbort = () => {
      connection.close();
      done({ kind: 'failed', error: 'cancelled', begun: true });
    };
    const done = (outcome: HttpExchangeOutcome) => {
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) {
      onAbort();
      return;
    }
    connection.dispatch(
      {
        method: message.method,
        path: message.path,
        headers: [...message.headers],
        body: message.body ?? null,
        blocking: false,
      },
      new Collector(message.method, done, maxSize, share),
    );
  });
}
