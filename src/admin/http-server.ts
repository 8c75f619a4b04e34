// The administration interface over HTTP/1.1: who may ask, how much, how long; what is answered is in routes.ts. A request that is wrong in any way
// has its answer: 400 for what cannot be read, 401 without the token, 403 for a name that is none of ours (DNS rebinding), 404, 405, 408, 413.
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { textOf, traceOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { AdminPlace } from '../options/admin-listen.ts';
import { isLoopbackPlace } from '../options/admin-listen.ts';
import type { Administration } from './administration.ts';
import { type Answer, failure, type Route, routes } from './routes.ts';
import { type Stream, sendStream } from './stream.ts';
import { unknownName } from './unknown-name.ts';

const MOST_CONNECTIONS = 16;
/** Streams at once: a health check must always find a place. */
export const MOST_STREAMS = 8;
const MOST_HEADER_BYTES = 8192;
const REQUEST_MS = 5000;
/** How often Node looks for requests that take too long. */
const LOOK_MS = 500;
const MOST_BODY_BYTES = 4096;
/** Nothing moves on a connection for so long: the longest that a reload may take. Who reads no answer must not keep its place for ever. */
const IDLE_MS = 200_000;

export interface HttpParts {
  readonly place: Exclude<AdminPlace, { kind: 'none' }>;
  /** Of the token that counts now; undefined: there is none. */
  readonly token: () => Buffer | undefined;
  readonly administration: Administration;
  readonly log: Log;
  readonly clock: Clock;
  /** How long a request may take to come in, in ms. */
  readonly requestMs?: number;
}

const digest = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

/** An address, with or without a port, or localhost. */
export function isOwnName(host: string): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host)?.[1]?.toLowerCase() ?? '';
  if (name === 'localhost') return true;
  return name.startsWith('[') ? isIP(name.slice(1, -1)) === 6 : isIP(name) === 4;
}

/**
 * What is wrong with a request that a browser makes for a page of somebody else. Through a socket that was led to this machine (ssh -L) whoever
 * asks may do all: a page of the Internet must not be able to ask. https://fetch.spec.whatwg.org/ (Origin), https://w3c.github.io/webappsec-fetch-metadata/
 */
export function foreignProblem(headers: IncomingHttpHeaders): string | undefined {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined && site === undefined) return undefined;
  if (!isOwnName(host)) return `Host: ${host.slice(0, 100)} is no name of this interface for a browser`;
  const isOwn = origin === undefined || origin.replace(/^https?:\/\//, '') === host;
  if (isOwn && (site === undefined || site === 'same-origin' || site === 'none')) return undefined;
  return 'a page of somebody else may not ask here';
}

function matches(path: string, pattern: string): string | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  let id = '';
  for (const [i, part] of wanted.entries()) {
    if (part === '*') id = given[i] ?? '';
    else if (part !== given[i]) return undefined;
  }
  return pattern.includes('*') && id === '' ? undefined : id;
}

export function createAdminServer(parts: HttpParts): Server {
  const { requestMs = REQUEST_MS } = parts;
  const streams = new Set<ServerResponse>();
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: requestMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, requestMs),
    },
    (request, response) => void new Exchange(parts, streams, request, response).run(),
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = IDLE_MS;
  return server;
}

class Exchange {
  readonly #parts: HttpParts;
  /** Those that go on, of all requests. */
  readonly #streams: Set<ServerResponse>;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(
    parts: HttpParts,
    streams: Set<ServerResponse>,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.#parts = parts;
    this.#streams = streams;
    this.#request = request;
    this.#response = response;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    let answer: Answer | Stream;
    try {
      answer = await this.#answer();
    } catch (error) {
      // Its content did not come: nobody is there to hear an answer.
      if (!this.#request.complete) return;
      this.#parts.log.emit('admin-fault', { cause: traceOf(error) });
      answer = failure(500, `internal error: ${textOf(error)}`);
    }
    if (this.#response.destroyed || this.#response.headersSent) return;
    this.#response.setHeader('Cache-Control', 'no-store');
    this.#response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!('begin' in answer)) {
      for (const [name, value] of Object.entries(answer.headers ?? {})) this.#response.setHeader(name, value);
    }
    if ('begin' in answer) this.#stream(answer);
    else this.#send(answer);
  }

  #stream(stream: Stream): void {
    const response = this.#response;
    if (this.#request.method === 'HEAD') {
      this.#send({ status: 200, type: stream.type, text: '' });
      return;
    }
    if (this.#streams.size >= MOST_STREAMS) {
      this.#send(failure(503, `${MOST_STREAMS} others look on already, more may not; ask again later`));
      return;
    }
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
    sendStream(response, stream, this.#parts.clock);
  }

