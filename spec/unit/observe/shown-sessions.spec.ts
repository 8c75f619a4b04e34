// What a shadow policy is shown of sessions: all that was said, in octets, as it is read on the other side; nothing of one with a log-in, nor of one that is
// too large.
import { expect, it } from 'vitest';
import { EventBus, type EventFields, type EventSource } from '../../../src/base/events.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import {
  MOST_ASIDE,
  MOST_CONTENT,
  type SessionToShow,
  ShownSessions,
} from '../../../src/observe/record/shown-sessions.ts';
import { readShown, stepText } from '../../../src/observe/record/shown-text.ts';

interface Shown {
  readonly bus: EventBus;
  readonly over: SessionToShow[];
  readonly told: string[];
  readonly sessions: ShownSessions;
  begin(n: number): EventSource;
  end(source: EventSource): void;
}

function show(): Shown {
  const bus = new EventBus((name, error) => {
    throw new Error(name, { cause: error });
  });
  const over: SessionToShow[] = [];
  const told: string[] = [];
  const sessions = new ShownSessions({ bus, clock: new FakeClock(), random: () => 0 }, 100, {
    over: (session) => over.push(session),
    skip: (cause) => told.push(cause),
    unplayable: () => told.push('unplayable'),
  });
  return {
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
