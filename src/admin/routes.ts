// What the administration interface answers, as data: a row for each method and path. doc/admin.md is written by these rows, and a spec compares.
import { readNetwork } from '../net-address/network-list.ts';
import { MOST_ROWS } from '../observe/live/live-batch.ts';
import { EXPOSITION_TYPE } from '../observe/metric/exposition.ts';
import { states } from '../observe/metric/table/connections.ts';
import { badVerboseWord } from '../options/text-forms.ts';
import { asciiJson } from '../text/printable.ts';
import { type Administration, LONGEST_VERBOSE, MOST_SESSIONS } from './administration.ts';
import { readWords } from './live/mail-ring.ts';
import { MOST_SECONDS } from './live/rate-ring.ts';
import type { Stream } from './stream.ts';
import { readTrace, traceNames } from './trace-query.ts';

export interface Asked {
  /** The part of the path that a `*` of the row stands for. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** What came as JSON; undefined where none is taken. */
  readonly body: unknown;
  /** Whoever asks might change something too: he has shown the token, or needs none. */
  readonly mayChange: boolean;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Besides those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `*` is one part of it. */
  readonly path: string;
  /** One line, for the list that GET of an unknown path gives. */
  readonly text: string;
  /** Nobody needs the token for it, wherever it is listened. */
  readonly open?: true;
  /** Names that the query may have; none without it. */
  readonly query?: readonly string[];
  /** It takes a JSON object. */
  readonly body?: true;
  /** A stream goes on until its reader goes; HEAD is told its head only, and it does not begin. */
  answer(of: Administration, asked: Asked): Promise<Answer | Stream>;
}

export const json = (status: number, value: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  // In ASCII: people print it as it is, and strangers' words are in it.
  text: `${asciiJson(value)}\n`,
});

const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  text: `${text}\n`,
});

export const failure = (status: number, error: string): Answer => json(status, { error });

const checked = (problems: readonly string[]): Answer =>
  problems.length === 0 ? plain(200, 'ok') : plain(503, problems.join('\n'));

const DONE = { done: true };

