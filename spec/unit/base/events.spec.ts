// The bus: who listens is told in order and at once, nobody disturbs anybody, and nothing is made for nobody.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventSpec } from '../../../src/base/event-table/event-spec.ts';
import { eventNames, eventTable, eventTopics } from '../../../src/base/event-table/event-table.ts';
import { EventBus, type EventSource } from '../../../src/base/events.ts';
import type { VerboseWord } from '../../../src/base/log.ts';
import { RecordEvents } from '../../../src/observe/record-events.ts';

const source: EventSource = {
  about: { id: 'S1' },
  shows: () => true,
  verbose: () => false,
  write: () => undefined,
};

/** A bus on which no listener may throw. */
const quietBus = (): EventBus =>
  new EventBus((name, error) => {
    throw new Error(`${name}: ${error}`);
  });

const lost = { cause: 'reset' };

describe('the bus', () => {
  it('tells listeners in the order in which they began, before emit comes back', () => {
    const bus = quietBus();
    const told: string[] = [];
    bus.on('link-lost', ({ cause }, { about }, name) => told.push(`first ${name} ${cause} ${about.id}`));
    bus.onEvery((fields, _, name) => told.push(`every ${name} ${fields.cause}`));
    bus.on('link-lost', () => told.push('last'));
    bus.on('link-closed', () => told.push('another event'));
    bus.emit('link-lost', lost, source);
    expect(told).toEqual(['first link-lost reset S1', 'every link-lost reset', 'last']);
  });

  it('does not let the exception of a listener reach others or whoever reports', () => {
    const faults: unknown[] = [];
    const bus = new EventBus((name, error, from) => faults.push([name, error, from]));
    const error = new Error('a bug');
    const told: string[] = [];
    bus.on('link-lost', () => told.push('before'));
    bus.on('link-lost', () => {
      throw error;
    });
    bus.on(
      'link-lost',
      () => told.push('never'),
      () => {
        throw error;
      },
    );
    bus.on('link-lost', () => told.push('behind'));
    bus.emit('link-lost', lost, source);
    expect(told).toEqual(['before', 'behind']);
    expect(bus.wants('link-lost', source)).toBe(true);
    expect(faults).toEqual([
      ['link-lost', error, source],
      ['link-lost', error, source],
    ]);
  });

  it('does not want what only a condition with a bug asks for', () => {
    const faults: unknown[] = [];
    const bus = new EventBus((name) => faults.push(name));
    bus.on(
      'link-lost',
      () => undefined,
      () => {
        throw new Error('a bug');
      },
    );
    expect([bus.wants('link-lost', source), faults]).toEqual([false, ['link-lost']]);
  });

  it('tells nobody who has stopped, not even when that was while it tells', () => {
    const bus = quietBus();
    const told: string[] = [];
    const endFirst = bus.on('link-lost', () => {
      told.push('first');
      endFirst();
      endSecond();
    });
    const endSecond = bus.on('link-lost', () => told.push('second'));
    bus.on('link-lost', () => told.push('third'));
    bus.emit('link-lost', lost, source);
    bus.emit('link-lost', lost, source);
    expect(told).toEqual(['first', 'third', 'third']);
    endFirst();
    expect(bus.wants('link-lost', source)).toBe(true);
  });

  it('tells who begins while it tells from the next event on', () => {
    const bus = quietBus();
    const told: string[] = [];
    const end = bus.on('link-lost', () => {
      end();
      bus.on('link-lost', () => told.push('new'));
    });
    bus.emit('link-lost', lost, source);
    expect(told).toEqual([]);
    bus.emit('link-lost', lost, source);
    expect(told).toEqual(['new']);
  });

  it('tells of an event that a listener reports while it tells', () => {
    const bus = quietBus();
    const record = new RecordEvents(bus);
    bus.on('link-lost', () => bus.emit('link-closed', {}, source));
    bus.emit('link-lost', lost, source);
    expect(record.names).toEqual(['link-lost', 'link-closed']);
  });

  it('wants nothing when nobody listens', () => {
    const bus = quietBus();
    expect(eventNames.filter((name) => bus.wants(name, source))).toEqual([]);
    const end = bus.on('tx-commit', () => undefined);
    expect(eventNames.filter((name) => bus.wants(name, source))).toEqual(['tx-commit']);
    end();
    expect(bus.wants('tx-commit', source)).toBe(false);
    const record = new RecordEvents(bus);
    expect(eventNames.filter((name) => !bus.wants(name, source))).toEqual([]);
    record.stop();
    bus.emit('link-lost', lost, source);
    expect([record.all, bus.wants('link-lost', source)]).toEqual([[], false]);
  });

  it('asks a condition at each event, of whoever reports', () => {
    const bus = quietBus();
    const told: unknown[] = [];
    const words = new Set<VerboseWord>();
    const chatty: EventSource = { ...source, verbose: (word) => words.has(word) };
    bus.on(
      'link-lost',
      ({ cause }) => told.push(cause),
      (from) => from.verbose('smtp'),
    );
    const ask = (): boolean => {
      bus.emit('link-lost', { cause: `${words.size}` }, chatty);
      return bus.wants('link-lost', chatty);
    };
    expect(ask()).toBe(false);
    words.add('smtp');
    expect(ask()).toBe(true);
    expect(bus.wants('link-lost', source)).toBe(false);
    expect(told).toEqual(['1']);
    bus.on('link-lost', () => undefined);
    expect(bus.wants('link-lost', source)).toBe(true);
  });

  it('has a channel for what happens often', () => {
    const bus = quietBus();
    const channel = bus.channel('link-lost');
    expect(channel.wanted(source)).toBe(false);
    const record = new RecordEvents(bus);
    expect(channel.wanted(source)).toBe(true);
    const fields = { cause: 'one' };
    channel.emit(fields, source);
    fields.cause = 'two';
    channel.emit(fields, source);
    expect(record.of('link-lost')).toEqual([{ cause: 'one' }, { cause: 'two' }]);
    expect(record.all[0]?.about).toEqual({ id: 'S1' });
  });

  it('does not take what is not in the table', () => {
    const bus = quietBus();
    // @ts-expect-error no such event
    expect(() => bus.emit('link-losst', lost, source)).toThrow('no such event');
    // @ts-expect-error a field that it has not
    bus.emit('link-lost', { cause: 'x', more: 1 }, source);
    // @ts-expect-error a field is missing
    bus.emit('link-lost', {}, source);
    // @ts-expect-error of another type
    bus.emit('link-lost', { cause: 1 }, source);
    bus.emit('link-xclient', { client: '', host: '', before: '', peer: '', login: undefined }, source);
    // @ts-expect-error one of its events has no such field
    bus.emit(Math.random() < 2 ? 'tx-commit' : 'link-lost', {}, source);
  });
});

