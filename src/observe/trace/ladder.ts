// The text form of a traced session for people: one line for each entry, times on the left, what belongs to a hook indented below it. Pure: entries
// in, text out, whether they come from a live session, one by one, or from the bench, all at once:
//
//   process.stdout.write(ladder(entries));
//   for (const line of new Ladder().lines(entry)) ...
//
// Nothing but printable ASCII comes out: a stranger's escape sequences reach no terminal.
import { printable } from '../../text/printable.ts';
import type { TraceEntry, TraceTotals } from './entry.ts';

/** Columns of what stands on the right: where in the policy, how long. */
const RIGHT = 76;
/** Characters of a text in one line. */
const LONGEST = 400;
const NO_TIME = ' '.repeat(7);

export interface LadderStyle {
  /** The beginning of each message is shown too. */
  readonly content?: boolean;
  /** The id of the session stands in front of each line: for several at once. */
  readonly ids?: boolean;
  /** Of a clock that stands still until somebody moves it: no time is shown that is 0. */
  readonly still?: boolean;
}

export class Ladder {
  readonly #style: LadderStyle;
  /** Sessions that have said their unit, and are not over. */
  readonly #begun = new Set<string>();

  constructor(style: LadderStyle = {}) {
    this.#style = style;
  }

  /** Without line ends. */
  lines(entry: TraceEntry): readonly string[] {
    const { ids } = this.#style;
    const drawn = this.#draw(entry);
    return ids === true ? drawn.map((line) => `${shown(entry.session)} ${line}`) : drawn;
  }

  #draw(entry: TraceEntry): readonly string[] {
    const { still = false } = this.#style;
    const timeless = (value: number): boolean => still && value === 0;
    const ms = (value: number): string => (timeless(value) ? '' : msText(value));
    const at = timeless(entry.at) ? NO_TIME : entry.at.toFixed(1).padStart(7);
    const first = !this.#begun.has(entry.session) && !still;
    // Who looks on for days sees millions of them.
    if (entry.kind === 'end') this.#begun.delete(entry.session);
    else if (entry.kind !== 'note') this.#begun.add(entry.session);
    const outside = (text: string, right = ''): string =>
      sides(`${at}${first ? ' ms' : ''}  ${shown(text)}`, right);
    const step = (text: string, right = ''): string => sides(`${at}     ${shown(text)}`, right);
    const within = (text: string, right = ''): string => sides(`${NO_TIME}       ${shown(text)}`, right);
    switch (entry.kind) {
      case 'connect': {
        const where = entry.listener === undefined ? '' : ` at ${entry.listener}`;
        return [outside(`connect ${entry.client}${where}`)];
      }
      case 'joined':
        return [outside(`session of ${entry.client}, which was there before`)];
      case 'tls':
        return [
          outside(`${entry.version} ${entry.cipher}${entry.name === undefined ? '' : ` for ${entry.name}`}`),
        ];
      case 'xclient':
        return [outside(`client is ${entry.client} ${entry.host}`)];
      case 'client':
        return [outside(`C: ${entry.line}`)];
      case 'content':
        return [outside(contentText(entry)), ...this.#content(entry.head)];
      case 'server':
        return replyLines(entry.reply).map((line, i) =>
          i === 0 ? outside(`S: ${line}`) : `${NO_TIME}  S: ${shown(line)}`,
        );
      case 'written':
        return replyLines(entry.text).map((line) => outside(`S: ${line}`, 'client.write'));
      case 'hook':
        return [
          step(
            entry.script === undefined
              ? `hook.${entry.hook}(${entry.args})`
              : `${entry.script}: ${entry.hook}(${entry.args})`,
            placeText(entry.place),
          ),
        ];
      case 'hook-end': {
        const lua = ms(Math.max(0, entry.ms - entry.waited));
        const times = [
          ...(lua === '' ? [] : [`${lua} Lua`]),
          ...(entry.waited > 0 ? [`${ms(entry.waited)} waiting`] : []),
        ];
        const right = both(placeText(entry.line ?? ''), times.join(', '));
        return replyLines(entry.result).map((line, i) =>
          i === 0 ? sides(`${at}       -> ${shown(line)}`, right) : within(`   ${line}`),
        );
      }
      case 'hook-lines': {
        const result = entry.result === '' ? '' : ` -> ${entry.result}`;
        return [step(`hook.${entry.hook}, ${times(entry.calls)}${result}`, ms(entry.ms))];
      }
      case 'wait':
        return [
          sides(
            `${at}${' '.repeat(entry.inHook ? 7 : 5)}${shown(`waits: ${entry.what}`)}`,
            placeText(entry.place),
          ),
        ];
      case 'wait-end':
        return [
          sides(
            `${at}${' '.repeat(entry.inHook ? 7 : 5)}${shown(entry.outcome === '' ? '-> goes on' : `-> ${oneLine(entry.outcome)}`)}`,
            ms(entry.ms),
          ),
        ];
      case 'dns':
        return [within(`dns ${entry.question}  ${oneLine(entry.outcome)}`, timed(entry, ms))];
      case 'service': {
        const { host, outcome, service } = entry;
        return [within(`${service} ${host}  ${oneLine(outcome)}`, timed(entry, ms))];
      }
      case 'header':
        return replyLines(entry.change).map((line, i) =>
          i === 0 ? within(`${entry.call} ${line}`, placeText(entry.line ?? '')) : within(`  ${line}`),
        );
      case 'store':
        return [within(`${entry.call}  ${entry.result}`, timed(entry, ms))];
      case 'next-hop':
        return nextHopLines(entry).map((line) => step(line));
      case 'message':
        return timeless(entry.total) ? [] : [outside(totalText('total', entry.total, entry.totals))];
      case 'end': {
        const end = outside(`end: ${entry.cause}`);
        return timeless(entry.total)
          ? [end]
          : [end, `${NO_TIME}  ${totalText('all', entry.total, entry.totals)}`];
      }
      case 'piece':
      case 'answer':
        return [];
      case 'note':
        return [`${at}  (${shown(entry.text)})`];
      case 'lost':
        return [`${NO_TIME}  (${entry.entries} entries are lost: they were not read in time)`];
    }
  }

