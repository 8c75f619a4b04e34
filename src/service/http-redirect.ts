// Where a response sends a request on to (RFC 9110 section 15.4), and what of the request goes there. Pure.
import type { RawResponse } from './http-exchange.ts';
import { type HttpUrl, readHttpUrl } from './http-url.ts';

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/** What changes on the way. */
export interface Redirectable {
  readonly url: HttpUrl;
  readonly method: string;
  readonly body: Buffer | undefined;
  readonly file?: unknown;
  readonly headers?: readonly HttpHeader[];
}

export type Redirect<R> =
  | { readonly kind: 'request'; readonly request: R }
  | { readonly kind: 'invalid'; readonly error: string };

const codes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Said to one place, they are nobody else's business. */
const secret: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Undefined when the response is an answer, or says no place. */
export function redirectOf<R extends Redirectable>(
  request: R,
  { code, fields }: Pick<RawResponse, 'code' | 'fields'>,
): Redirect<R> | undefined {
  const location = fields.get('location');
  if (!codes.has(code) || location === undefined) return undefined;
  let text: string;
  try {
    text = new URL(location, `${request.url.origin}${request.url.path}`).href;
  } catch {
    return { kind: 'invalid', error: 'the place of a redirect is no URL' };
  }
  const url = readHttpUrl(text);
  if (url.kind === 'invalid')
    return { kind: 'invalid', error: `a redirect to where nobody can go: ${url.error}` };
  const { headers = [] } = request;
  const kept =
    url.origin === request.url.origin
      ? headers
      : headers.filter(({ name }) => !secret.has(name.toLowerCase()));
  // What browsers do with 301 and 302 too.
  const becomesGet = code === 303 ? request.method !== 'HEAD' : code <= 302 && request.method === 'POST';
  if (!becomesGet) return { kind: 'request', request: { ...request, url, headers: kept } };
  const withoutType = kept.filter(({ name }) => name.toLowerCase() !== 'content-type');
  return {
    kind: 'request',
    request: { ...request, url, headers: withoutType, method: 'GET', body: undefined, file: undefined },
  };
}
