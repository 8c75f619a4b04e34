// The recorded dialogues of the original (vectors/transcripts.json) and how they are replayed: the server runs in this process, the policy is
// real Lua, next hops are scripted. What is compared: replies, order of hooks with their arguments, what next hops received.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Bytes = string | { readonly base64: string };

export interface Step {
  readonly connect?: boolean;
  readonly from?: string;
  readonly send?: Bytes;
  readonly sleep?: number;
  readonly expect?: string;
  readonly expect_nothing?: boolean;
  readonly expect_close?: boolean;
  readonly client_shutdown_write?: boolean;
}

export type Logged =
  | null
  | boolean
  | number
  | string
  | readonly Logged[]
  | { readonly [key: string]: Logged };
export type LogEntry = readonly [string, ...Logged[]];

export type SinkEvent = { readonly send?: string; readonly recv?: string; readonly recv_data?: Bytes };

export interface Transcript {
  readonly name: string;
  readonly options: readonly string[];
  readonly policy: string;
  readonly steps: readonly Step[];
  readonly hook_log: readonly LogEntry[];
  readonly quirk?: readonly string[];
  readonly sinks?: readonly (Readonly<Record<string, string | readonly string[] | null>> | 'refused')[];
  readonly sink_log?: readonly (readonly (readonly SinkEvent[])[])[];
  readonly server_log?: readonly string[];
  readonly original_crashes_after?: number;
  /** Ours: hooks that are not compared. */
  readonly ignored_hooks?: readonly string[];
  /** Ours: what happens depends on how the bytes arrive, so they are sent as recorded only. */
  readonly as_recorded?: boolean;
  /** Ours: the policy must not even load. */
  readonly load_fails?: RegExp;
}

interface TranscriptFile {
  readonly prelude: string;
  readonly cases: readonly Transcript[];
}

const path = join(import.meta.dirname, '../vectors/transcripts.json');

export function readTranscripts(): TranscriptFile {
  return JSON.parse(readFileSync(path, 'utf8').replace(/\$\{(\w+)\}/g, '{{$1}}')) as TranscriptFile;
}

/** A byte string as latin1; a plain string of the file is UTF-8 text. */
export function octets(bytes: Bytes): string {
  return typeof bytes === 'string'
    ? Buffer.from(bytes, 'utf8').toString('latin1')
    : Buffer.from(bytes.base64, 'base64').toString('latin1');
}

/** A value of the hook log with all its strings as octets. */
export function plainLogged(value: Logged): Logged {
  if (typeof value === 'string') return octets(value);
  if (Array.isArray(value)) return value.map(plainLogged);
  if (typeof value === 'object' && value !== null) {
    const record = value as Readonly<Record<string, Logged>>;
    if (typeof record.base64 === 'string' && Object.keys(record).length === 1) {
      return octets({ base64: record.base64 });
    }
    return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, plainLogged(item)]));
  }
  return value;
}

/** `{{NAME}}`; `${NAME}` in the file. */
const PLACEHOLDER = /\{\{(\w+)\}\}|<line>/g;
const SHAPES: Readonly<Record<string, string>> = {
  ID_SESS: '[0-9A-Za-z]{16}00',
  ID_TRANS: '[0-9A-Za-z]{18}',
  CLIENT_PORT: '\\d+',
  E: 'E\\d{3}',
  ANY: '.*',
};

/** What placeholders stand for; ids are learnt when they are first seen. */
export class Bindings {
  readonly #known: Map<string, string>;

  constructor(known: Readonly<Record<string, string>>) {
    this.#known = new Map(Object.entries(known));
  }

  /** The expected text with what is known filled in, for messages. */
  fill(expected: string): string {
    return expected.replace(PLACEHOLDER, (whole, name: string) => this.#known.get(name) ?? whole);
  }

  matches(expected: string, actual: string): boolean {
    const learnt: string[] = [];
    let pattern = '';
    let at = 0;
    for (const match of expected.matchAll(PLACEHOLDER)) {
      pattern += literal(expected.slice(at, match.index));
      at = match.index + match[0].length;
      pattern += this.#pattern(match[1], learnt);
    }
    const found = new RegExp(`^${pattern}${literal(expected.slice(at))}$`, 's').exec(actual);
    if (found === null) return false;
    learnt.forEach((name, i) => {
      this.#known.set(name, found[i + 1] ?? '');
    });
    return true;
  }

  matchesLogged(expected: Logged, actual: Logged): boolean {
    if (expected === '{{ANY}}') return true;
    if (typeof expected === 'string') return typeof actual === 'string' && this.matches(expected, actual);
    if (Array.isArray(expected)) {
      return (
        Array.isArray(actual) &&
        expected.length === actual.length &&
        expected.every((item, i) => this.matchesLogged(item, actual[i] as Logged))
      );
    }
    return JSON.stringify(expected) === JSON.stringify(actual);
  }

  #pattern(name: string | undefined, learnt: string[]): string {
    if (name === undefined) return '\\d+';
    const known = this.#known.get(name);
    if (known !== undefined) return literal(known);
    const shape = SHAPES[name.replace(/\d+$/, '')];
    if (shape === undefined) throw new Error(`unknown placeholder ${name}`);
    if (name === 'E' || name === 'ANY') return shape;
    const before = learnt.indexOf(name);
    if (before >= 0) return `\\${before + 1}`;
    learnt.push(name);
    return `(${shape})`;
  }
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** How many complete replies a text has. */
export function countReplies(text: string): number {
  return text.split('\n').filter((line) => /^\d{3}(?: .*)?\r$/s.test(line)).length;
}