  #content(head: string): readonly string[] {
    if (this.#style.content !== true || head === '') return [];
    return replyLines(head).map((line) => `${NO_TIME}     | ${shown(line)}`.trimEnd());
  }
}

/** All entries as one text. */
export function ladder(entries: readonly TraceEntry[], style: LadderStyle = {}): string {
  const drawer = new Ladder({ ids: new Set(entries.map(({ session }) => session)).size > 1, ...style });
  return entries
    .flatMap((entry) => drawer.lines(entry))
    .map((line) => `${line}\n`)
    .join('');
}

const sides = (left: string, right: string): string =>
  right === '' ? left.trimEnd() : `${left.padEnd(RIGHT - 2)}  ${right}`;

const shown = (text: string): string =>
  printable(text.length > LONGEST ? `${text.slice(0, LONGEST)}...(+${text.length - LONGEST})` : text);
/** The directory says nothing new. */
const placeText = (place: string): string => printable(place.replace(/^.*\//, ''));
const msText = (value: number): string => `${value.toFixed(1)} ms`;
/** What stands on the right. */
const both = (place: string, time: string): string => [place, time].filter((text) => text !== '').join('  ');
const timed = (
  { line = '', ms }: { readonly line?: string; readonly ms: number },
  text: (value: number) => string,
): string => both(placeText(line), text(ms));
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const oneLine = (text: string): string => text.trimEnd().replace(/\r?\n/g, ' | ');
const replyLines = (text: string): readonly string[] => text.trimEnd().split(/\r?\n/);

function contentText({ end, octets }: { readonly end: string; readonly octets: number }): string {
  const size = `${octets} octets of content`;
  switch (end) {
    case 'dot':
      return `C: .  ${size}`;
    case 'discarded':
      return `C: (${size}, which are thrown away)`;
    case 'incomplete':
      return `C: (${size}, and no end)`;
    default:
      return `C: (${size}, ${end})`;
  }
}

const arrows = { connects: 'connects to', sent: '>', said: '<', fails: 'fails:' } as const;

function nextHopLines(entry: Extract<TraceEntry, { kind: 'next-hop' }>): readonly string[] {
  const { line, peer, way } = entry;
  return replyLines(line).map((text) => `next hop ${peer} ${arrows[way]} ${text}`);
}

const words: Readonly<Record<string, string>> = { dns: 'DNS' };

function totalText(what: string, total: number, totals: TraceTotals): string {
  const parts = Object.entries(totals)
    .filter(([, value]) => value >= 0.5)
    .map(([name, value]) => `${words[name] ?? name} ${Math.round(value)}`);
  return `${what} ${Math.round(total)} ms${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
