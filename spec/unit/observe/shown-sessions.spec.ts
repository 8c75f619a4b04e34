// What a shadow policy is shown of sessions: all that was said, in octets, as it is read on the other side; nothing of one with a log-in, nor of one that is
// too large; fewer of them while the process is busy.
import { describe, expect, it } from 'vitest';
import type { RandomInteger } from '../../../src/base/clock.ts';
import { EventBus, type EventFields, type EventSource } from '../../../src/base/events.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import {
  ASKED_AGAIN,
  BUSY,
  MOST_ASIDE,
  MOST_CONTENT,
  type SessionToShow,
  ShownSessions,
} from '../../../src/observe/record/shown-sessions.ts';
import { LOOK_MS } from '../../../src/observe/record/shown-share.ts';
import { readShown, stepText } from '../../../src/observe/record/shown-text.ts';

interface Shown {
  /** So many milliseconds of work, and of waiting. */
  passes(active: number, idle: number): void;
  readonly bus: EventBus;
  readonly over: SessionToShow[];
  readonly told: string[];
  readonly sessions: ShownSessions;
  begin(n: number): EventSource;
  end(source: EventSource): void;
}

interface Wanted {
  readonly all?: number;
  readonly busy?: number;
  readonly random?: RandomInteger;
}

function show({ all = 100, busy = 100, random = () => 0 }: Wanted = {}): Shown {
  const bus = new EventBus((name, error) => {
    throw new Error(name, { cause: error });
  });
  const over: SessionToShow[] = [];
  const told: string[] = [];
  const clock = new FakeClock();
  let time = { active: 1000, idle: 1000 };
  const sessions = new ShownSessions(
    { bus, clock, random, loop: () => time },
    { all, busy },
    {
      over: (session) => over.push(session),
      skip: (cause) => told.push(cause),
      unplayable: () => told.push('unplayable'),
    },
  );
  return {
    passes: (active, idle) => {
      time = { active: time.active + active, idle: time.idle + idle };
      clock.advance(active + idle);
    },
    ...{ bus, over, told, sessions },
    begin: (n) => {
      const about = { id: `2ASC00000${String(n).padStart(7, '0')}00` };
      const source = { about, shows: () => true, verbose: () => false, write: () => undefined };
      bus.emit('link-connect', { client: '192.0.2.7', port: 25 }, source);
      return source;
    },
    end: (source) => {
      bus.emit('link-disconnect', { end: 'QUIT' } as EventFields<'link-disconnect'>, source);
      bus.emit('link-closed', {}, source);
    },
  };
}

const ALL = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join('');

it('what was said is read as it was, whatever octets it has', () => {
  const { begin, bus, end, over, sessions } = show();
  const source = begin(1);
  bus.emit('protocol-server', { reply: '220 hello\r\n' }, source);
  bus.emit('protocol-client', { line: `NOOP 7:${ALL}` }, source);
  bus.emit('protocol-server', { reply: '250 7:c3:\r\n' }, source);
  bus.emit('content-piece', { octets: ALL }, source);
  bus.emit('content-came', { octets: 256, head: ALL, end: 'dot' }, source);
  bus.emit('answer-given', { of: 'dns', key: 'A x', answer: '{"text":"\u2028\\n"}' }, source);
  bus.emit('next-hop-said', { host: 'hop', line: '250 ok\r\n' } as EventFields<'next-hop-said'>, source);
  end(source);
  expect(sessions.size).toBe(0);
  const [{ client, session, text } = { client: '', session: '', text: '' }] = over;
  expect([client, session]).toEqual(['192.0.2.7', source.about.id]);
  // As it goes over the line.
  const read = readShown(Buffer.from(text, 'latin1').toString('latin1'));
  expect(read).toEqual({
    ...{ session: source.about.id, client: '192.0.2.7', began: new FakeClock().now() },
    steps: [
      ['connect', 0, { client: '192.0.2.7', port: 25 }],
      ['serverSays', 0, '220 hello\r\n'],
      ['clientSays', 0, { line: `NOOP 7:${ALL}` }],
      ['serverSays', 0, '250 7:c3:\r\n'],
      ['piece', 0, { octets: ALL }],
      ['content', 0, { octets: 256, head: '', end: 'dot' }],
      ['answer', 0, { of: 'dns', key: 'A x', answer: '{"text":"\u2028\\n"}' }],
      ['nextHop', 0, 'said', 'hop', '250 ok\r\n'],
      ['end', 0, { end: 'QUIT' }],
    ],
  });
  expect(() => readShown(`S 0 192.0.2.7\n${stepText(['serverSays', 0, 'x'])}x1:y`)).toThrow(
    'no step begins with x',
  );
});

