// How dovecot.http submits: by the HTTP client of policies, under settings of its own. Waits; a failure of the network is an answer.
import type { Clock } from '../../base/clock.ts';
import { pause } from '../../base/clock.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { anything, bytes, optionalBytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { optionsOf } from '../../options/options.ts';
import { formatHttpDate } from '../../service/http-date.ts';
import type { HttpHeader } from '../../service/http-redirect.ts';
import { readHttpUrl } from '../../service/http-url.ts';
import type { Services } from '../../service/services.ts';
import {
  credentialsOf,
  type Failed,
  failureOf,
  type HttpSettings,
  phraseOf,
  readSettings,
  urlProblem,
} from './http-answer.ts';

interface Submitted {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly HttpHeader[];
  readonly payload: string | undefined;
  readonly settings: HttpSettings;
  /** Whatever http-allow-reserved says. */
  readonly everywhere: boolean;
}

const MIB = 1_048_576;
/** Milliseconds between attempts, doubling; as connect_backoff_time_msecs and connect_backoff_max_time_msecs are there. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 60_000;
/** Authentication scripts may ask their own machine: who writes them runs it. */
const EVERYWHERE = '0.0.0.0/0 ::/0';

function readHeaders(value: LuaValue): readonly HttpHeader[] {
  if (!(value instanceof Map)) return [];
  const headers: HttpHeader[] = [];
  for (let n = 1; value.has(n); n++) {
    const header: unknown = value.get(n);
    if (header instanceof Map) {
      headers.push({ name: String(header.get('name')), value: String(header.get('value')) });
    }
  }
  return headers;
}

function withOwn({ headers, settings, url }: Submitted, now: number): readonly HttpHeader[] {
  const has = (name: string): boolean => headers.some((header) => header.name.toLowerCase() === name);
  const own: HttpHeader[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !has(name.toLowerCase())) own.push({ name, value });
  };
  add('Authorization', credentialsOf(url));
  add('User-Agent', settings.userAgent);
  add('Date', formatHttpDate(Math.floor(now / 1000)));
  return [...own, ...headers];
}

const answer = (status: number, reason: string): LuaResults => [status, reason, '', {}];

class Submission {
  readonly #services: Services;
  readonly #context: CallContext;
  readonly #asked: Submitted;
  readonly #clock: Clock;
  readonly #stop = new AbortController();

  constructor(services: Services, clock: Clock, context: CallContext, asked: Submitted) {
    this.#services = services;
    this.#clock = clock;
    this.#context = context;
    this.#asked = asked;
  }

  cancel(): void {
    this.#stop.abort();
  }

  /** Status, reason, content and headers. Never rejects. */
  async run(): Promise<LuaResults> {
    const { absoluteMs } = this.#asked.settings;
    if (absoluteMs === 0) return this.#attempts();
    let late = false;
    const timer = this.#clock.after(absoluteMs, () => {
      late = true;
      this.#stop.abort();
    });
    const result = await this.#attempts();
    timer.cancel();
    return late ? answer(9008, `Absolute request timeout expired (${absoluteMs / 1000} secs)`) : result;
  }

  async #attempts(): Promise<LuaResults> {
    const { attempts, connectAttempts, retries } = this.#asked.settings;
    const began = this.#clock.monotonic();
    const since = (): string => `${((this.#clock.monotonic() - began) / 1000).toFixed(3)} secs`;
    let wait = FIRST_PAUSE;
    for (let n = 1; ; n++) {
      const outcome = await this.#once(n, since);
      if (!('again' in outcome)) return outcome;
      const most = outcome.again === 'connect' ? connectAttempts : retries ? attempts : 1;
      if (outcome.again === 'no' || n >= most || this.#stop.signal.aborted) {
        const tries = n > 1 ? ` (${n} attempts in ${since()})` : '';
        return answer(outcome.status, `${outcome.reason}${tries}`);
      }
      await pause(wait, this.#clock, this.#stop.signal);
      wait = Math.min(wait * 2, LONGEST_PAUSE);
    }
  }

  async #once(n: number, since: () => string): Promise<LuaResults | Failed> {
    const { method, payload, settings } = this.#asked;
    const { values } = optionsOf(this.#context);
    const url = readHttpUrl(this.#asked.url);
    if (url.kind === 'invalid') return answer(9001, url.error);
    const outcome = await this.#services.http.request({
      ...{
        url,
        method,
        headers: withOwn(this.#asked, this.#clock.now()),
        redirects: settings.redirects ?? 0,
      },
      bare: true,
      modifiedSince: undefined,
      body: payload === undefined ? undefined : Buffer.from(payload, 'latin1'),
      timeoutMs: settings.timeoutMs,
      connectTimeoutMs: settings.connectTimeoutMs,
      maxSize: values['http-max-size'],
      maxMemory: values['http-max-memory'] * MIB,
      allowReserved: this.#asked.everywhere ? EVERYWHERE : values['http-allow-reserved'],
      refuse: values['http-refuse'],
      caFile: settings.caFile ?? values['http-ca-file'],
      signal: this.#stop.signal,
      onConnect: () => undefined,
    });
    if (outcome.kind === 'failed') return failureOf(outcome.error, `${url.host}:${url.port}`);
    // It is Lua's from now on.
    outcome.release();
    const { code, content, fields, head } = outcome;
    if (code > 599) return answer(9007, 'Invalid HTTP status code in response');
    if (settings.redirects === 0 && code >= 300 && code < 400 && code !== 304 && fields.has('location')) {
      return answer(9004, 'Redirect refused');
    }
    const retries = n > 1 ? ` (${n - 1} retries in ${since()})` : '';
    if (code === 408 && settings.retries && n < settings.attempts) {
      return { status: code, reason: phraseOf(head), again: 'request' };
    }
    return [code, `${phraseOf(head)}${retries}`, content, Object.fromEntries(fields)];
  }
}

export const httpFunctions = (
  services: Services,
  clock: Clock,
  caller: 'auth-script' | 'push-script' | 'policy',
): readonly FunctionSpec[] => [
  luaFunction({
    name: 'dovecot_url_problem',
    params: [bytes('url', 'A URL.')],
    text: 'What is wrong with a URL; nil when nothing is.',
    call: (_context, url) => [urlProblem(url)],
  }),
  luaFunction({
    name: 'dovecot_http',
    params: [
      bytes('url', 'Where to.'),
      bytes('method', 'A token.'),
      anything('headers', 'table[]', 'Each with `name` and `value`.'),
      optionalBytes('payload', 'What is sent.', undefined),
      anything('settings', 'table', 'As dovecot.http.client has checked them.'),
    ],
    suspends: true,
    text: 'Status, reason, content and headers by names in lower case.',
    call: (context, url, method, headers, payload, settings): Suspension => {
      const given = settings instanceof Map ? settings : new Map<unknown, unknown>();
      const everywhere = caller !== 'policy';
      const about = { headers: readHeaders(headers), settings: readSettings(given), everywhere };
      const asked = { url, method, payload, ...about };
      const submission = new Submission(services, clock, context, asked);
      return {
        kind: 'suspension',
        describe: () => `dovecot.http ${method} ${new URL(url).host}`,
        done: submission.run(),
        cancel: () => submission.cancel(),
      };
    },
  }),
];
