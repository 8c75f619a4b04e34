// doc/log.md: what it tells to look for is in every line that it is said to be in, and in no other line of the table.
import { expect, it } from 'vitest';
import type { EventSpec, FieldSpec } from '../../../src/base/event-table/event-spec.ts';
import { type EventName, eventNames, eventTable } from '../../../src/base/event-table/event-table.ts';
import type { EventSource } from '../../../src/base/events.ts';
import type { LogFields } from '../../../src/base/log.ts';
import { readLogLine } from '../../../src/observe/why/log-record.ts';
import { formatLine } from '../../../src/ops/log-line.ts';
import { example, logPage, wants } from '../../../src/reference/log-page.ts';
import { writtenLog } from '../../fakes/written-log.ts';

function sampleOf(name: string, spec: FieldSpec): LogFields[string] {
  switch (spec.type) {
    case 'number':
      return 7;
    case 'flag':
      return true;
    case 'list':
      return [{ [Object.keys(spec.row)[0] ?? '']: 'x' }];
    default:
      return name === 'result' ? 'refused' : name.toUpperCase();
  }
}

function lineOf(name: EventName): string {
  const { lines, log } = writtenLog();
  const { fields }: EventSpec = eventTable[name];
  const given = Object.fromEntries(
    Object.entries(fields).map(([field, spec]) => [field, sampleOf(field, spec)]),
  );
  const channel = log.bus.channel(name) as { emit(sample: LogFields, source: EventSource): void };
  channel.emit(given, log.child({ id: 'S1' }));
  return lines[0] ?? '';
}

const lines = eventNames.map((name) => ({ name, line: lineOf(name) })).filter(({ line }) => line !== '');

it.each(wants.map((want) => [want.piece, want] as const))(
  '%j is in the lines that the page says, and in no other',
  (_, { events, piece }) => {
    const found = lines.filter(({ line }) => line.includes(piece)).map(({ name }) => name);
    expect([...found].sort()).toEqual([...events].sort());
  },
);

it('has a row for each line, and one for each field of a mail', () => {
  const text = logPage();
  for (const { name } of lines) {
    const { when }: EventSpec = eventTable[name];
    expect(text).toContain(when.replaceAll('|', '\\|'));
  }
  for (const name of Object.keys(eventTable.mail.fields)) expect(text).toContain(`\`${name}\` |`);
});

it('shows a mail as the log has it, and as smtpe why reads it', () => {
  const order = Object.keys(eventTable.mail.fields);
  const given = Object.keys(example.fields).filter((name) => name !== 'id');
  expect(given).toEqual(order.filter((name) => given.includes(name)));
  expect(readLogLine(formatLine(example, 1))).toMatchObject({
    fields: { from: 'a@b.example', queue_id: 'B061E22E8AE' },
    to: [
      { to: 'y@example.org', status: '250' },
      { to: 'bad@example.com', status: '550' },
    ],
  });
  const json = /```json\n(.*)\n```/.exec(logPage())?.[1] ?? '';
  expect(JSON.parse(json)).toEqual({
    ...{ level: 'info', time: '2026-11-29T11:03:11.345Z', pid: 4711, msg: 'mail' },
    ...example.fields,
  });
});