it('nothing of a session in which somebody has logged in, nor of one that is too large', () => {
  const { begin, bus, end, over, told } = show();
  const auth = begin(1);
  bus.emit('protocol-client', { line: 'AUTH ...' }, auth);
  bus.emit('answer-given', { of: 'dns', key: 'A sesame', answer: '{}' }, auth);
  bus.emit('protocol-server', { reply: '235 2.7.0 sesame\r\n' }, auth);
  end(auth);
  const refused = begin(2);
  bus.emit('protocol-client', { line: 'AUTH ...' }, refused);
  bus.emit('answer-given', { of: 'dns', key: 'A sesame', answer: '{}' }, refused);
  bus.emit('protocol-server', { reply: '535 5.7.8 sesame\r\n' }, refused);
  end(refused);
  const large = begin(3);
  bus.emit('content-piece', { octets: 'x'.repeat(MOST_CONTENT + 1) }, large);
  end(large);
  expect(told).toEqual(['unplayable', 'unplayable']);
  expect(over.map(({ session }) => session)).toEqual([refused.about.id]);
  expect(over[0]?.text).toMatch(/535 5\.7\.8 \*\*\*/);
  expect(over[0]?.text).not.toContain('sesame');
});

it('all that go on take no more than so much together: the one that would be more is not shown, and nothing more of it is kept', () => {
  const { begin, bus, end, over, sessions, told } = show();
  const piece = { octets: 'x'.repeat(MOST_CONTENT) };
  const most = MOST_ASIDE / MOST_CONTENT;
  const sources = Array.from({ length: most + 2 }, (_, n) => begin(n));
  for (const source of sources) {
    bus.emit('content-piece', piece, source);
    bus.emit('protocol-server', { reply: '250 ok\r\n' }, source);
  }
  expect(told).toEqual(['sessions that go on take too much memory', ...told.slice(1)]);
  expect(sessions.size).toBe(most + 2 - told.length);
  for (const source of sources) end(source);
  expect(over).toHaveLength(most + 2 - told.length);
  // What all of them took is free again.
  const again = begin(100);
  bus.emit('content-piece', piece, again);
  end(again);
  expect(over).toHaveLength(most + 3 - told.length);
});

/** A lot for each session that begins. */
const lots = (...drawn: readonly number[]): RandomInteger => {
  const left = [...drawn];
  return (limit) => {
    if (limit !== 100) throw new Error(`of ${limit}`);
    return left.shift() ?? 0;
  };
};
const piece = (octets: number): EventFields<'content-piece'> => ({ octets: 'x'.repeat(octets) });

