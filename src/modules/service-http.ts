// Lua table `service.http`: request and the status codes. The request itself is service/http-client's.
import type { CallContext } from '../lua/call-context.ts';
import {
  type ConstantTableSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  luaModule,
  type ModuleSpec,
  type Param,
  type Suspension,
} from '../lua/function-spec.ts';
import { bytes, optionalBytes } from '../lua/params.ts';
import type { LuaRecord } from '../lua/value.ts';
import type { HttpResponse } from '../service/http-client.ts';
import { httpCodes } from '../service/http-code.ts';
import { formatHttpDate, readHttpDate } from '../service/http-date.ts';
import { readReach } from '../service/http-reach.ts';
import { type HttpUrl, hostInText, readHttpUrl } from '../service/http-url.ts';
import type { JobEnd } from '../service/jobs.ts';
import { connectedResult } from './service-scan.ts';
import { jobsOf, type ServiceDependencies } from './service-slot.ts';

const MIB = 1_048_576;

const codeTable: ConstantTableSpec = {
  name: 'code',
  text: 'HTTP status codes by name, and the names by code: `service.http.code.NOT_FOUND == 404`, `service.http.code[404] == "NOT_FOUND"`.',
  reverse: true,
  constants: httpCodes.map(([name, value, text]) => ({ name, value, text })),
};

const MODIFIED_SINCE: Param<number | string | undefined> = {
  name: 'modified_since',
  type: 'number|string',
  fallback: 'nil',
  text:
    'Ask for the content only if it changed since then (the answer is 304 otherwise): seconds since the Epoch, or a date as ' +
    '`util.date_to_time` reads it. nil, 0 and a text that is no date: always.',
  read(value) {
    if (value === undefined || value === null) return { ok: true, value: undefined };
    if (typeof value === 'number' || typeof value === 'string') return { ok: true, value };
    if (Buffer.isBuffer(value)) return { ok: true, value: value.toString('latin1') };
    return { ok: false, expected: 'number or string' };
  },
};

function sinceText(since: number | string | undefined): string | undefined {
  const seconds = typeof since === 'string' ? readHttpDate(since) : since;
  return seconds === undefined || !(seconds > 0) ? undefined : formatHttpDate(Math.trunc(seconds));
}