describe('the event table', () => {
  const rows = eventNames.map((name): readonly [string, EventSpec] => [name, eventTable[name]]);

  it('has each event in one topic', () => {
    const names = eventTopics.flatMap(([, events]) => Object.keys(events));
    expect(names).toEqual([...eventNames]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(rows)('%s is whole', (name, { fields, level, text, verbose, when }) => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(when).toMatch(/^[A-Z`].*[.)]$/);
    expect(text === '').toBe(level === 'none');
    if (level === 'none') expect(verbose).toBeUndefined();
    const inText = [...text.matchAll(/\{(\w+)\}/g)].map(([, field]) => field);
    expect(inText.filter((field) => field === undefined || !(field in fields))).toEqual([]);
    for (const [field, { meaning, twice }] of Object.entries(fields)) {
      expect(meaning, field).not.toBe('');
      if (twice) expect(inText).toContain(field);
    }
  });
});

describe('the sources', () => {
  const root = join(import.meta.dirname, '../../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const textOf = new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]));

  it('report every event of the table', () => {
    const all = [...textOf]
      .filter(([path]) => !/^(base\/event-table|observe\/(?!record\/)|reference)\//.test(path))
      .map(([, text]) => text)
      .join('\n');
    // Those of the services are named by the kind of service.
    const reported = (name: string): boolean =>
      all.includes(`'${name}'`) ||
      (/^service-(clamd|spamd|rspamd|http|client)/.test(name) && all.includes('`service-${'));
    expect(eventNames.filter((name) => !reported(name))).toEqual([]);
  });

  it('write no log line but by an event, a policy or script and the log itself excepted', () => {
    const lines = [...textOf].flatMap(([path, text]) =>
      /\blog\b(\?\.|\.)write\(/.test(text) ||
      /\.write\(\s*'(emerg|alert|crit|err|warning|notice|info|debug)'/.test(text)
        ? [path]
        : [],
    );
    expect(lines.sort()).toEqual([
      'compat/dovecot/functions.ts',
      'compat/rumble/rumble-table.ts',
      'compat/rumble/tables.ts',
      'modules/syslog.ts',
      'observe/event-log.ts',
      'ops/open-log.ts',
    ]);
  });
});
