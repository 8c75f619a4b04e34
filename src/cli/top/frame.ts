// One picture of `smtpe top`: what the administration has said, as lines for a terminal of this size. Pure. Strangers' words are in it: nothing but
// printable ASCII comes out, and no line is longer than the terminal is wide.
import type { Quantiles } from '../../observe/live/latency.ts';
import type { SessionRow } from '../../ops/desk.ts';
import { printable } from '../../text/printable.ts';
import { duration, waitsText } from '../admin-text.ts';

type Numbers = Readonly<Record<string, number>>;
type Latencies = Readonly<Record<string, Quantiles>>;

/** What GET /rates says of a second. */
export interface TopSecond {
  readonly connections: number;
  readonly turned_away: number;
  readonly accepted: number;
  readonly refused: number;
  readonly deferred: number;
  readonly lost: number;
  readonly bytes: number;
  readonly refused_by: Numbers;
  readonly deferred_by: Numbers;
}

export interface TopFacts {
  readonly version: string;
  /** Seconds. */
  readonly uptime: number;
  readonly processes: number;
  readonly draining: boolean;
  /** Whole seconds, one behind the other. */
  readonly seconds: readonly TopSecond[];
  readonly hooks: Latencies;
  readonly nextHops: Latencies;
  /** The longest first. */
  readonly sessions: readonly SessionRow[];
  readonly total: number;
  /** Processes that do not answer. */
  readonly silent: readonly number[];
}

export interface TopView {
  /** Of a session; the first when it is none of those that are shown. */
  readonly selected: string | undefined;
  /** Sessions with this in their client, name, hello, sender, state, or in what they wait for. */
  readonly filter: string;
  /** What stands on the last line in place of the keys. */
  readonly prompt?: string;
}

export interface TopFrame {
  readonly lines: readonly string[];
  /** Which of them is the selected session's; -1: none. */
  readonly marked: number;
  readonly selected: SessionRow | undefined;
}

export const KEYS = 'up, down: choose   enter: trace   k: end it with 421   /: filter   q: quit';

/** The sessions that the filter leaves. */
export function filtered(sessions: readonly SessionRow[], filter: string): readonly SessionRow[] {
  if (filter === '') return sessions;
  const wanted = filter.toLowerCase();
  return sessions.filter(({ client, hello, host, id, sender = '', state, waits }) =>
    [client, hello, host, id, sender, state, ...waits.map(({ what }) => what)].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  );
}

/** `rows` 0: as many lines as there are. */
export function topFrame(facts: TopFacts, view: TopView, columns: number, rows: number): TopFrame {
  const head = headLines(facts);
  const sessions = filtered(facts.sessions, view.filter);
  const room = rows === 0 ? sessions.length : Math.max(1, rows - head.length - 2);
  const at = Math.max(
    0,
    sessions.findIndex(({ id }) => id === view.selected),
  );
  const first = Math.max(0, Math.min(at - room + 1, sessions.length - room));
  const shown = sessions.slice(first, first + room);
  const table = tableLines(shown);
  const foot = rows === 0 ? [] : [view.prompt ?? footText(facts, view, sessions.length)];
  const lines = [...head, ...table, ...foot].map((line) => cut(printable(line), columns));
  const marked = shown.length === 0 ? -1 : head.length + 1 + at - first;
  return { lines, marked, selected: sessions[at] };
}

const cut = (line: string, columns: number): string =>
  columns > 0 && line.length > columns ? line.slice(0, columns) : line;

function footText({ sessions, total }: TopFacts, { filter }: TopView, left: number): string {
  const found = filter === '' ? '' : `/${filter}: ${left} of ${sessions.length}   `;
  const more = total > sessions.length ? `${total - sessions.length} more sessions   ` : '';
  return `${found}${more}${KEYS}`;
}

function headLines(facts: TopFacts): readonly string[] {
  const { draining, hooks, nextHops, processes, seconds, silent, uptime, version } = facts;
  const count = seconds.length;
  const perSecond = (of: (second: TopSecond) => number): string =>
    rate(count === 0 ? 0 : seconds.reduce((sum, second) => sum + of(second), 0) / count);
  return [
    [
      `smtpe ${version}  up ${duration(uptime)}  processes ${processes}  ${statesText(facts)}`,
      ...(draining ? ['DRAINING'] : []),
      ...(silent.length > 0 ? [`silent: process ${silent.join(' ')}`] : []),
    ].join('  '),
    `in ${perSecond((s) => s.connections)}  turned away ${perSecond((s) => s.turned_away)}  accepted ${perSecond((s) => s.accepted)}  ` +
      `refused ${perSecond((s) => s.refused)}  deferred ${perSecond((s) => s.deferred)}  lost ${perSecond((s) => s.lost)}  ` +
      `${perSecond((s) => s.bytes / 1000).replace('/s', ' kB/s')}  (${count} s)`,
    `hooks      ${latenciesText(hooks)}`,
    `next hops  ${latenciesText(nextHops)}`,
    `refused    ${countsText(seconds.map((second) => second.refused_by))}`,
    `deferred   ${countsText(seconds.map((second) => second.deferred_by))}`,
  ];
}

function statesText({ sessions, total }: TopFacts): string {
  const states = new Map<string, number>();
  for (const { state } of sessions) states.set(state, (states.get(state) ?? 0) + 1);
  const parts = [...states].toSorted(([, a], [, b]) => b - a).map(([state, count]) => `${count} ${state}`);
  return `sessions ${total}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

const rate = (value: number): string => `${value >= 10 ? Math.round(value) : value.toFixed(1)}/s`;

function milliseconds(seconds: number): string {
  const ms = seconds * 1000;
  return ms >= 10 ? String(Math.round(ms)) : ms.toFixed(1);
}

/** Names in one line. */
const MOST_NAMES = 8;

function latenciesText(all: Latencies): string {
  const busiest = Object.entries(all).toSorted(([, a], [, b]) => b.count - a.count);
  const parts = busiest
    .slice(0, MOST_NAMES)
    .map(([name, { p50, p95 }]) => `${name} ${milliseconds(p50)} ms (95 %: ${milliseconds(p95)})`);
  return parts.length === 0 ? '-' : parts.join('  ');
}

function countsText(all: readonly Numbers[]): string {
  const sums = new Map<string, number>();
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
  const parts = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, MOST_NAMES);
  return parts.length === 0 ? '-' : parts.map(([name, count]) => `${name} ${count}`).join(' | ');
}

function envelopeText({ recipients = 0, sender }: SessionRow): string {
  if (sender === undefined) return '';
  return `<${sender}> -> ${recipients}`;
}

const columnsOf: readonly (readonly [string, number, (row: SessionRow) => string])[] = [
  ['CLIENT', 39, ({ client }) => client],
  ['HOST', 24, ({ host }) => host],
  ['STATE', 11, ({ state }) => state],
  ['WAITS FOR', 48, waitsText],
  ['AGE', 10, ({ seconds }) => duration(seconds)],
  ['TLS', 7, ({ tls }) => tls ?? '-'],
  ['MAILS', 5, ({ messages }) => String(messages)],
  ['HELLO', 24, ({ hello }) => hello],
  ['FROM -> RECIPIENTS', 60, envelopeText],
];

function tableLines(rows: readonly SessionRow[]): readonly string[] {
  const table = [
    columnsOf.map(([name]) => name),
    ...rows.map((row) =>
      columnsOf.map(([, widest, of]) => {
        const text = printable(of(row));
        return text.length > widest ? `${text.slice(0, widest - 1)}~` : text;
      }),
    ),
  ];
  const widths = columnsOf.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  return table.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
