// What service.http.request is asked for: its arguments in the old form, or a table with everything.
import { LuaError, type Param, type ReadResult } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { formatHttpDate, readHttpDate } from '../../service/http-date.ts';
import type { HttpHeader } from '../../service/http-redirect.ts';

export interface HttpAsked {
  readonly url: string;
  readonly method: string | undefined;
  readonly since: string | undefined;
  readonly body: Buffer | undefined;
  /** A path: its octets are the content. */
  readonly bodyFile: string | undefined;
  readonly headers: readonly HttpHeader[];
  /** Seconds; undefined: option http-timeout. */
  readonly timeout: number | undefined;
  readonly redirects: number;
}

export const mostRedirects = 10;
/** Octets of all headers together. */
const mostHeaderOctets = 49_152;
/** RFC 9110 section 5.6.2: a token. */
const token = /^[!#$%&'*+.^_`|~\w-]{1,256}$/;
/** The connection is ours. */
const ours: ReadonlySet<string> = new Set([
  ...['accept-encoding', 'connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

const wrong = <T>(expected: string): ReadResult<T> => ({ ok: false, expected });
const octets = (value: LuaValue): string | undefined =>
  Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : undefined;

export function sinceText(since: number | string | undefined): string | undefined {
  const seconds = typeof since === 'string' ? readHttpDate(since) : since;
  return seconds === undefined || !(seconds > 0) ? undefined : formatHttpDate(Math.trunc(seconds));
}

/** RFC 9110 section 9.1: methods are case-sensitive, but nobody means another one by `get`. */
export function methodOf(text: string): string {
  const method = /^(get|head|post|put|patch|delete|options)$/i.test(text) ? text.toUpperCase() : text;
  if (!token.test(method) || method.length > 40 || method.toUpperCase() === 'CONNECT') {
    throw new LuaError(
      `${JSON.stringify(text.slice(0, 40))} is no HTTP method: GET, HEAD, POST ... expected`,
    );
  }
  return method;
}

function readHeaders(value: LuaValue): readonly HttpHeader[] | string {
  if (!(value instanceof Map)) return 'table as headers';
  const headers: HttpHeader[] = [];
  let length = 0;
  for (const [key, item] of value as ReadonlyMap<LuaValue, LuaValue>) {
    const name = octets(key);
    const text = typeof item === 'number' ? String(item) : octets(item);
    if (name === undefined || !token.test(name)) return 'names of headers as keys of headers';
    if (ours.has(name.toLowerCase())) return `headers without ${name}, which is not a policy's to say`;
    if (text === undefined || /[\x00-\x08\x0a-\x1f\x7f]/.test(text))
      return `text without control characters as header ${name}`;
    length += name.length + text.length + 4;
    headers.push({ name, value: text });
  }
  return length > mostHeaderOctets ? `headers of at most ${mostHeaderOctets} octets` : headers;
}

const fieldNames = [
  'url',
  'method',
  'headers',
  'body',
  'body_file',
  'timeout',
  'redirects',
  'modified_since',
];

function readTable(table: ReadonlyMap<LuaValue, LuaValue>): ReadResult<HttpAsked> {
  for (const key of table.keys())
    if (!fieldNames.includes(String(key))) return wrong(`table with ${fieldNames.join(', ')}`);
  const url = octets(table.get('url'));
  if (url === undefined) return wrong('string as url');
  const texts = (['method', 'body', 'body_file'] as const).map((name) => [name, table.get(name)] as const);
  const bad = texts.find(([, value]) => value !== undefined && octets(value) === undefined);
  if (bad !== undefined) return wrong(`string as ${bad[0]}`);
  const [method, body, bodyFile] = texts.map(([, value]) => octets(value));
  if (body !== undefined && bodyFile !== undefined) return wrong('body or body_file, not both');
  const headers = table.has('headers') ? readHeaders(table.get('headers')) : [];
  if (typeof headers === 'string') return wrong(headers);
  const timeout = table.get('timeout');
  if (timeout !== undefined && (typeof timeout !== 'number' || !(timeout > 0)))
    return wrong('more than 0 seconds as timeout');
  const redirects = table.get('redirects') ?? 0;
  if (
    typeof redirects !== 'number' ||
    !Number.isInteger(redirects) ||
    redirects < 0 ||
    redirects > mostRedirects
  )
    return wrong(`0 to ${mostRedirects} as redirects`);
  const since = table.get('modified_since');
  if (since !== undefined && typeof since !== 'number' && octets(since) === undefined)
    return wrong('number or string as modified_since');
  return {
    ok: true,
    value: {
      ...{ url, bodyFile, headers, redirects },
      method: method ?? (body === undefined && bodyFile === undefined ? 'GET' : 'POST'),
      body: body === undefined ? undefined : Buffer.from(body, 'latin1'),
      timeout: typeof timeout === 'number' ? timeout : undefined,
      since: sinceText(typeof since === 'number' ? since : octets(since)),
    },
  };
}

/** A URL, for the old form, or a table. */
export const asked: Param<HttpAsked> = {
  name: 'url',
  crossing: 'value',
  type: 'string|http_request',
  fallback: undefined,
  text: 'An http or https URL. Blanks and 8-bit characters are percent-encoded; the fragment is not sent. Or a table with this and more.',
  read(value) {
    if (value instanceof Map) return readTable(value as ReadonlyMap<LuaValue, LuaValue>);
    const url = typeof value === 'number' ? String(value) : octets(value);
    if (url === undefined) return wrong('string or table');
    const nothing = {
      method: undefined,
      since: undefined,
      body: undefined,
      bodyFile: undefined,
      timeout: undefined,
    };
    return { ok: true, value: { url, ...nothing, headers: [], redirects: 0 } };
  },
};
