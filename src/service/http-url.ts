// The URL of a service.http.request, checked and taken apart (WHATWG URL; RFC 9110 section 4.2). No I/O. What could change the request
// that is sent (control characters) is refused; blanks and 8-bit text are percent-encoded.

export interface HttpUrl {
  readonly kind: 'url';
  readonly protocol: 'http:' | 'https:';
  /** `http://host:port`, port only when it is not the usual one. */
  readonly origin: string;
  /** Host name in ASCII, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
}

export type HttpUrlOutcome = HttpUrl | { readonly kind: 'invalid'; readonly error: string };

const MAX_LENGTH = 65_536;

const invalid = (error: string): HttpUrlOutcome => ({ kind: 'invalid', error });

/** UTF-8 if the bytes are that, else each of them percent-encoded. */
function decoded(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  const asUtf8 = bytes.toString('utf8');
  if (Buffer.from(asUtf8, 'utf8').equals(bytes)) return asUtf8;
  return text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Reads an http or https URL given as a latin1 string; without a scheme, `www.example.com/path` is http. */
export function readHttpUrl(text: string): HttpUrlOutcome {
  if (text.length > MAX_LENGTH) return invalid(`the URL is longer than ${MAX_LENGTH} bytes`);
  if (/[\x00-\x1f\x7f]/.test(text)) return invalid('the URL has control characters');
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return invalid(`http or https expected, got the scheme ${JSON.stringify(scheme)}`);
  }
  if (scheme === undefined && !/^\s*[^\s/?#@]+\.[^\s/?#@]+/.test(text)) return invalid('that is not a URL');
  let url: URL;
  try {
    url = new URL(scheme === undefined ? `http://${decoded(text.trimStart())}` : decoded(text));
  } catch {
    return invalid('that is not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return invalid('that is not a URL');
  const { protocol } = url;
  return {
    kind: 'url',
    protocol,
    origin: `${protocol}//${url.host}`,
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
  };
}

/** The host as the URL text spells it, for logs and results even when the URL is refused. Never user or password. */
export function hostInText(text: string): string {
  const authority = /^\s*(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?([^/?#\\]*)/i.exec(text)?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return (bracketed?.[1] ?? host.split(':', 1)[0] ?? '').slice(0, 255);
}