/** RFC 9110 section 5.6.2: a token. Methods are case-sensitive, but nobody means another one by `get`. */
function methodOf(text: string): string {
  const method = /^(get|head|post|put|patch|delete|options)$/i.test(text) ? text.toUpperCase() : text;
  if (!/^[!#$%&'*+.^_`|~\w-]{1,40}$/.test(method) || method.toUpperCase() === 'CONNECT') {
    throw new LuaError(
      `${JSON.stringify(text.slice(0, 40))} is no HTTP method: GET, HEAD, POST ... expected`,
    );
  }
  return method;
}

/** A header's value up to its first semicolon. */
function upToSemicolon(value: string | undefined): string | undefined {
  return value?.split(';', 1)[0]?.trim();
}

const dateOf = (value: string | undefined) => (value === undefined ? 0 : (readHttpDate(value) ?? 0));

function fieldsOf(id: string, url: string, response: HttpResponse | undefined): LuaRecord {
  const field = (name: string) => response?.fields.get(name);
  return {
    id,
    url,
    rcode: response?.code,
    headers: response?.head ?? '',
    content: response?.content ?? '',
    content_type: upToSemicolon(field('content-type')),
    content_encoding: upToSemicolon(field('content-encoding')),
    date: dateOf(field('date')),
    expires: dateOf(field('expires')),
    last_modified: dateOf(field('last-modified')),
  };
}

interface Request {
  readonly text: string;
  readonly url: HttpUrl;
  readonly method: string;
  readonly since: string | undefined;
  readonly body: Buffer | undefined;
}

function start(
  { services, nextId }: ServiceDependencies,
  context: CallContext,
  { text, url, method, since, body }: Request,
): Suspension {
  const { values } = context.options;
  const id = nextId();
  return jobsOf(services, context).start('http', url.host, context, async (control): Promise<JobEnd> => {
    const outcome = await services.http.request({
      url,
      method,
      modifiedSince: since,
      body,
      timeoutMs: values['http-timeout'] * 1000,
      connectTimeoutMs: values['service-connect-timeout'] * 1000,
      maxSize: values['http-max-size'],
      maxMemory: values['http-max-memory'] * MIB,
      reach: readReach(values['http-allow-reserved'], values['http-refuse']),
      caFile: values['http-ca-file'],
      signal: control.signal,
      onConnect: () => control.connected(),
    });
    if (outcome.kind === 'failed') return { fields: fieldsOf(id, text, undefined), error: outcome.error };
    return { fields: fieldsOf(id, text, outcome), error: undefined, release: outcome.release };
  });
}

const TEXT =
  'Asks a web server for something; `service.wait` gives the result. Only http and https; certificates and names are verified (option ' +
  '`http-ca-file` adds authorities). Without a scheme, `www.example.com/` is http. Redirects are not followed: look for `Location` in ' +
  '`headers`. By default no connection is made to addresses that are not on the Internet (option `http-allow-reserved`; `http-refuse` names ' +
  'more), whatever name leads to them. User and password of a URL are not sent.\n\n' +
  'Results are `table.http[1]`, `[2]` ... in the order in which they ended; match them by `url` or `id`: `rcode` (status code; nil when ' +
  'there was no complete response), `headers` (status line, headers, empty line), `content` (any bytes; gzip, deflate and br are ' +
  'undone), `content_type` and `content_encoding` (up to the first `;`; nil when absent), `date`, `expires`, `last_modified` (seconds ' +
  'since the Epoch; 0 when absent), `elapsed_time` (seconds), `service_host` (host of the URL), `service_name`, `error` (why there is no ' +
  'complete response, else nil; `headers` and `content` are empty then).\n\n' +
  'Limits: options `http-timeout`, `http-max-size`, `http-max-memory`. Something that is no http or https URL, or has control ' +
  'characters, gives false. Suspends until a connection is made or failed.';

export function httpModule(dependencies: ServiceDependencies): ModuleSpec {
  return luaModule({
    name: 'http',
    text: 'HTTP requests.',
    tables: [codeTable],
    functions: [
      luaFunction({
        name: 'request',
        params: [
          bytes(
            'url',
            'An http or https URL. Blanks and 8-bit characters are percent-encoded; the fragment is not sent.',
          ),
          optionalBytes('method', 'GET, HEAD, POST, or any other but CONNECT.', 'HEAD'),
          MODIFIED_SINCE,
          optionalBytes(
            'post',
            'Content to send, any bytes, with Content-Length and the type `application/x-www-form-urlencoded`.',
            undefined,
          ),
        ],
        results: connectedResult,
        suspends: true,
        text: TEXT,
        examples: [
          "assert(service.http.request('mailto:x@example.com') == false)\nlocal result = service.wait(1)\nassert(result.http[1].url == 'mailto:x@example.com')\nassert(result.http[1].rcode == nil and result.http[1].error)",
          "assert(service.http.request('http://127.0.0.1/', 'GET') == false)   -- a reserved address\nassert(service.wait(1).http[1].error:find('reserved'))",
          "assert(service.http.code.NOT_FOUND == 404 and service.http.code[404] == 'NOT_FOUND')",
        ],
        call: (context, text, methodText, since, post): LuaResults | Suspension => {
          const method = methodOf(methodText);
          const url = readHttpUrl(text);
          if (url.kind === 'url') {
            const body = post === undefined ? undefined : Buffer.from(post, 'latin1');
            return start(dependencies, context, { text, url, method, since: sinceText(since), body });
          }
          const fields = fieldsOf(dependencies.nextId(), text, undefined);
          jobsOf(dependencies.services, context).refuse('http', hostInText(text), fields, url.error, context);
          return [false];
        },
      }),
    ],
  });
}
