// doc/log.md, made from the event table: for who has a log before him and a question. What to look for stands in `wants`, by which a spec
// searches the lines of all events.
import type { EventSpec, FieldSpec } from '../base/event-table/event-spec.ts';
import { type EventName, eventNames, eventTable } from '../base/event-table/event-table.ts';
import { type Level, levels } from '../base/log.ts';
import { formatLine, type LogRecord } from '../ops/log-line.ts';
import { shortJson } from '../ops/short-line.ts';
import { lineText } from './event-page.ts';
import { code, generated, page, table } from './markdown.ts';

/** What somebody wants to know, and the piece of a line that every line about it has, and no other. */
export interface Want {
  readonly want: string;
  readonly piece: string;
  readonly events: readonly EventName[];
}

export const wants: readonly Want[] = [
  { want: 'every mail, whatever became of it', piece: ' mail result=', events: ['mail'] },
  { want: 'mail that was refused, deferred, lost', piece: ' mail result=refused ', events: ['mail'] },
  {
    want: 'replies of 4xx and 5xx, to any command',
    piece: ' refused reply=',
    events: ['protocol-refusal', 'link-refused'],
  },
  { want: 'sessions, with how they ended', piece: ' session client=', events: ['link-disconnect'] },
  { want: 'who logged in', piece: ' logged in login=', events: ['link-auth'] },
  { want: 'who tried to', piece: ' log-in refused login=', events: ['link-auth-refused'] },
  {
    want: 'next hops that could not be reached',
    piece: ' next hop failed host=',
    events: ['next-hop-failed'],
  },
  {
    want: 'what next hops refuse',
    piece: ' next hop refused ',
    events: ['next-hop-refused', 'next-hop-recipients'],
  },
  {
    want: 'errors of the policy',
    piece: ' hook=',
    events: ['hook-error', 'hook-limit', 'result-fault', 'result-useless'],
  },
  {
    want: 'what a reload has done',
    piece: 'reloaded',
    events: ['policy-reloaded', 'policy-kept', 'options-refused'],
  },
  {
    want: 'options that were changed, and those that wait for a restart',
    piece: ' options changed ',
    events: ['options-changed', 'options-waiting'],
  },
];

/** Words of each kind that a line may have in place of `refused`. */
const RESULTS = ['accepted', 'discarded', 'refused', 'deferred', 'lost'] as const;

/** An ordinary mail, so that the page shows what a log has. */
export const example: LogRecord = {
  time: Date.UTC(2026, 10, 29, 11, 3, 11, 345),
  level: 'info',
  message: 'mail',
  fields: {
    id: '2ARDVb309891774100',
    ...{ result: 'accepted', from: 'a@b.example', transaction: '2ARDVb309891774101' },
    ...{ message_id: '<abc@b.example>', bytes: 282, code: 250 },
    cause:
      'mx-a:25 took it for 1 of 1 recipients (TLSv1.3, certificate verified): 250 2.0.0 Ok: queued as B061E22E8AE',
    ...{ client: '192.0.2.7', host: 'mx.b.example', helo: 'mx.b.example', tls: 'TLSv1.3' },
    ...{ next_hop: 'mx-a:25', next_hop_tls: 'TLSv1.3', queue_id: 'B061E22E8AE' },
    ...{ ms_rcpt: 2, ms_data: 14, ms_policy: 1, ms_forward: 31, policy: 17, recipients: 2 },
    to: [
      { to: 'y@example.org', status: 250 },
      { to: 'bad@example.com', status: 550, why: 'mx-a:25 refused at rcpt: 550 5.1.1 no such user' },
    ],
  },
};

const PID = 4711;

/** In UTC: a page must not depend on where it is made. */
const inText = (): string => formatLine(example, PID).replace(/^\S+/, new Date(example.time).toISOString());

function fieldRows(fields: Readonly<Record<string, FieldSpec>>): readonly (readonly string[])[] {
  return Object.entries(fields).flatMap(([name, spec]) => {
    const unit = spec.unit === undefined ? '' : ` (${spec.unit})`;
    if (spec.type !== 'list')
      return [[code(name), spec.meaning + unit, spec.optional === true ? 'not always' : '']];
    return [
      [
        `list ${code(name)}`,
        `${spec.meaning}: in JSON an array of objects, in text one behind the other`,
        '',
      ],
      ...fieldRows(spec.row),
    ];
  });
}

const isLoud = (level: Level): boolean => levels.indexOf(level) <= levels.indexOf('err');

