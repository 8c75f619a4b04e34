// Plays a recorded session once more, to a policy that may be another one, and says what was answered otherwise. Pure but for the case that it is given: what
// a client says is said line by line, each after the reply to the one before.
import type { Recording } from '../../observe/record/format.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { Step } from './played-file.ts';

/**
 * What the client says; or why the recording has not all that is needed. `end`: how many entries of the recording they are about, where the content of a
 * message is not in it: what comes behind can be neither said nor compared. Undefined: all.
 */
export type Steps =
  | {
      readonly kind: 'steps';
      readonly steps: readonly Step[];
      readonly tls: boolean;
      readonly end: number | undefined;
    }
  | { readonly kind: 'unplayable'; readonly cause: string };

/** Octets of the content of one message, or of a chunk. */
interface Content {
  readonly octets: number;
  readonly end: string;
  readonly text: string;
}

function contentsOf(entries: readonly TraceEntry[]): readonly Content[] {
  const contents: Content[] = [];
  let text = '';
  for (const entry of entries) {
    if (entry.kind === 'piece') text += entry.octets;
    if (entry.kind !== 'content') continue;
    contents.push({ octets: entry.octets, end: entry.end, text });
    text = '';
  }
  return contents;
}

/** What the client of the recording has said. */
export function stepsOf({ entries }: Recording): Steps {
  const unplayable = (cause: string): Steps => ({ kind: 'unplayable', cause });
  const contents = [...contentsOf(entries)];
  const steps: Step[] = [];
  let tls = false;
  for (const [i, entry] of entries.entries()) {
    if (entry.kind === 'joined') return unplayable('its beginning was not recorded');
    if (entry.kind === 'tls') tls = true;
    if (entry.kind !== 'client') continue;
    const { line } = entry;
    if (/^AUTH\b/i.test(line)) {
      // One that was refused has changed nothing: it is left out.
      if (/^[45]/.test(replyBehind(entries, i))) continue;
      return unplayable('a password is in no recording (AUTH)');
    }
    if (line === '(too long)') return unplayable('a line of it was too long');
    if (/^STARTTLS\b/i.test(line) && entries.slice(i).some(({ kind }) => kind === 'tls')) continue;
    const isData = /^DATA\s*$/i.test(line) && replyBehind(entries, i).startsWith('354');
    const size = Number(/^BDAT +(\d+)/i.exec(line)?.[1] ?? 0);
    const content = isData || size > 0 ? contents.shift() : undefined;
    const step = content && contentStep(content, isData);
    const isLost = step === undefined && (isData || size > 0);
    // A chunk is answered with its octets, DATA before them.
    if (isLost && !isData) return { kind: 'steps', steps, tls, end: i };
    steps.push({ kind: 'line', text: line });
    if (isLost) return { kind: 'steps', steps, tls, end: behindReply(entries, i) };
    if (step !== undefined) steps.push(step);
  }
  return { kind: 'steps', steps, tls, end: undefined };
}

function contentStep({ end, octets, text }: Content, isData: boolean): Step | undefined {
  const isCut = end === 'incomplete';
  // Of a chunk that nobody wanted there is only its length.
  if (!isData && end === 'discarded') return { kind: 'octets', text: 'x'.repeat(octets) };
  if (!isData)
    return text.length < octets
      ? undefined
      : { kind: isCut ? 'begun' : 'octets', text: text.slice(0, octets) };
  if (end !== 'dot') return text.length < octets ? undefined : { kind: 'cut', text };
  return text.length < octets + 3 ? undefined : { kind: 'content', text: text.slice(0, octets) };
}

/** The next reply behind an entry. */
function replyBehind(entries: readonly TraceEntry[], at: number): string {
  for (const entry of entries.slice(at)) if (entry.kind === 'server') return entry.reply;
  return '';
}

/** Where what comes behind that reply begins. */
function behindReply(entries: readonly TraceEntry[], at: number): number {
  const reply = entries.findIndex(({ kind }, i) => i > at && kind === 'server');
  return reply < 0 ? entries.length : reply + 1;
}

