// The HTTP client of service.http.request: https with verification, reserved addresses refused when they are connected to, size and time
// limits, kept connections, redirects when they are asked for. Every way a request can end is an outcome; it never rejects.
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import type { AddressSource } from '../net/dial.ts';
import { connectTo, describeError } from './connect.ts';
import { inPieces } from './exchange.ts';
import { HttpConnection, IdleConnections, startTls } from './http-connection.ts';
import { acceptEncoding, decodeContent } from './http-content.ts';
import {
  exchangeHttp,
  type HttpExchangeOutcome,
  type HttpMessage,
  noContent,
  type RawResponse,
} from './http-exchange.ts';
import { type Reach, Reaches, refusalOf } from './http-reach.ts';
import { type HttpHeader, redirectOf } from './http-redirect.ts';
import type { HttpUrl } from './http-url.ts';
import { MemoryPool, type MemoryShare } from './memory-share.ts';
import { type ContentOutcome, openContent, type ScannedFile } from './scanned-file.ts';

export interface HttpRequest {
  readonly url: HttpUrl;
  readonly method: string;
  /** IMF-fixdate, for a conditional request. */
  readonly modifiedSince: string | undefined;
  readonly body: Buffer | undefined;
  /** Its octets are the content, in place of `body`. */
  readonly file?: ScannedFile | undefined;
  /** More headers, by name; one of ours of the same name gives way. */
  readonly headers?: readonly HttpHeader[];
  /** Nothing of ours among them: no User-Agent, Accept, Accept-Encoding, Content-Type. */
  readonly bare?: boolean;
  /** Redirects that are followed; 0 and without it none: the response that wants one is the answer then. */
  readonly redirects?: number;
  /** From https none is followed to http. */
  readonly staysSecure?: boolean;
  /** Milliseconds, from look-up to last byte. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Bytes of content, as received and as decoded. */
  readonly maxSize: number;
  /** Bytes, of all responses not fetched yet. */
  readonly maxMemory: number;
  /** Options http-allow-reserved and http-refuse: lists of networks. */
  readonly allowReserved: string;
  readonly refuse: string;
  /** Option http-ca-file; '' for none. */
  readonly caFile: string;
  readonly signal: AbortSignal;
  /** Told when a connection was made. */
  onConnect(): void;
}

export interface HttpResponse extends RawResponse {
  /** Where it came from, behind all redirects. */
  readonly url: HttpUrl;
  /** Says that the content is not held by us any more. */
  release(): void;
}

export type HttpOutcome = HttpResponse | { readonly kind: 'failed'; readonly error: string };

/** Methods that may be sent again when a kept connection turns out to be dead (RFC 9110 section 9.2.2). */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS']);

function messageOf(request: HttpRequest, content: OpenContent | undefined): HttpMessage {
  const { url, method, modifiedSince, body, headers: given = [] } = request;
  const names = new Set(given.map(({ name }) => name.toLowerCase()));
  const headers: string[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !names.has(name)) headers.push(name, value);
  };
  if (request.bare !== true) {
    add('user-agent', 'smtpe');
    add('accept', '*/*');
    headers.push('accept-encoding', acceptEncoding);
  }
  add('if-modified-since', modifiedSince);
  const type = content === undefined ? 'application/x-www-form-urlencoded' : 'application/octet-stream';
  if (request.bare !== true && (body !== undefined || content !== undefined)) add('content-type', type);
  for (const { name, value } of given) headers.push(name, value);
  if (content === undefined) return { method, path: url.path, headers, body };
  headers.push('content-length', String(content.size));
  const pieces = Readable.from(inPieces(content.read()), { objectMode: false });
  return { method, path: url.path, headers, body: pieces };
}

type OpenContent = ContentOutcome & { readonly kind: 'content' };

export class HttpClient {
  readonly #clock: Clock;
  readonly #resolver: AddressSource;
  readonly #refuse: (address: string) => string | undefined;
  readonly #idle = new IdleConnections();
  readonly #memory = new MemoryPool();
  readonly #reaches = new Reaches();
  /** By option http-ca-file; as good as the file is unchanged. */
  readonly #contexts = new Map<string, { readonly stamp: string; readonly context: SecureContext }>();

  constructor(
    clock: Clock,
    resolver: AddressSource,
    refuse: (address: string) => string | undefined = () => undefined,
  ) {
    this.#refuse = refuse;
    this.#clock = clock;
    this.#resolver = resolver;
  }

