// Lua table `service.http`: request and the status codes. The request itself is service/http-client's.

import type { CallContext } from '../../lua-api/call-context.ts';
import {
  LuaError,
  type LuaResults,
  luaFunction,
  type Param,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { type ConstantTableSpec, luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { optionalBytes } from '../../lua-api/params.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import type { HttpResponse } from '../../service/http-client.ts';
import { httpCodes } from '../../service/http-code.ts';
import { readHttpDate } from '../../service/http-date.ts';
import { type HttpUrl, hostInText, readHttpUrl } from '../../service/http-url.ts';
import type { ScannedFile } from '../../service/scanned-file.ts';
import { asked, type HttpAsked, methodOf, mostRedirects, sinceText } from './http-asked.ts';
import type { JobEnd } from './jobs.ts';
import { findMessageFile } from './message-file.ts';
import { connectedResult, timeoutMs } from './scan.ts';
import { jobsOf, type ServiceDependencies } from './slot.ts';

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
  readonly asked: HttpAsked;
  readonly url: HttpUrl;
  readonly file: ScannedFile | undefined;
}

function start(
  dependencies: ServiceDependencies,
  context: CallContext,
  { asked: { url: text, method, since, body, headers, timeout, redirects }, url, file }: Request,
): Suspension {
  const { values } = optionsOf(context);
  const id = dependencies.nextId();
  return jobsOf(dependencies, context).start('http', url.host, context, async (control): Promise<JobEnd> => {
    const outcome = await dependencies.services.http.request({
      ...{ url, body, file, headers, redirects, modifiedSince: since },
      method: methodOf(method ?? 'HEAD'),
      timeoutMs: timeout === undefined ? values['http-timeout'] * 1000 : timeoutMs(timeout),
      connectTimeoutMs: values['service-connect-timeout'] * 1000,
      maxSize: values['http-max-size'],
      maxMemory: values['http-max-memory'] * MIB,
      allowReserved: values['http-allow-reserved'],
      refuse: values['http-refuse'],
      caFile: values['http-ca-file'],
      signal: control.signal,
      onConnect: () => control.connected(),
    });
    if (outcome.kind === 'failed') return { fields: fieldsOf(id, text, undefined), error: outcome.error };
    const { origin, path } = outcome.url;
    const location = redirects > 0 ? `${origin}${path}` : undefined;
    return {
      fields: { ...fieldsOf(id, text, outcome), location },
      error: undefined,
      release: outcome.release,
    };
  });
}

const TEXT =
  'Asks a web server for something; `service.wait` gives the result. Only http and https; certificates and names are verified (option ' +
  '`http-ca-file` adds authorities). Without a scheme, `www.example.com/` is http. Redirects are not followed unless a table asks for it: look for `Location` in ' +
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
          asked,
          optionalBytes('method', 'GET, HEAD, POST, or any other but CONNECT; nil: HEAD.', undefined),
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
          "-- With everything.\nfunction hook.dot(path)\n  service.http.request {\n    url = 'https://reports.example.com/spam', headers = { ['Content-Type'] = 'message/rfc822', ['X-Api-Key'] = 'secret' },\n    body_file = path, timeout = 10, redirects = 3,\n  }\n  local answer = service.wait(1).http[1]\n  if answer.rcode ~= 200 then return '451 4.3.0 try again later' end\nend\nassert(not pcall(service.http.request, { url = 'http://www.example.com/', colour = 'red' }))",
          "assert(service.http.code.NOT_FOUND == 404 and service.http.code[404] == 'NOT_FOUND')",
        ],
        call: (context, given, method, since, post): LuaResults | Suspension => {
          const request = withOldForm(given, method, since, post);
          methodOf(request.method ?? 'HEAD');
          const jobs = jobsOf(dependencies, context);
          const refuse = (error: string): LuaResults => {
            const fields = fieldsOf(dependencies.nextId(), request.url, undefined);
            jobs.refuse('http', hostInText(request.url), fields, error, context);
            return [false];
          };
          const url = readHttpUrl(request.url);
          if (url.kind === 'invalid') return refuse(url.error);
          if (request.bodyFile === undefined)
            return start(dependencies, context, { asked: request, url, file: undefined });
          const found = findMessageFile(request.bodyFile, sessionOf(context), dependencies.spool);
          if (found.kind === 'missing') return refuse(found.error);
          return start(dependencies, context, { asked: request, url, file: found.file });
        },
      }),
    ],
    records: [
      {
        name: 'http_request',
        text: 'What `service.http.request` takes in place of its arguments; a field that is not there is an error.',
        fields: [
          { name: 'url', type: 'string', text: 'as the argument' },
          { name: 'method', type: 'string?', text: 'nil: `POST` with a body, else `GET`' },
          {
            name: 'headers',
            type: 'table<string, string>?',
            text: 'more headers by name, in place of ours of that name; those that rule the connection or its length cannot be given',
          },
          { name: 'body', type: 'string?', text: 'content to send, any bytes' },
          {
            name: 'body_file',
            type: 'string?',
            text: 'a file whose octets are the content (`client.msg_file`: the message as it was received), read while it is sent',
          },
          { name: 'timeout', type: 'number?', text: 'seconds; nil: option `http-timeout`' },
          {
            name: 'redirects',
            type: 'integer?',
            text: `how many redirects are followed, 0 to ${mostRedirects}; each place is held against \`http-allow-reserved\`. \`location\` of the result is where it came from. \`Authorization\` and cookies go to the first place only`,
          },
          { name: 'modified_since', type: 'number|string?', text: 'as the argument' },
        ],
      },
    ],
  });
}

/** The arguments behind the URL; they say nothing beside a table. */
function withOldForm(
  given: HttpAsked,
  method: string | undefined,
  since: number | string | undefined,
  post: string | undefined,
): HttpAsked {
  const isOld = given.method === undefined;
  if (!isOld && (method !== undefined || since !== undefined || post !== undefined))
    throw new LuaError('method, modified_since and body stand in the table that has the url');
  if (!isOld) return given;
  const body = post === undefined ? undefined : Buffer.from(post, 'latin1');
  return { ...given, method: method ?? 'HEAD', since: sinceText(since), body };
}