export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    open: true,
    text: 'a page to look at, for browsers',
    answer: async (of) => (await of.page.answer('index.html')) ?? failure(404, 'there is no page'),
  },
  {
    method: 'GET',
    path: '/page/*',
    open: true,
    text: 'what the page is made of',
    answer: async (of, { id }) =>
      (await of.page.answer(id)) ?? failure(404, `the page has no ${id.slice(0, 100)}`),
  },
  {
    method: 'GET',
    path: '/healthz',
    open: true,
    text: '200 while the main process and at least one that serves answer; else 503 and why',
    answer: async (of) => checked((await of.health()).problems),
  },
  {
    method: 'GET',
    path: '/readyz',
    open: true,
    text: '200 while mail can be taken; 503 and why not',
    answer: async (of) => checked((await of.readiness()).problems),
  },
  {
    method: 'GET',
    path: '/metrics',
    text: 'the metrics, for Prometheus',
    answer: async (of) => ({ status: 200, type: EXPOSITION_TYPE, text: await of.metrics() }),
  },
  {
    method: 'GET',
    path: '/sessions',
    query: ['client', 'state'],
    text: `sessions, the longest first, at most ${MOST_SESSIONS}; ?client=ADDRESS or NETWORK, ?state=STATE`,
    answer: async (of, { query }) => {
      const filter = readFilter(query);
      return typeof filter === 'string' ? failure(400, filter) : json(200, await of.sessions(filter));
    },
  },
  {
    method: 'POST',
    path: '/sessions/*/close',
    text: 'ends a session with 421',
    answer: async (of, { id }) =>
      (await of.closeSession(id))
        ? json(200, DONE)
        : failure(404, `there is no session ${id}; GET /sessions has all`),
  },
  {
    method: 'GET',
    path: '/trace',
    query: traceNames,
    text: 'the dialogue of sessions as it goes on, until the caller goes; ?client= ?from= ?to= ?id= ?new=1 ?one=1 ?format=text ?content=1',
    answer: async (of, { query }) => {
      const asked = readTrace(query);
      return typeof asked === 'string' ? failure(400, asked) : of.trace(asked.wish, asked.style);
    },
  },
  {
    method: 'GET',
    path: '/rates',
    query: ['seconds'],
    text: `what happened in each of the last seconds; ?seconds=60, at most ${MOST_SECONDS}`,
    answer: async (of, { query }) => {
      const seconds = readNumber(query, { name: 'seconds', usual: 60, most: MOST_SECONDS });
      return typeof seconds === 'string' ? failure(400, seconds) : json(200, of.live.rates.rates(seconds));
    },
  },
  {
    method: 'GET',
    path: '/transactions',
    query: ['q', 'limit'],
    text: `the last ${MOST_ROWS} transactions, the newest first; ?q=WORDS that are all in it, ?limit=100`,
    answer: async (of, { query }) => {
      const limit = readNumber(query, { name: 'limit', usual: 100, most: MOST_ROWS });
      if (typeof limit === 'string') return failure(400, limit);
      const words = readWords(query.get('q') ?? '');
      return typeof words === 'string' ? failure(400, words) : json(200, of.live.mails.find(words, limit));
    },
  },
  {
    method: 'GET',
    path: '/events',
    text: 'the same as it happens, and sessions: server-sent events, until you go',
    answer: async (of, { mayChange }) => of.events(mayChange),
  },
  {
    method: 'GET',
    path: '/info',
    text: 'version, options with where they come from, the policy, how long it runs',
    answer: async (of) => json(200, of.info()),
  },
  {
    method: 'POST',
    path: '/reload',
    text: 'reads options, certificates and policy again: 200 and what changed, or 422 and what is wrong',
    answer: async (of) => {
      const outcome = await of.reload();
      return outcome.kind === 'kept'
        ? json(422, {
            error: 'not reloaded, the old options and the old policy stay',
            problems: outcome.problems,
          })
        : json(200, {
            ...DONE,
            changed: outcome.changed,
            need_restart: outcome.needRestart,
            silent: outcome.silent,
          });
    },
  },
  {
    method: 'POST',
    path: '/drain',
    text: '/readyz says 503 at once, new connections get 421 after admin-drain-wait; sessions go on',
    answer: async (of) => json(200, { ...DONE, wait: of.drain() }),
  },
  {
    method: 'POST',
    path: '/undrain',
    text: 'ends that',
    answer: async (of) => {
      await of.undrain();
      return json(200, DONE);
    },
  },
  {
    method: 'POST',
    path: '/verbose',
    body: true,
    text: `groups of log lines for a time: {"smtp":true,"for":300}, in seconds, at most ${LONGEST_VERBOSE}`,
    answer: async (of, { body }) => {
      const wish = readVerboseWish(body);
      if (typeof wish === 'string') return failure(400, wish);
      await of.verbose(wish.words, wish.seconds);
      return json(200, DONE);
    },
  },
];

/** A number of a query, `usual` where it is not given; or what is wrong with it. */
function readNumber(
  query: URLSearchParams,
  { most, name, usual }: { readonly name: string; readonly usual: number; readonly most: number },
): number | string {
  const text = query.get(name) ?? String(usual);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= most ? value : `?${name}=${text}: expected a number from 1 to ${most}`;
}

/** The filter of GET /sessions, or what is wrong with it. */
export function readFilter(
  query: URLSearchParams,
): { readonly client?: string; readonly state?: string } | string {
  const [client, state] = [query.get('client'), query.get('state')];
  if (client !== null && readNetwork(client) === undefined) {
    return `?client=${client}: expected an address or a network such as 192.0.2.0/24`;
  }
  if (state !== null && !states.some((known) => known === state)) {
    return `?state=${state}: expected one of ${states.join(' ')}`;
  }
  return { ...(client !== null && { client }), ...(state !== null && { state }) };
}

/** What POST /verbose wants, or what would be right. */
export function readVerboseWish(
  body: unknown,
): { readonly words: string; readonly seconds: number } | string {
  const example = 'expected an object such as {"smtp":true,"for":300}';
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return example;
  const { for: seconds, ...words } = body as Readonly<Record<string, unknown>>;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_VERBOSE) {
    return `"for": expected seconds, 1 to ${LONGEST_VERBOSE}; ${example}`;
  }
  const list: string[] = [];
  for (const [word, value] of Object.entries(words)) {
    if (typeof value !== 'boolean') return `${JSON.stringify(word)}: expected true or false; ${example}`;
    const item = `${value ? '+' : '-'}${word}`;
    const bad = badVerboseWord(item);
    if (bad !== undefined) return `${JSON.stringify(word)}: ${bad}`;
    list.push(item);
  }
  return list.length === 0 ? `which groups? ${example}` : { words: list.join(' '), seconds };
}