  /** Connections kept for later requests, and bytes of responses not released yet. */
  get held(): { readonly connections: number; readonly bytes: number } {
    return { connections: this.#idle.size, bytes: this.#memory.used };
  }

  close(): void {
    this.#idle.close();
  }

  async request(request: HttpRequest): Promise<HttpOutcome> {
    const stop = new AbortController();
    let late = false;
    const timer = this.#clock.after(request.timeoutMs, () => {
      late = true;
      stop.abort();
    });
    const onAbort = () => stop.abort();
    request.signal.addEventListener('abort', onAbort);
    if (request.signal.aborted) stop.abort();
    const share = this.#memory.share(request.maxMemory);
    try {
      const { outcome, url } = await this.#follow({ ...request, signal: stop.signal }, share);
      if (outcome.kind === 'response' && !stop.signal.aborted) {
        return { ...outcome, url, release: () => share.release() };
      }
      share.release();
      const error = late
        ? `no complete response within ${request.timeoutMs / 1000} s`
        : outcome.kind === 'failed'
          ? outcome.error
          : 'cancelled';
      return { kind: 'failed', error };
    } finally {
      timer.cancel();
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Asks, and goes where it is sent on to. */
  async #follow(
    first: HttpRequest,
    share: MemoryShare,
  ): Promise<{ readonly outcome: HttpExchangeOutcome; readonly url: HttpUrl }> {
    const most = first.redirects ?? 0;
    let request = first;
    for (let count = 0; ; count++) {
      const outcome = await this.#perform(request, share);
      const { url } = request;
      const step = most === 0 || outcome.kind === 'failed' ? undefined : redirectOf(request, outcome);
      if (step === undefined) return { outcome, url };
      share.release();
      const end = (error: string) => ({ outcome: { kind: 'failed', error, begun: true } as const, url });
      if (step.kind === 'invalid') return end(step.error);
      if (count === most) return end(`more than ${most} redirects`);
      if (first.staysSecure === true && url.protocol === 'https:' && step.request.url.protocol === 'http:')
        return end('a redirect from https to http is not followed');
      request = { ...step.request, onConnect: () => undefined };
    }
  }

  async #perform(request: HttpRequest, share: MemoryShare): Promise<HttpExchangeOutcome> {
    const outcome = await this.#exchange(request, share);
    if (outcome.kind === 'failed' || request.method === 'HEAD' || noContent.has(outcome.code)) return outcome;
    const encoding = outcome.fields.get('content-encoding');
    const decoded = await decodeContent(outcome.content, encoding, request.maxSize);
    if (decoded.kind === 'failed') return { ...decoded, begun: true };
    share.release();
    if (!share.reserve(decoded.content.length)) {
      return {
        kind: 'failed',
        error: 'too many HTTP responses are held in memory (option http-max-memory)',
        begun: true,
      };
    }
    return { ...outcome, content: decoded.content };
  }

  async #exchange(request: HttpRequest, share: MemoryShare): Promise<HttpExchangeOutcome> {
    const again = repeatable.has(request.method);
    const reach = this.#reaches.of(request.allowReserved, request.refuse);
    const permits = (address: string) => refusalOf(address, reach) === undefined;
    const kept = again ? this.#idle.take(keyOf(request), permits) : undefined;
    if (kept !== undefined) {
      request.onConnect();
      const outcome = await this.#use(kept, request, share);
      if (outcome.kind === 'response' || outcome.begun) return outcome;
    }
    const fresh = await this.#connect(request, reach);
    if (typeof fresh === 'string') return { kind: 'failed', error: fresh, begun: false };
    request.onConnect();
    return this.#use(fresh, request, share);
  }

  async #use(
    connection: HttpConnection,
    request: HttpRequest,
    share: MemoryShare,
  ): Promise<HttpExchangeOutcome> {
    const { file, maxSize, signal } = request;
    const content = file && (await openContent(file));
    if (content?.kind === 'unreadable') {
      connection.close();
      return { kind: 'failed', error: content.error, begun: true };
    }
    try {
      const outcome = await exchangeHttp(connection, messageOf(request, content), maxSize, share, signal);
      if (outcome.kind === 'response') this.#idle.keep(connection);
      else connection.close();
      return outcome;
    } finally {
      await content?.close();
    }
  }

  /** A new connection, or why there is none. */
  async #connect(request: HttpRequest, reach: Reach): Promise<HttpConnection | string> {
    const { url, signal, connectTimeoutMs, caFile } = request;
    const context = url.protocol === 'https:' && caFile !== '' ? await this.#trust(caFile) : undefined;
    if (typeof context === 'string') return context;
    const connection = await connectTo(
      { kind: 'tcp', text: url.host, host: url.host, port: url.port },
      {
        resolver: this.#resolver,
        clock: this.#clock,
        timeoutMs: connectTimeoutMs,
        signal,
        refuse: (address) => this.#refuse(address) ?? refusalOf(address, reach),
      },
    );
    if (connection.kind === 'failed') return connection.error;
    const { socket, address } = connection;
    if (url.protocol === 'http:') return HttpConnection.over(keyOf(request), url.origin, address, socket);
    const secure = await startTls(socket, url.host, context, signal);
    return typeof secure === 'string'
      ? secure
      : HttpConnection.over(keyOf(request), url.origin, address, secure);
  }

  /** The usual authorities and those of the file, which is read again when it has changed. */
  async #trust(caFile: string): Promise<SecureContext | string> {
    const known = this.#contexts.get(caFile);
    try {
      const { mtimeNs, size, ino } = await stat(caFile, { bigint: true });
      const stamp = `${mtimeNs} ${size} ${ino}`;
      if (known?.stamp === stamp) return known.context;
      const context = createSecureContext({
        ca: [...rootCertificates, await readFile(caFile)],
        minVersion: 'TLSv1.2',
      });
      this.#contexts.set(caFile, { stamp, context });
      return context;
    } catch (error) {
      // A file that is being replaced may be away for a moment.
      if (known !== undefined) return known.context;
      return `option http-ca-file ${JSON.stringify(caFile)}: ${describeError(error)}`;
    }
  }
}

function keyOf({ url, caFile }: HttpRequest): string {
  return url.protocol === 'https:' ? `${url.origin} ${caFile}` : url.origin;
}