function rowOf(name: EventName): readonly string[] {
  const spec: EventSpec = eventTable[name];
  const words = (spec.verbose ?? []).map((word) => code(`verbose=+${word}`)).join(' or ');
  return [lineText(spec), spec.when + (words === '' ? '' : ` With ${words} only.`)];
}

/** Those that make a line, by the text of it, so that a line is found here by its words. */
function byText(loud: boolean): readonly EventName[] {
  const textOf = (name: EventName): string =>
    eventTable[name].text.replace(/^\W*(\{\w+\}\W*)*/, '').toLowerCase();
  return eventNames
    .filter((name) => {
      const { level }: EventSpec = eventTable[name];
      return level !== 'none' && isLoud(level) === loud;
    })
    .sort((a, b) => textOf(a).localeCompare(textOf(b), 'en') || a.localeCompare(b, 'en'));
}

export function logPage(): string {
  return page([
    generated('src/base/event-table'),
    '',
    '# The log',
    '',
    '"What happened to the mail from A to B?" `smtpe why` reads log files, rotated and compressed ones too, and tells:',
    '',
    '```sh',
    "smtpe why from=a@b.example to='*@example.org' since=2h /var/log/smtpe/smtpe.log*",
    'smtpe why message-id=abc@b.example /var/log/smtpe/smtpe.log',
    'journalctl -u smtpe -o cat | smtpe why client=192.0.2.0/24 since=12:00 until=12:10 -',
    '```',
    '',
    'It knows `from`, `to`, `id`, `message-id`, `client`, `since` and `until`; all that are given must hold. Its exit code is 0 when it has found',
    'something, 1 when not, 71 when a file cannot be read to its end.',
    '',
    '## How a line looks',
    '',
    'One event a line: time with zone (RFC 3339), `smtpe[pid]`, level, id of the session (`-` without one), text, fields. What comes from',
    'outside is printable ASCII there: other octets are `\\xHH`, a backslash is doubled, what has blanks, quotes or equal signs stands in quotes. A',
    'session and its transactions have the same first 16 characters in their ids.',
    '',
    '```',
    inText(),
    '```',
    '',
    'With `log-format=json` the same words are the names of an object; `msg` is the text, and lists are arrays:',
    '',
    '```json',
    JSON.stringify(jsonOf()),
    '```',
    '',
    '## What to look for',
    '',
    ...table(
      ['you want', 'type'],
      wants.map(({ piece, want }) => [want, code(`grep -F '${piece}' FILE`)]),
    ),
    `In place of \`refused\` stands what became of the mail: ${RESULTS.map((word) => code(word)).join(', ')}. In JSON:`,
    '`jq -c \'select(.msg == "mail" and .result == "refused")\'`; who got what: `jq -r \'select(.msg == "mail") | .to[] | "\\(.status) \\(.to)"\'`.',
    '',
    '## A mail',
    '',
    eventTable.mail.when,
    '',
    ...table(['field', 'says', ''], fieldRows(eventTable.mail.fields)),
    'A transaction with more recipients has lines `recipients` in front of it, with the same `transaction`; `smtpe why` joins them.',
    '',
    '## What is a mail, and what is not',
    '',
    ...table(
      ['the client', 'the log has', '`smtpe why from=` finds it'],
      [
        ['MAIL is answered 250', '`mail`, when the transaction is over', 'yes'],
        [
          'MAIL is refused by a hook, a limit, the next hop',
          '`mail` with `refused` or `deferred`, and `refused`',
          'yes',
        ],
        ['every RCPT is refused', '`mail` with the result of the refusals, and a `refused` for each', 'yes'],
        [
          'MAIL that is not understood, or comes out of turn',
          '`refused` alone, with the command',
          'yes, when the address can be read in the command',
        ],
        ['ends without MAIL', '`session`', 'no: by its client or its id'],
      ],
    ),
    '## Lines that need somebody',
    '',
    'Level `err` and above. What a `<name>` stands for is in the [reference](reference/events.md).',
    '',
    ...table(['line', 'when'], byText(true).map(rowOf)),
    '## All other lines',
    '',
    ...table(['line', 'when'], byText(false).map(rowOf)),
  ]);
}

function jsonOf(): unknown {
  const { cut: _, ...line } = JSON.parse(shortJson(example, PID, 1_000_000)) as Record<string, unknown>;
  const { level, msg, pid, time, ...fields } = line;
  return { level, time, pid, ...fields, msg };
}
