// Scanners and web servers that say what a test has told them: each takes the place of a client of service/, so that no byte leaves the process. What
// nobody has said anything about is told to the script, and cannot be reached.
//
// As the port has it: never rejects, and ends when the signal of a request aborts.
import type { ClamdResult } from '../../service/clamd.ts';
import type { Servers } from '../../service/fail-over.ts';
import type { HttpOutcome, HttpRequest } from '../../service/http-client.ts';
import type { RspamdResult } from '../../service/rspamd.ts';
import type { RspamdSymbol } from '../../service/rspamd-reply.ts';
import { openContent, type ScannedFile } from '../../service/scanned-file.ts';
import type { Services } from '../../service/services.ts';
import type { SpamdResult } from '../../service/spamd.ts';

/** No answer: nobody listens, or nobody answers in time. */
export interface NoAnswer {
  readonly kind: 'none';
  readonly error: string;
}

export type ClamdAnswer =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly signature: string }
  | NoAnswer;

export type SpamdAnswer =
  | {
      readonly kind: 'score';
      readonly score: number;
      readonly threshold: number;
      readonly isSpam: boolean;
      readonly symbols: readonly string[];
    }
  | NoAnswer;

export type RspamdAnswer =
  | {
      readonly kind: 'score';
      readonly score: number;
      readonly required: number;
      readonly action: string;
      readonly symbols: readonly RspamdSymbol[];
      /** What its action wants said to the client. */
      readonly message: string | undefined;
    }
  | NoAnswer;

export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly headers: readonly (readonly [name: string, value: string])[];
      /** latin1. */
      readonly body: string;
    }
  | NoAnswer;

/** What is asked of a web server. Texts are latin1. */
export interface AskedHttp {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** What the test has said. `message`: the octets to judge. */
export interface ServiceScript {
  clamd(message: Buffer): ClamdAnswer;
  spamd(message: Buffer): SpamdAnswer;
  rspamd(message: Buffer): RspamdAnswer;
  http(asked: AskedHttp): Promise<HttpAnswer> | HttpAnswer;
  /** A policy speaks to somebody in a protocol of its own: why it cannot. */
  tcp(target: string): string;
}

async function octetsOf(file: ScannedFile): Promise<Buffer | string> {
  const content = await openContent(file);
  if (content.kind === 'unreadable') return content.error;
  try {
    const pieces: Buffer[] = [];
    for await (const piece of content.read()) pieces.push(piece);
    return Buffer.concat(pieces);
  } finally {
    await content.close();
  }
}

function clamdResult(answer: ClamdAnswer): ClamdResult {
  const none = { reply: undefined, infected: undefined, signature: undefined };
  switch (answer.kind) {
    case 'none':
      return { ...none, error: answer.error };
    case 'clean':
      return { ...none, reply: Buffer.from('stream: OK\n'), infected: false, error: undefined };
    case 'found': {
      const { signature } = answer;
      const reply = Buffer.from(`stream: ${signature} FOUND\n`, 'latin1');
      return { reply, infected: true, signature, error: undefined };
    }
  }
}

function spamdResult(answer: SpamdAnswer): SpamdResult {
  const none = { truncated: false, replace: undefined };
  if (answer.kind === 'none') {
    const { error } = answer;
    return {
      ...none,
      isSpam: undefined,
      score: undefined,
      threshold: undefined,
      symbols: undefined,
      error,
      reply: undefined,
    };
  }
  const { isSpam, score, symbols, threshold } = answer;
  const verdict = `Spam: ${isSpam ? 'True' : 'False'} ; ${score.toFixed(1)} / ${threshold.toFixed(1)}`;
  const body = symbols.join(',');
  const head = `SPAMD/1.1 0 EX_OK\r\nContent-length: ${body.length}\r\n${verdict}\r\n\r\n`;
  return {
    ...none,
    isSpam,
    score,
    threshold,
    symbols,
    error: undefined,
    reply: Buffer.from(head + body, 'latin1'),
  };
}

function rspamdResult(answer: RspamdAnswer): RspamdResult {
  if (answer.kind === 'none') return { kind: 'failed', error: answer.error, reply: undefined };
  const { action, message, required, score } = answer;
  const symbols = [...answer.symbols].sort((a, b) => b.score - a.score);
  const reply = {
    ...{ action, score, required_score: required, is_skipped: false },
    symbols: Object.fromEntries(symbols.map(({ name, score: its }) => [name, { name, score: its }])),
    ...(message !== undefined && { messages: { smtp_message: message } }),
  };
  return {
    ...{ kind: 'verdict', action, score, requiredScore: required, isSkipped: false, symbols },
    messages: new Map(message === undefined ? [] : [['smtp_message', message]]),
    ...{ subject: undefined, addHeaders: [], removeHeaders: [], dkimSignature: undefined },
    reply: Buffer.from(JSON.stringify(reply)),
  };
}

async function bodyOf({ body, file }: HttpRequest): Promise<Buffer | string> {
  return file === undefined ? (body ?? Buffer.alloc(0)) : octetsOf(file);
}

async function http(script: ServiceScript, request: HttpRequest): Promise<HttpOutcome> {
  const body = await bodyOf(request);
  if (typeof body === 'string') return { kind: 'failed', error: body };
  const { url, method, headers = [] } = request;
  const answer = await script.http({
    ...{ method, url: `${url.origin}${url.path}`, body: body.toString('latin1') },
    headers: headers.map(({ name, value }) => [name, value] as const),
  });
  if (request.signal.aborted) return { kind: 'failed', error: 'given up' };
  if (answer.kind === 'none') return { kind: 'failed', error: answer.error };
  request.onConnect();
  const content = Buffer.from(answer.body, 'latin1');
  if (content.length > request.maxSize)
    return { kind: 'failed', error: `more than ${request.maxSize} bytes` };
  const lines = [...answer.headers, ['content-length', String(content.length)] as const];
  return {
    ...{ kind: 'response', url, code: answer.code, content, release: () => undefined },
    head: Buffer.from(
      `HTTP/1.1 ${answer.code} .\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
      'latin1',
    ),
    fields: new Map(lines.map(([name, value]) => [name.toLowerCase(), value] as const).reverse()),
  };
}

/** The first of the servers answers. */
function reached({ targets: [first], onConnect, onTry }: Servers): void {
  if (first === undefined) return;
  onTry(first);
  onConnect(first);
}

export function scriptedServices(script: () => ServiceScript): Services {
  const scan = async <A, R>(
    request: { readonly servers: Servers; readonly file: ScannedFile },
    judge: (message: Buffer) => A | NoAnswer,
    result: (answer: A | NoAnswer) => R,
  ): Promise<R> => {
    const message = await octetsOf(request.file);
    if (typeof message === 'string') return result({ kind: 'none', error: message });
    reached(request.servers);
    return result(judge(message));
  };
  return {
    clamd: { scan: (request) => scan(request, (message) => script().clamd(message), clamdResult) },
    spamd: { check: (request) => scan(request, (message) => script().spamd(message), spamdResult) },
    rspamd: { check: (request) => scan(request, (message) => script().rspamd(message), rspamdResult) },
    http: { request: (request) => http(script(), request) },
    tcp: {
      connect: ({ target }) => {
        const text = 'path' in target ? target.path : `${target.host}:${target.port}`;
        return Promise.resolve({ kind: 'failed', error: script().tcp(text) });
      },
    },
    close: () => undefined,
  };
}
