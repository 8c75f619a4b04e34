// What the administration interface has said, as text for people. Strangers' words are in it (hello, sender, names): octets that are no printable
// ASCII never reach a terminal as they are. Pure.
import type { SessionRow } from '../ops/desk.ts';
import { printable } from '../text/printable.ts';

/** A text for the terminal. */
export const shown = printable;

/** `3 d 4 h`, `5 min`, `7 s`: the two largest units. */
export function duration(seconds: number): string {
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', Math.floor(seconds) % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ');
}

export interface StatusFacts {
  readonly version: string;
  readonly pid: number;
  readonly uptime: number;
  readonly processes: number;
  readonly policy?: { readonly path: string; readonly digest: string };
  /** What is wrong; empty: nothing. */
  readonly unwell: readonly string[];
  readonly unready: readonly string[];
  /** By state; those with 0 may be there. */
  readonly sessions: Readonly<Record<string, number>>;
  /** By result, since the start. */
  readonly mail: Readonly<Record<string, number>>;
}

const well = (problems: readonly string[]): string =>
  problems.length === 0 ? 'yes' : `no: ${problems.map(shown).join('\n         ')}`;

function counts(all: Readonly<Record<string, number>>): string {
  return Object.entries(all)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

export function statusText(facts: StatusFacts): string {
  const { mail, pid, policy, processes, sessions, unready, unwell, uptime, version } = facts;
  const total = Object.values(sessions).reduce((sum, count) => sum + count, 0);
  const states = counts(sessions);
  return [
    `smtpe    ${version}, process ${pid}, up ${duration(uptime)}, ${processes === 1 ? '1 process serves' : `${processes} processes serve`}`,
    ...(policy === undefined ? [] : [`policy   ${shown(policy.path)} ${policy.digest.slice(0, 19)}`]),
    `healthy  ${well(unwell)}`,
    `ready    ${well(unready)}`,
    `sessions ${total}${states === '' ? '' : ` (${states})`}`,
    `mail     ${counts(mail) || 'none'} since the start`,
    '',
  ].join('\n');
}

/** What a session waits for, the hook in front: `hook.dot: spamd 127.0.0.1:783 1.9 s`. A stranger's words may be in it. */
export function waitsText({ hook, hook_seconds = 0, waits }: SessionRow): string {
  if (hook !== undefined && waits.length === 0) return `hook.${hook} ${hook_seconds} s`;
  const all = waits.map(({ seconds, what }) => (seconds === undefined ? what : `${what} ${seconds} s`));
  return `${hook === undefined ? '' : `hook.${hook}: `}${all.join(', ')}`;
}

const columns: readonly (readonly [string, (row: SessionRow) => string])[] = [
  ['ID', ({ id }) => id],
  ['CLIENT', ({ client }) => client],
  ['LISTENER', ({ listener }) => listener],
  ['TLS', ({ tls }) => tls ?? '-'],
  ['STATE', ({ state }) => state],
  ['WAITS FOR', (row) => shown(waitsText(row))],
  ['AGE', ({ seconds }) => duration(seconds)],
  ['BYTES', ({ bytes }) => String(bytes)],
  ['MESSAGES', ({ messages }) => String(messages)],
  ['HELLO', ({ hello }) => shown(hello) || '-'],
  ['SENDER', ({ sender }) => (sender === undefined ? '-' : `<${shown(sender)}>`)],
];

/** Characters of a column: a hello may have hundreds. */
const WIDEST = 60;

export function sessionsText(rows: readonly SessionRow[], total: number, silent: readonly number[]): string {
  const cells = rows.map((row) =>
    columns.map(([, of]) => {
      const text = of(row);
      return text.length > WIDEST ? `${text.slice(0, WIDEST - 3)}...` : text;
    }),
  );
  const table = [columns.map(([name]) => name), ...cells];
  const widths = columns.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  const lines = table.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const missing = silent.map((pid) => `process ${pid} does not answer: its sessions are not in the list`);
  const more = total > rows.length ? [`${total - rows.length} more`] : [];
  return [...(rows.length === 0 ? ['no sessions'] : lines), ...more, ...missing, ''].join('\n');
}