describe('while the process is busy', () => {
  it.each([
    // busy milliseconds of LOOK_MS, lot, shadow-percent, shadow-percent-busy, what becomes of it
    [0, 99, 100, 6, 'shown'],
    [100, 99, 100, 6, 'shown'],
    [135, 52, 100, 6, 'shown'],
    [135, 53, 100, 6, BUSY],
    [170, 5, 100, 6, 'shown'],
    [170, 6, 100, 6, BUSY],
    [200, 5, 100, 6, 'shown'],
    [200, 6, 100, 6, BUSY],
    [200, 0, 100, 0, BUSY],
    [200, 99, 100, 100, 'shown'],
    // Those that are not to be shown anyhow are not skipped.
    [200, 5, 5, 6, undefined],
    [200, 4, 5, 6, 'shown'],
    [200, 6, 10, 6, BUSY],
    [0, 10, 10, 6, undefined],
  ])('%i ms of 200: lot %i with %i and %i per cent: %s', (active, lot, all, busy, becomes) => {
    const { begin, end, over, passes, sessions, told } = show({ all, busy, random: lots(lot) });
    passes(active, LOOK_MS - active);
    end(begin(1));
    expect([...over.map(() => 'shown'), ...told]).toEqual(becomes === undefined ? [] : [becomes]);
    expect(sessions.size).toBe(0);
  });

  it('what was so for less than a look decides nothing; it is over by itself when there is room again', () => {
    const { begin, end, over, passes, told } = show({ busy: 6, random: () => 50 });
    passes(LOOK_MS - 1, 0);
    end(begin(1));
    expect([over.length, told]).toEqual([1, []]);
    passes(1, 0);
    end(begin(2));
    expect([over.length, told]).toEqual([1, [BUSY]]);
    passes(0, LOOK_MS);
    end(begin(3));
    expect([over.length, told]).toEqual([2, [BUSY]]);
  });

  it('a short session goes on to its end; a long one that began in quiet times is given up, once, and nothing more of it is asked for', () => {
    const { begin, bus, end, over, passes, sessions, told } = show({ busy: 6, random: lots(50, 50, 5) });
    const [short, long, chosen] = [begin(1), begin(2), begin(3)];
    passes(LOOK_MS, 0);
    bus.emit('content-piece', piece(ASKED_AGAIN / 2), short);
    for (const source of [long, chosen]) bus.emit('content-piece', piece(ASKED_AGAIN), source);
    expect([told, sessions.size]).toEqual([[BUSY], 2]);
    expect([short, long, chosen].map((source) => bus.wants('content-piece', source))).toEqual([
      true,
      false,
      true,
    ]);
    for (let n = 0; n < 20; n++) bus.emit('content-piece', piece(ASKED_AGAIN), long);
    bus.emit('content-piece', piece(1), chosen);
    for (const source of [long, chosen, short]) end(source);
    expect(over.map(({ session }) => session)).toEqual([chosen.about.id, short.about.id]);
    expect(told).toEqual([BUSY]);
    // All that they took is free: as many again have room.
    const most = MOST_ASIDE / MOST_CONTENT - 1;
    passes(0, LOOK_MS);
    const sources = Array.from({ length: most }, (_, n) => begin(10 + n));
    for (const source of sources) bus.emit('content-piece', piece(MOST_CONTENT), source);
    for (const source of sources) end(source);
    expect([over.length, told]).toEqual([2 + most, [BUSY]]);
  });

  it('a long one that goes on is asked about again and again', () => {
    const { begin, bus, end, over, passes, told } = show({ busy: 6, random: () => 50 });
    const long = begin(1);
    for (let n = 0; n < 5; n++) {
      bus.emit('content-piece', piece(ASKED_AGAIN), long);
      expect(told).toEqual([]);
      passes(LOOK_MS / 2, LOOK_MS / 2);
    }
    passes(LOOK_MS, 0);
    bus.emit('content-piece', piece(ASKED_AGAIN), long);
    expect(told).toEqual([BUSY]);
    expect(bus.wants('content-piece', long)).toBe(false);
    end(long);
    expect(over).toEqual([]);
  });
});

it('one that cannot be played is given up at once: nothing more of it is asked for', () => {
  const { begin, bus, end, over, sessions, told } = show();
  const auth = begin(1);
  bus.emit('protocol-client', { line: 'AUTH ...' }, auth);
  bus.emit('protocol-server', { reply: '235 2.7.0 yes\r\n' }, auth);
  expect(bus.wants('content-piece', auth)).toBe(false);
  const large = begin(2);
  bus.emit('content-piece', piece(MOST_CONTENT + 1), large);
  expect(bus.wants('content-piece', large)).toBe(false);
  expect([told, sessions.size]).toEqual([['unplayable', 'unplayable'], 0]);
  for (const source of [auth, large]) {
    bus.emit('content-piece', piece(10), source);
    end(source);
  }
  expect([told.length, over]).toEqual([2, []]);
});