  #send({ status, text, type }: Answer): void {
    const response = this.#response;
    response.statusCode = status;
    response.setHeader('Content-Type', type);
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (status === 405) response.setHeader('Allow', this.#allowed().join(', '));
    // What is left of a request that was refused is not waited for.
    if (status >= 400) response.setHeader('Connection', 'close');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  }

  get #path(): string {
    return (this.#request.url ?? '').split('?', 1)[0] ?? '';
  }

  /** Methods that there are for the path. */
  #allowed(): readonly string[] {
    const methods = new Set<string>();
    for (const route of routes) {
      if (matches(this.#path, route.path) === undefined) continue;
      methods.add(route.method);
      if (route.method === 'GET') methods.add('HEAD');
    }
    return [...methods];
  }

  async #answer(): Promise<Answer | Stream> {
    const { place } = this.#parts;
    const { headers, method = '', url = '' } = this.#request;
    if (place.kind === 'tcp' && headers.host !== undefined && !isOwnName(headers.host)) {
      return failure(
        403,
        `Host: ${headers.host.slice(0, 100)} is no name of this interface; ask for it by its address or as localhost`,
      );
    }
    if (!url.startsWith('/')) return failure(400, 'the target of a request is a path such as /healthz');
    const allowed = this.#allowed();
    if (allowed.length === 0) {
      const there = routes.map((route) => `${route.method} ${route.path}`).join(', ');
      return failure(404, `there is no ${this.#path.slice(0, 100)}; there are ${there}`);
    }
    if (!allowed.includes(method))
      return failure(405, `${this.#path} takes ${allowed.join(' and ')}, not ${method.slice(0, 20)}`);
    const asked = method === 'HEAD' ? 'GET' : method;
    for (const route of routes) {
      const id = route.method === asked ? matches(this.#path, route.path) : undefined;
      if (id !== undefined) return this.#ask(route, id);
    }
    return failure(404, 'there is no such path');
  }

  async #ask(route: Route, id: string): Promise<Answer | Stream> {
    // A link to the page may stand anywhere: what is open for everybody says nothing.
    const foreign = route.open ? undefined : foreignProblem(this.#request.headers);
    if (foreign !== undefined) return failure(403, foreign);
    const refused = this.#refusal(route);
    if (refused !== undefined) return refused;
    const body = await this.#body(route);
    if (body.kind === 'refused') return body.answer;
    const query = new URLSearchParams((this.#request.url ?? '').split('?').slice(1).join('?'));
    const unknown = unknownName(query, route.query ?? []);
    if (unknown !== undefined) return failure(400, unknown);
    const mayChange = this.#withoutToken() === undefined;
    return route.answer(this.#parts.administration, { id, query, body: body.value, mayChange });
  }

  /** Who needs the token, and has not shown it. */
  #refusal(route: Route): Answer | undefined {
    if (route.open || (route.method === 'GET' && isLoopbackPlace(this.#parts.place))) return undefined;
    return this.#withoutToken();
  }

  /** Who may not change anything. */
  #withoutToken(): Answer | undefined {
    const { place } = this.#parts;
    const token = this.#parts.token();
    if (place.kind === 'unix') return undefined;
    if (token === undefined) {
      return failure(
        401,
        'changes need a token: set admin-token-file, or admin-listen=unix:/run/smtpe/admin.sock',
      );
    }
    const given = /^Bearer +(\S+) *$/i.exec(this.#request.headers.authorization ?? '')?.[1];
    if (given === undefined)
      return failure(401, 'send Authorization: Bearer and the first line of admin-token-file');
    // Digests have the same length, whatever was given: nothing is learned from the time that it takes.
    if (timingSafeEqual(digest(given), token)) return undefined;
    return failure(401, 'the token is wrong; it is the first line of admin-token-file');
  }

  async #body(
    route: Route,
  ): Promise<
    { readonly kind: 'read'; readonly value: unknown } | { readonly kind: 'refused'; readonly answer: Answer }
  > {
    const refused = (status: number, error: string) =>
      ({ kind: 'refused', answer: failure(status, error) }) as const;
    const { headers } = this.#request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (route.body !== true) {
      return hasBody ? refused(413, `${route.path} takes no content`) : { kind: 'read', value: undefined };
    }
    const content = await readAtMost(this.#request, MOST_BODY_BYTES);
    if (content === undefined) return refused(413, `at most ${MOST_BODY_BYTES} octets`);
    try {
      return { kind: 'read', value: JSON.parse(content.toString('utf8')) };
    } catch (error) {
      return refused(400, `that is no JSON: ${textOf(error)}`);
    }
  }
}

/** The content of a request; undefined: there is more, which is not read. Rejects when the connection is lost. */
function readAtMost(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= most) {
        pieces.push(piece);
        return;
      }
      request.pause();
      resolve(undefined);
    });
    request.on('end', () => resolve(Buffer.concat(pieces)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the connection was closed')));
  });
}

/** Of what is in the token's file. */
export const tokenDigest = (token: string): Buffer => digest(token);
