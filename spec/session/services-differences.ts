// Every deliberate difference between what our service functions give and send and what the recorded dialogues of the original have
// (vectors/services.json), with its reason. Nothing else is changed.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface ServiceCase {
  readonly name: string;
  readonly options: readonly string[];
  readonly policy: string;
  readonly steps: readonly { readonly [key: string]: string | boolean }[];
  readonly hook_log: readonly Json[];
  readonly sinks: readonly string[];
  /** For each sink, for each connection, what it received and sent. */
  readonly sink_log: readonly (readonly (readonly { readonly recv?: string; readonly send?: string }[])[])[];
}

/** The expectation as it is compared: the table of service.wait if there is one, and what each server received on each connection. */
export interface Expectation {
  readonly sent: readonly Json[];
  readonly results: JsonObject | undefined;
  readonly received: readonly (readonly string[])[];
}

export interface ServiceDifference {
  readonly cases: RegExp;
  readonly reason: string;
  readonly change: (expected: Expectation) => Expectation;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Changes the results of one kind. */
function results(kind: string, edit: (result: JsonObject) => JsonObject) {
  return (expected: Expectation): Expectation => {
    const old = expected.results?.[kind];
    if (!isObject(old)) throw new Error(`no ${kind} in the results`);
    const entry = old['1'];
    const changed = isObject(entry) ? { ...old, '1': edit(entry) } : edit(old);
    return { ...expected, results: { ...expected.results, [kind]: changed } };
  };
}

function received(edit: (request: string) => string) {
  return (expected: Expectation): Expectation => ({
    ...expected,
    received: expected.received.map((connections) => connections.map(edit)),
  });
}

const without = (object: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** What we send with every request, behind Host. */
const HTTP_HEADERS = 'user-agent: smtpe\r\naccept: */*\r\naccept-encoding: gzip, deflate, br\r\n';

export const serviceDifferences: readonly ServiceDifference[] = [
  {
    cases: /^clamd-error$/,
    reason:
      'a reply that is no verdict is an `error` in the result, and no `is_infected`: what was not scanned is not clean',
    change: results('clamd', (result) => ({
      ...without(result, 'is_infected'),
      error: 'clamd said: /x: lstat() failed: No such file or directory. ERROR',
    })),
  },
  {
    cases: /^clamd-error$/,
    reason: 'a clamd that cannot read the file is sent its content',
    change: (expected) => ({
      ...expected,
      received: expected.received.map(([first = '']) => [
        first,
        'nINSTREAM\n\0\0\0\x25Subject: hello\r\nX-A: 1\r\n\r\nbody line\r\n\0\0\0\0',
      ]),
    }),
  },
  {
    cases: /^(spamd-(?!refused)|all-three)/,
    reason: 'score and threshold are in the result, symbols with REPORT',
    change: results('spamd', (result) => {
      const [, score, threshold] = /; (-?[\d.]+) \/ ([\d.]+)/.exec(String(result.reply)) ?? [];
      const symbols: JsonObject = String(result.reply).includes('report') ? { symbols: [] } : {};
      return { ...result, score: Number(score), threshold: Number(threshold), ...symbols };
    }),
  },
  {
    cases: /^(spamd-(?!refused)|all-three)/,
    reason:
      'Content-length is exact (the original counted 2 too many), and the protocol version is one of today',
    change: received((request) =>
      request.replace(' SPAMC/1.2\r\nContent-Length: 73\r\n', ' SPAMC/1.5\r\nContent-length: 71\r\n'),
    ),
  },
  {
    cases: /^(http-(?!refused|bad-url)|all-three)/,
    reason:
      'A18: HTTP/1.1, the query is sent, POST has a length and a type; we say who asks and which encodings we read',
    change: received((request) => {
      const match =
        /^(\w+) (\S+) HTTP\/1\.0\r\nHost: (\S+)\r\n(If-Modified-Since: [^\r]*\r\n)?\r\n(.*)$/s.exec(request);
      if (match === null) return request;
      const [, method = '', path = '', host = '', since = '', body = ''] = match;
      const query = path === '/path' ? '?q=1' : '';
      const kept = method === 'HEAD' ? 'close' : 'keep-alive';
      const content =
        body === ''
          ? ''
          : `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n`;
      return `${method} ${path}${query} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${kept}\r\n${HTTP_HEADERS}${since.replace('If-Modified-Since', 'if-modified-since')}${content}\r\n${body}`;
    }),
  },
  {
    cases: /^http-modified-since-number$/,
    reason: 'A18: a numeric modified_since is not ignored',
    change: received((request) =>
      request.replace(
        'deflate, br\r\n',
        'deflate, br\r\nif-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n',
      ),
    ),
  },
  {
    cases: /^http-404$/,
    reason: 'A18: a response without headers is still head and content; the version is always shown as 1.1',
    change: results('http', (result) => ({
      ...result,
      headers: 'HTTP/1.1 404 Not Found\r\n\r\n',
      content: 'missing',
    })),
  },
  {
    cases: /^http-no-headers$/,
    reason: 'what is not HTTP is an `error`, not a response with code 500 that nobody sent',
    change: results('http', (result) => ({
      ...without(result, 'rcode'),
      content: '',
      error: 'the response is not HTTP: Expected HTTP/, RTSP/ or ICE/',
    })),
  },
  {
    cases: /^(clamd-(?!refused)|spamd-(?!refused)|all-three)/,
    reason:
      'several of a kind come back: the table is the last result and holds all of them, [1] is the only one here',
    change: (expected) => {
      const changed = Object.entries(expected.results ?? {}).map(([kind, result]): [string, Json] => [
        kind,
        kind === 'http' || !isObject(result) ? result : { ...result, '1': result },
      ]);
      return { ...expected, results: Object.fromEntries(changed) };
    },
  },
];

export function differencesOf(name: string): readonly ServiceDifference[] {
  return serviceDifferences.filter((difference) => difference.cases.test(name));
}
