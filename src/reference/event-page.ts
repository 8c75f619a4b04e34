// doc/reference/events.md, made from the event table: for who reads the log, and for who listens to the bus.
import type { EventSpec, FieldSpec } from '../base/event-table/event-spec.ts';
import { eventTopics } from '../base/event-table/event-table.ts';
import { code, generated, page, table } from './markdown.ts';

/** The log line as it looks: its fields behind the text. */
export function lineText({ fields, level, text }: EventSpec): string {
  if (level === 'none') return '';
  const behind = Object.entries(fields)
    .filter(([name, { twice }]) => twice === true || !text.includes(`{${name}}`))
    .map(([name, spec]) => (spec.type === 'list' ? ` ${rowLine(spec.row)} ...` : shownAs(name, spec)));
  return code(text.replace(/\{(\w+)\}/g, '<$1>') + behind.join(''));
}

const shownAs = (name: string, { optional }: FieldSpec): string =>
  optional === true ? ` [${name}=]` : ` ${name}=`;

function rowLine(row: Readonly<Record<string, FieldSpec>>): string {
  return Object.entries(row)
    .map(([name, spec]) => shownAs(name, spec))
    .join('')
    .trimStart();
}

function fieldText([name, spec]: readonly [string, FieldSpec]): string {
  const { meaning, optional, unit } = spec;
  if (spec.type === 'list')
    return `${code(name)}: ${meaning}, each with ${Object.entries<FieldSpec>(spec.row).map(fieldText).join(', ')}`;
  const remarks = [unit, optional ? 'may be absent' : undefined].filter((remark) => remark !== undefined);
  return `${code(name)}: ${meaning}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`;
}

function rowOf([name, spec]: readonly [string, EventSpec]): readonly string[] {
  const { fields, level, verbose = [], when } = spec;
  const words = verbose.map((word) => code(`+${word}`)).join(' or ');
  return [
    code(name),
    level === 'none' ? '' : level,
    lineText(spec),
    when + (words === '' ? '' : ` In the log with \`verbose\` ${words} only.`),
    Object.entries<FieldSpec>(fields).map(fieldText).join('; '),
  ];
}

export function eventPage(): string {
  return page([
    generated('src/base/event-table'),
    '',
    '# Events',
    '',
    'Everything that smtpe tells about itself. Nearly every event makes a log line, of the level and the text below: a text in `<` `>` is filled in,',
    'the fields behind it stand as `name=value`, those in brackets only when there is something to say. In front of them a line has the id of the',
    'session or the transaction that it is about. What a policy writes to the log (module [syslog](syslog.md)) is no event.',
    '',
    ...eventTopics.flatMap(([title, events]) => [
      `## ${title}`,
      '',
      ...table(
        ['event', 'level', 'log line', 'when', 'fields'],
        Object.entries<EventSpec>(events).map(rowOf),
      ),
    ]),
  ]);
}
