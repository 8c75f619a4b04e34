// The file of a recorded session: lines of JSON in ASCII. The first says what it is, then comes what a follower of the session would have seen, entry by
// entry, with the answers that the policy got and, where that was wanted, the content of its messages; the last one says that it is whole. Pure.
//
// It never has a password in it: entries have none (observe/trace/recorder).
import { asciiJson } from '../../text/printable.ts';
import type { TraceEntry, TraceFact } from '../trace/entry.ts';
import { Ladder } from '../trace/ladder.ts';

/** Of the form of the file; one that cannot be read by this program has a higher one. */
export const FORMAT = 1;

export interface RecordingHead {
  /** FORMAT of the program that has written it. */
  readonly format: number;
  /** Of smtpe. */
  readonly version: string;
  readonly session: string;
  readonly client: string;
  /** When it began, milliseconds since the Epoch. */
  readonly began: number;
  /** The policy, as option script has it. */
  readonly script: string;
}

export interface Recording extends RecordingHead {
  readonly entries: readonly TraceEntry[];
  /** What was left out, as there was more than recordings keep: octets. */
  readonly omitted: number;
}

export type ReadRecording =
  | { readonly kind: 'recording'; readonly recording: Recording }
  /** It has no end, or a line that is none: what came before that. */
  | { readonly kind: 'cut'; readonly recording: Recording; readonly problem: string }
  | { readonly kind: 'unusable'; readonly problem: string };

const NAME = 'smtpe-recording';

/** Whether a file that begins so is one. */
export const isRecording = (text: string): boolean => text.startsWith(`{"${NAME}":`);

export function headLine({ format, ...head }: RecordingHead): string {
  return `${asciiJson({ [NAME]: format, ...head })}\n`;
}

export const entryLine = (entry: TraceEntry): string => `${asciiJson(entry)}\n`;

export const endLine = (omitted: number): string => `${asciiJson({ kind: 'whole', omitted })}\n`;

type Json = Readonly<Record<string, unknown>>;

function jsonOf(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
/** The furthest that a Date goes. */
const MOST_TIME = 8_640_000_000_000_000;

/** Texts that an entry must have. */
const texts: Readonly<Record<TraceFact['kind'], readonly string[]>> = {
  connect: ['client'],
  joined: ['client'],
  tls: ['version', 'cipher'],
  xclient: ['client', 'host'],
  client: ['line'],
  content: ['head', 'end'],
  server: ['reply'],
  written: ['text'],
  hook: ['hook', 'args', 'place'],
  'hook-end': ['hook', 'result'],
  'hook-lines': ['hook', 'result'],
  wait: ['for', 'what', 'place'],
  'wait-end': ['for', 'outcome'],
  dns: ['question', 'outcome'],
  service: ['service', 'host', 'outcome'],
  header: ['call', 'change'],
  store: ['call', 'result'],
  'next-hop': ['way', 'peer', 'line'],
  message: ['transaction', 'cause'],
  end: ['cause'],
  piece: ['octets'],
  answer: ['of', 'key', 'answer'],
  note: ['text'],
  lost: [],
};

/** It can be shown: all that it needs is there. */
function isEntry(value: Json | undefined): value is Json & TraceEntry {
  if (value === undefined || typeof value.at !== 'number' || typeof value.session !== 'string') return false;
  const kind = textOf(value.kind);
  const needed = Object.hasOwn(texts, kind) ? texts[kind as TraceFact['kind']] : undefined;
  if (needed?.every((name) => typeof value[name] === 'string') !== true) return false;
  try {
    new Ladder().lines(value as unknown as TraceEntry);
    return true;
  } catch {
    return false;
  }
}

/** Reads all of a file. */
export function readRecording(text: string): ReadRecording {
  const lines = text.split('\n');
  const head = isRecording(text) ? jsonOf(lines[0] ?? '') : undefined;
  if (head === undefined)
    return {
      kind: 'unusable',
      problem: isRecording(text) ? 'it is a recording that ends in its first line' : 'it is no recording',
    };
  const format = numberOf(head[NAME]);
  if (format !== FORMAT)
    return {
      kind: 'unusable',
      problem: `it is a recording of another form (${format}, of smtpe ${textOf(head.version) || '?'}); this program reads form ${FORMAT}`,
    };
  const entries: TraceEntry[] = [];
  const recording = {
    ...{ format, version: textOf(head.version), session: textOf(head.session), client: textOf(head.client) },
    ...{
      began: Math.min(Math.abs(numberOf(head.began)), MOST_TIME),
      script: textOf(head.script),
      entries,
      omitted: 0,
    },
  };
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const value = jsonOf(line);
    if (value?.kind === 'whole')
      return { kind: 'recording', recording: { ...recording, omitted: numberOf(value.omitted) } };
    if (!isEntry(value))
      return {
        kind: 'cut',
        recording,
        problem: line === '' ? `it ends behind line ${i}` : `line ${i + 1} is no entry of a recording`,
      };
    entries.push(value);
  }
  return { kind: 'cut', recording, problem: `it ends behind line ${lines.length}` };
}
