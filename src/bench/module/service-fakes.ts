// `t.clamd`, `t.spamd`, `t.rspamd` and `t.http`: what scanners and web servers answer, as a test writes it.
import type { LuaValue } from '../../lua-api/value.ts';
import { readUrl } from '../../uri/read-url.ts';
import type { HttpFake } from '../fakes.ts';
import type {
  ClamdAnswer,
  HttpAnswer,
  NoAnswer,
  RspamdAnswer,
  SpamdAnswer,
} from '../ports/scripted-services.ts';
import {
  checkFields,
  isFunction,
  isTable,
  numberField,
  TIMEOUT,
  textField,
  textOf,
  textsOf,
  wrong,
} from './read-table.ts';

const NO_ANSWER: NoAnswer = { kind: 'none', error: 'no answer in time' };

export function readClamd(what: string, value: LuaValue): ClamdAnswer {
  if (value === TIMEOUT) return NO_ANSWER;
  if (value === false || value === 'clean') return { kind: 'clean' };
  if (typeof value !== 'string' || value === '')
    throw wrong(what, "the name of a virus, 'clean' or t.timeout", value);
  return { kind: 'found', signature: value };
}

/** From this score on SpamAssassin calls it spam, unless it is told otherwise. */
const SPAMD_THRESHOLD = 5;
const SPAMD_FIELDS = ['score', 'threshold', 'symbols'] as const;

export function readSpamd(what: string, value: LuaValue): SpamdAnswer {
  if (value === TIMEOUT) return NO_ANSWER;
  if (typeof value === 'number') return spamdScore(value, SPAMD_THRESHOLD, []);
  if (!isTable(value))
    throw wrong(what, 'a score, { score =, threshold =, symbols = {...} } or t.timeout', value);
  checkFields(what, value, SPAMD_FIELDS);
  const symbols = value.get('symbols');
  return spamdScore(
    numberField(what, value, 'score') ?? 0,
    numberField(what, value, 'threshold') ?? SPAMD_THRESHOLD,
    symbols === undefined ? [] : textsOf(`${what}, symbols`, symbols),
  );
}

function spamdScore(score: number, threshold: number, symbols: readonly string[]): SpamdAnswer {
  return { kind: 'score', score, threshold, isSpam: score >= threshold, symbols };
}

/** Of rspamd's own configuration: the score that is refused. */
const RSPAMD_REQUIRED = 15;
const RSPAMD_FIELDS = ['score', 'required', 'action', 'symbols', 'message'] as const;

/** What rspamd does by its own configuration. */
function usualAction(score: number, required: number): string {
  if (score >= required) return 'reject';
  if (score >= 6) return 'add header';
  return score >= 4 ? 'greylist' : 'no action';
}

export function readRspamd(what: string, value: LuaValue): RspamdAnswer {
  if (value === TIMEOUT) return NO_ANSWER;
  const expected =
    'a score, { score =, required =, action =, symbols = { NAME = score }, message = } or t.timeout';
  if (typeof value !== 'number' && !isTable(value)) throw wrong(what, expected, value);
  const table = isTable(value) ? value : new Map<LuaValue, LuaValue>([['score', value]]);
  checkFields(what, table, RSPAMD_FIELDS);
  const score = numberField(what, table, 'score') ?? 0;
  const required = numberField(what, table, 'required') ?? RSPAMD_REQUIRED;
  const symbols = table.get('symbols');
  if (symbols !== undefined && !isTable(symbols))
    throw wrong(`${what}, symbols`, '{ NAME = score }', symbols);
  return {
    ...{ kind: 'score', score, required, message: textField(what, table, 'message') },
    action: textField(what, table, 'action') ?? usualAction(score, required),
    symbols: [...(symbols ?? [])].map(([name, its]) => {
      if (typeof name !== 'string' || typeof its !== 'number')
        throw wrong(`${what}, symbols`, '{ NAME = score }', its);
      return { name, score: its, description: undefined, options: [] };
    }),
  };
}

const HTTP_FIELDS = ['code', 'body', 'headers'] as const;

/** What a web server answers: a code, a body with code 200, or both. */
export function readHttpAnswer(what: string, value: LuaValue): HttpAnswer {
  if (value === TIMEOUT) return NO_ANSWER;
  const answer = { kind: 'answer', code: 200, headers: [], body: '' } as const;
  if (typeof value === 'number') return { ...answer, code: codeOf(what, value) };
  if (typeof value === 'string') return { ...answer, body: value };
  if (!isTable(value))
    throw wrong(what, 'a code, a body, { code =, body =, headers = {...} }, t.timeout or a function', value);
  checkFields(what, value, HTTP_FIELDS);
  const headers = value.get('headers');
  if (headers !== undefined && !isTable(headers))
    throw wrong(`${what}, headers`, "{ ['Content-Type'] = '...' }", headers);
  return {
    kind: 'answer',
    code: codeOf(what, numberField(what, value, 'code') ?? 200),
    body: textField(what, value, 'body') ?? '',
    headers: [...(headers ?? [])].map(([name, its]) => [textOf(name) ?? '', textOf(its) ?? ''] as const),
  };
}

function codeOf(what: string, code: number): number {
  if (!Number.isInteger(code) || code < 100 || code > 599) throw wrong(what, 'a code from 100 to 599', code);
  return code;
}

export function readHttp(what: string, value: LuaValue): HttpFake {
  return isFunction(value) ? { kind: 'function', ref: value } : readHttpAnswer(what, value);
}

/** `METHOD URL` or `URL` as it is looked for. */
export function readHttpKey(key: LuaValue): string {
  const [, method, url = ''] = typeof key === 'string' ? (/^(?:([A-Za-z]+)\s+)?(\S+)$/.exec(key) ?? []) : [];
  const expected = "'POST http://127.0.0.1:8080/auth', or the URL alone for any method";
  const read = /^https?:\/\/[^/]/i.test(url) ? readUrl(url) : undefined;
  if (read === undefined) throw wrong('t.http', expected, key);
  const { origin, pathname, search } = read;
  return `${method === undefined ? '' : `${method.toUpperCase()} `}${origin}${pathname}${search}`;
}