/** What the client heard, and what became of its mail. */
export interface Heard {
  /** Replies by what they were to: `MAIL`, `RCPT`, `the dot`. */
  readonly replies: readonly { readonly to: string; readonly reply: string }[];
  /** Changes of headers, and the envelopes that went on. */
  readonly deeds: readonly string[];
}

const plain = (text: string): string => text.trimEnd().replaceAll(/\b[0-9][0-9A-Za-z]{17}\b/g, 'ID');

/** Without parameters: those are what a next hop offers. */
const ENVELOPE = /^(?:MAIL|RCPT) [A-Z]+:<[^>\r\n]*>/gim;

/** `withHops`: what next hops were told counts. */
export function heardOf(entries: readonly TraceEntry[], withHops = true): Heard {
  const replies: { to: string; reply: string }[] = [];
  const deeds: string[] = [];
  /** Of the message in hand. */
  const told = new Set<string>();
  let to = 'the connection';
  // What a server says unasked, as that it closes an idle connection, no policy has decided.
  let isAsked = true;
  for (const entry of entries) {
    switch (entry.kind) {
      case 'client':
        isAsked = true;
        to = /^[A-Za-z]+/.exec(entry.line)?.[0].toUpperCase() ?? 'a line';
        break;
      case 'content':
        to = 'the dot';
        isAsked = entry.end !== 'incomplete';
        break;
      case 'server':
        // TLS is there from the beginning, and log-ins are not played.
        if (to !== 'STARTTLS' && to !== 'AUTH' && (isAsked || !entry.reply.startsWith('421')))
          replies.push({ to, reply: plain(entry.reply) });
        isAsked = false;
        break;
      case 'header':
        deeds.push(`${entry.call} ${plain(entry.change)}`);
        break;
      case 'next-hop':
        // It may be sent behind RSET, and for one message again: on another connection, or with what the content needs.
        if (withHops && entry.way === 'sent')
          for (const [path] of entry.line.matchAll(ENVELOPE)) {
            if (!told.has(path)) deeds.push(`next hop: ${plain(path)}`);
            told.add(path);
          }
        if (entry.line.includes('final dot')) told.clear();
        break;
      default:
    }
  }
  return { replies, deeds };
}

/** Codes of a reply; of one that says no its words too, as those of a yes are of the server. */
function gist(reply: string): string {
  const [first = ''] = reply.split(/\r?\n/);
  const code = first.slice(0, 3);
  return /^[45]/.test(code) ? first.replace(/^(\d{3})-/, '$1 ') : code;
}

/** The first thing that is otherwise. */
export interface Difference {
  /** What it was said to: `MAIL`, `the dot`; or `header.add`, `next hop` where all replies are the same. */
  readonly step: string;
  readonly isReply: boolean;
  /** What was, and what would be; `nothing`. */
  readonly before: string;
  readonly now: string;
}

/** Undefined: nothing is. */
export function differenceOf(before: Heard, now: Heard): Difference | undefined {
  const count = Math.max(before.replies.length, now.replies.length);
  for (let i = 0; i < count; i++) {
    const [was, is] = [before.replies[i], now.replies[i]];
    const [old, fresh] = [was && gist(was.reply), is && gist(is.reply)];
    if (old !== fresh)
      return {
        ...{ step: was?.to ?? is?.to ?? '', isReply: true },
        ...{ before: old ?? 'nothing', now: fresh ?? 'nothing' },
      };
  }
  const most = Math.max(before.deeds.length, now.deeds.length);
  for (let i = 0; i < most; i++) {
    const [was, is] = [before.deeds[i], now.deeds[i]];
    if (was === is) continue;
    const step = /^[\w.]+(?: hop)?/.exec(was ?? is ?? '')?.[0] ?? '';
    return { step, isReply: false, before: was ?? 'nothing', now: is ?? 'nothing' };
  }
  return undefined;
}

/** In words that many sessions may have in common. */
export const differenceText = ({ before, isReply, now, step }: Difference): string =>
  isReply ? `${step}: ${before} -> ${now}` : `same replies; ${before} -> ${now}`;
