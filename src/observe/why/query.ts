// What `smtpe why` is asked: which mail, which client, when; and whether a line of the log is about that. Pure.
import { nearestName } from '../../base/nearest-name.ts';
import { NetworkList } from '../../net-address/network-list.ts';
import type { ReadFields, ReadRecord } from './log-record.ts';

const NAMES = ['from', 'to', 'id', 'message-id', 'client', 'since', 'until'] as const;
type Name = (typeof NAMES)[number];

type Test = (text: string) => boolean;

export interface Query {
  readonly from: Test | undefined;
  readonly to: Test | undefined;
  readonly id: Test | undefined;
  readonly messageId: Test | undefined;
  readonly client: Test | undefined;
  /** Milliseconds since the Epoch. */
  readonly since: number;
  readonly until: number;
}

export interface WhyWords {
  readonly query: Query;
  /** In the order in which they were named; `-`: stdin. */
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** An address, as typed: without brackets, `*` for anything, upper and lower case the same; in octets, as the log has it. */
function addressTest(typed: string): Test {
  const octets = Buffer.from(typed.replace(/^<(.*)>$/, '$1'), 'utf8').toString('latin1');
  const wanted = lower(octets);
  if (!wanted.includes('*')) return (text) => lower(text) === wanted;
  const pattern = wanted
    .split(/\*+/)
    .map((part) => part.replace(/[.\\+?^${}()|[\]]/g, '\\$&'))
    .join('.*');
  const form = new RegExp(`^${pattern}$`, 's');
  return (text) => form.test(lower(text));
}

/** A session and its transactions have the same first characters. */
const ID_LENGTH = 16;

const idTest = (typed: string): Test => {
  const wanted = typed.length === ID_LENGTH + 2 && typed.endsWith('00') ? typed.slice(0, ID_LENGTH) : typed;
  return (text) => text !== '' && text.startsWith(wanted);
};

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2h`, `12:00` today, `2026-11-29`, `2026-11-29T12:00`, with a zone or in that of this machine. undefined: none of them. */
export function readMoment(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  const [, hours, minutes, seconds = '0'] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (hours !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
    return new Date(now).setHours(Number(hours), Number(minutes), Number(seconds), 0);
  }
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (date === null) return undefined;
  // A date alone would be that of Greenwich.
  const time = Date.parse(`${date[1]}T${date[2] ?? '00:00'}${date[3] ?? ''}`);
  return Number.isNaN(time) ? undefined : time;
}

/** `now`: milliseconds since the Epoch. */
export function readWhyWords(words: readonly string[], now: number): WhyWords {
  const problems: string[] = [];
  const files: string[] = [];
  const given: Partial<Record<Name, string>> = {};
  for (const word of words) {
    const [, name = '', value = ''] = /^([a-z_-]+)=(.*)$/is.exec(word) ?? [];
    if (name === '') {
      files.push(word);
      continue;
    }
    const known = NAMES.find((one) => one === name.toLowerCase().replaceAll('_', '-'));
    if (known === undefined) {
      const near = nearestName(name, NAMES);
      const hint = near === undefined ? `there are ${NAMES.join(', ')}` : `did you mean ${near}=?`;
      problems.push(
        `${JSON.stringify(name)} is nothing to ask for; ${hint} (a file of that name: ./${word})`,
      );
    } else if (value === '' && known !== 'from') problems.push(`${known}= needs a value`);
    else if (given[known] !== undefined) problems.push(`${known}= is given twice`);
    else given[known] = value;
  }
  const moment = (name: 'since' | 'until', absent: number): number => {
    const text = given[name];
    if (text === undefined) return absent;
    const time = readMoment(text, now);
    if (time === undefined)
      problems.push(`${name}=${text}: expected e.g. 2h, 12:30, 2026-11-29 or 2026-11-29T12:00`);
    return time ?? absent;
  };
  const client = given.client === undefined ? undefined : new NetworkList([given.client]);
  if (client !== undefined && client.invalid.length > 0)
    problems.push(`client=${given.client}: expected an address or a network such as 192.0.2.0/24`);
  const test = (name: Name, make: (text: string) => Test): Test | undefined => {
    const text = given[name];
    return text === undefined ? undefined : make(text);
  };
  const query: Query = {
    from: test('from', addressTest),
    to: test('to', addressTest),
    id: test('id', idTest),
    messageId: test('message-id', addressTest),
    client: client && ((address) => client.contains(address)),
    since: moment('since', Number.NEGATIVE_INFINITY),
    until: moment('until', Number.POSITIVE_INFINITY),
  };
  if (files.length === 0)
    problems.push(
      'no log file is named; "-" reads stdin, as in journalctl -u smtpe -o cat | smtpe why to=x@y.example -',
    );
  return { query, files, problems };
}

const passes = (test: Test | undefined, ...texts: readonly (string | undefined)[]): boolean =>
  test === undefined || texts.some((text) => text !== undefined && test(text));

function isInTime({ since, until }: Query, { time }: ReadRecord): boolean {
  return time === undefined || (time >= since && time <= until);
}

/** A line of `mail`. */
export function isAbout(query: Query, mail: ReadRecord): boolean {
  const { fields, id, to } = mail;
  return (
    isInTime(query, mail) &&
    passes(query.from, fields.from, fields.final_from) &&
    passes(query.to, ...to.map((row) => row.to)) &&
    passes(query.id, id, fields.transaction) &&
    passes(query.client, fields.client) &&
    passes(query.messageId, fields.message_id, bare(fields.message_id))
  );
}

const bare = (text: string | undefined): string | undefined => text?.replace(/^<(.*)>$/, '$1');

/** The path behind a word in a command, as far as it can be seen. */
export function pathIn(fields: ReadFields, word: 'FROM' | 'TO'): string | undefined {
  const [, path] = new RegExp(`^\\w+[ \\t]+${word}:[ \\t]*<([^>]*)>`, 'i').exec(fields.command ?? '') ?? [];
  return path;
}

/** A line of `refused` that belongs to no mail. */
export function isAboutRefusal(query: Query, refused: ReadRecord): boolean {
  const { fields, id } = refused;
  return (
    isInTime(query, refused) &&
    passes(query.from, fields.from, pathIn(fields, 'FROM')) &&
    passes(query.to, pathIn(fields, 'TO')) &&
    passes(query.id, id) &&
    passes(query.client, fields.client) &&
    query.messageId === undefined
  );
}
