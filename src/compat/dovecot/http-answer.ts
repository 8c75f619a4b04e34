// What dovecot.http makes of a request and of what became of it: statuses from 9000 for failures, settings of both generations. Pure.
import { readHttpUrl } from '../../service/http-url.ts';

/** Milliseconds and counts; Lua has checked the kinds of the values. */
export interface HttpSettings {
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Of all attempts together; 0: none. */
  readonly absoluteMs: number;
  readonly attempts: number;
  readonly connectAttempts: number;
  /** Undefined: a redirect is the answer. */
  readonly redirects: number | undefined;
  readonly retries: boolean;
  readonly userAgent: string | undefined;
  readonly caFile: string | undefined;
}

type Given = ReadonlyMap<unknown, unknown>;

/** The first of these settings that is there. */
function first(given: Given, names: readonly string[]): unknown {
  return names.map((name) => given.get(name)).find((value) => value !== undefined);
}

const LONGEST = 2 ** 31 - 1;

function count(given: Given, fallback: number, ...names: string[]): number {
  const value = first(given, names);
  return typeof value === 'number' ? Math.min(Math.max(Math.trunc(value), 0), LONGEST) : fallback;
}

function text(given: Given, name: string): string | undefined {
  const value = given.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function readSettings(given: Given): HttpSettings {
  const timeoutMs = Math.max(1, count(given, 60_000, 'request_timeout_msecs', 'request_timeout'));
  const asks = given.get('no_auto_redirect') === true || given.get('auto_redirect') === false;
  return {
    timeoutMs,
    connectTimeoutMs: Math.max(1, count(given, timeoutMs, 'connect_timeout_msecs', 'connect_timeout')),
    absoluteMs: count(given, 0, 'request_absolute_timeout_msecs', 'request_absolute_timeout'),
    attempts: Math.max(1, Math.min(count(given, 1, 'max_attempts', 'request_max_attempts'), 100)),
    connectAttempts: Math.max(1, Math.min(count(given, 1, 'max_connect_attempts'), 100)),
    redirects: asks ? undefined : Math.min(count(given, 0, 'max_redirects', 'request_max_redirects'), 100),
    retries: given.get('no_auto_retry') !== true && given.get('auto_retry') !== false,
    userAgent: text(given, 'user_agent'),
    caFile: text(given, 'ssl_client_ca_file'),
  };
}

/** What is wrong with a host and its port, in the words of Dovecot. */
function hostProblem(place: string): string | undefined {
  const literal = place.startsWith('[');
  const end = literal ? place.indexOf(']') + 1 : place.search(/:|$/);
  if (literal && end === 0) return "Expecting ']' at end of IP-literal";
  const [host, port] = [place.slice(0, end), place.slice(end)];
  if (host === '') return 'HTTP URL does not allow empty host identifier';
  if (!literal && /^-|[^\w.%~!$&'()*+,;=-]/.test(host)) return 'Invalid host identifier';
  if (!/^(?::\d*)?$/.test(port)) return 'Invalid host port';
  return Number(port.slice(1)) > 65_535 ? 'Invalid port number' : undefined;
}

/** What is wrong with a URL in the words of Dovecot; undefined when nothing is. */
export function urlProblem(url: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'Relative HTTP URL not allowed';
  if (scheme !== 'http' && scheme !== 'https') return 'Not an HTTP URL';
  const [, authority, path = ''] = /^[^:]*:\/\/([^/?#]*)([^?#]*)/.exec(url) ?? [];
  if (authority === undefined) return `Absolute HTTP URL requires \`//' after \`${scheme}:'`;
  const problem = hostProblem(authority.slice(authority.lastIndexOf('@') + 1));
  if (problem !== undefined) return problem;
  const [, strange] = /%[\da-f]?([^\da-f]|$)/i.exec(path) ?? [];
  if (strange !== undefined) return `Expecting hex digit after '%', but found '${strange}'`;
  if (/[^\x21-\x7e]|["<>[\\\]^`{|}]/.test(path)) return 'Path component contains invalid character';
  if (url.includes('#')) return 'URL fragment not allowed for HTTP URL in this context';
  const read = readHttpUrl(url);
  return read.kind === 'invalid' ? read.error : undefined;
}

/** `user:password` of a URL as Basic credentials; undefined without. */
export function credentialsOf(url: string): string | undefined {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return undefined;
  const plain = (part: string): Buffer => {
    const octets = part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
    return Buffer.from(octets, 'latin1');
  };
  const both = Buffer.concat([plain(username), Buffer.from(':'), plain(password)]);
  return `Basic ${both.toString('base64')}`;
}

export interface Failed {
  readonly status: number;
  readonly reason: string;
  /** Another attempt may do better; `connect`: one that connects. */
  readonly again: 'no' | 'request' | 'connect';
}

/** `error`: the words of our HTTP client; the place is what was connected to. */
export function failureOf(error: string, place: string): Failed {
  if (error.startsWith('no complete response within')) {
    return { status: 9008, reason: `Request timed out (${error})`, again: 'request' };
  }
  if (error.startsWith('no address found for')) {
    return { status: 9002, reason: `Failed to lookup host ${error.slice(21)}: ${error}`, again: 'no' };
  }
  if (/^more than \d+ redirects/.test(error)) {
    return { status: 9004, reason: `Redirected more than ${/\d+/.exec(error)?.[0]} times`, again: 'no' };
  }
  if (error.includes('redirect')) {
    return { status: 9004, reason: `Invalid redirect location: ${error}`, again: 'no' };
  }
  if (error.startsWith('the response is not HTTP')) {
    return { status: 9007, reason: `Invalid HTTP version in response: ${error}`, again: 'no' };
  }
  if (error.startsWith('the head of the response')) return { status: 9007, reason: error, again: 'no' };
  if (error === 'cancelled') return { status: 9000, reason: 'Aborted', again: 'no' };
  if (
    error.startsWith('the server closed') ||
    error.startsWith('the response is shorter') ||
    error.startsWith('the content') ||
    error.startsWith('too many HTTP')
  ) {
    return {
      status: 9005,
      reason: `Connection lost: ${error}`,
      again: error.startsWith('the server') ? 'request' : 'no',
    };
  }
  const refused = error.replace('connection refused', 'Connection refused');
  return { status: 9003, reason: `connect(${place}) failed: ${refused}`, again: 'connect' };
}

/** The phrase of a status line as it was sent. */
export function phraseOf(head: Buffer): string {
  const line = head.subarray(0, Math.max(head.indexOf('\r\n'), 0)).toString('latin1');
  return line.replace(/^\S+ \d+ ?/, '');
}
