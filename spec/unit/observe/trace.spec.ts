// Who follows which sessions of a process: filters before anything is kept, bounds, readers that are slow, gone or come late.
import { afterEach, describe, expect, it } from 'vitest';
import type { EventSource } from '../../../src/base/events.ts';
import { EventBus, type EventFields } from '../../../src/base/events.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { TraceEntry } from '../../../src/observe/trace/entry.ts';
import { ladder } from '../../../src/observe/trace/ladder.ts';
import { Ring } from '../../../src/observe/trace/ring.ts';
import { type PresentSession, Tracer } from '../../../src/observe/trace/tracer.ts';
import { matchesPattern, readWish, type TraceWish, WishMatch } from '../../../src/observe/trace/wish.ts';

const clock = new FakeClock();
const bus = new EventBus((name, error) => {
  throw new Error(name, { cause: error });
});
const tracers: Tracer[] = [];
afterEach(() => {
  for (const tracer of tracers.splice(0)) tracer.close();
  expect(clock.pending).toBe(0);
});

/** A session of which a spec tells what it does. */
class Session {
  readonly source: EventSource;
  readonly id: string;
  readonly client: string;
  constructor(id: string, client = '192.0.2.1') {
    this.id = id;
    this.client = client;
    this.source = { about: { id }, shows: () => true, verbose: () => false, write: () => undefined };
  }
  connect(): this {
    bus.emit('link-connect', { client: this.client, port: 25 }, this.source);
    return this;
  }
  says(...lines: readonly string[]): this {
    for (const line of lines) bus.emit('protocol-client', { line }, this.source);
    return this;
  }
  hears(reply: string): this {
    bus.emit('protocol-server', { reply }, this.source);
    return this;
  }
  over(): void {
    bus.emit('link-disconnect', { end: 'QUIT' } as EventFields<'link-disconnect'>, this.source);
    bus.emit('link-closed', {}, this.source);
  }
}

const idOf = (n: number): string => `2ASC00000${String(n).padStart(7, '0')}00`;
const session = (n: number, client?: string): Session => new Session(idOf(n), client).connect();

function open(present: readonly PresentSession[] = [], bounds = {}): Tracer {
  const tracer = new Tracer(bus, clock, () => present, {
    ...{ sessions: 3, octets: 4000, candidates: 5, candidateOctets: 1000 },
    ...bounds,
  });
  tracers.push(tracer);
  return tracer;
}

const ALL: TraceWish = { fresh: true };
const MUCH = 1e9;

/** A reader who takes what there is. */
function reader(tracer: Tracer, wish: TraceWish = ALL, name = 'r1') {
  let have = 0;
  const take = (most = MUCH, only?: string) => {
    const given = tracer.take({
      ...{ reader: name, wish, have, most },
      ...(only !== undefined && { only }),
    });
    have = given.number;
    return given;
  };
  take();
  return take;
}

const kinds = (entries: readonly TraceEntry[]): readonly string[] => entries.map(({ kind }) => kind);
const clientLines = (entries: readonly TraceEntry[]): readonly string[] =>
  entries.flatMap((entry) => (entry.kind === 'client' ? [entry.line] : []));

describe('a tracer', () => {
  it('hears nothing while nobody looks, and nothing is left behind him', () => {
    const tracer = open();
    const one = session(1);
    expect(bus.wants('protocol-client', one.source)).toBe(false);
    const take = reader(tracer);
    expect(bus.wants('protocol-client', one.source)).toBe(false);
    const two = session(2);
    expect(bus.wants('protocol-client', two.source)).toBe(true);
    two.says('NOOP').over();
    expect(kinds(take().entries)).toEqual(['connect', 'client', 'end']);
    expect(tracer.sessions).toBe(0);
    tracer.end('r1');
    session(3);
    expect(bus.wants('link-connect', one.source)).toBe(false);
  });

  it('shows sessions that are there already, and not what they said before', () => {
    const tracer = open([{ id: idOf(1), client: '192.0.2.1' }]);
    const one = session(1).says('EHLO a');
    tracer.take({ reader: 'r1', wish: { fresh: false }, have: 0, most: 0 });
    one.says('AUTH ...').hears('235 2.7.0 sesame\r\n').says('NOOP').hears('250 ok\r\n');
    const { entries } = tracer.take({ reader: 'r1', wish: ALL, have: 0, most: MUCH });
    expect(kinds(entries)).toEqual(['joined', 'client', 'server', 'client', 'server']);
    expect(JSON.stringify(entries)).not.toContain('sesame');
  });

  it('who joins a session to which nobody has listened hears the very next thing, and whoever joins behind him has his own times', () => {
    const tracer = open([{ id: idOf(1), client: '192.0.2.1' }]);
    const one = session(1);
    reader(tracer, ALL, 'other');
    one.says('EHLO a').hears('250 ok\r\n');
    const take = reader(tracer, { fresh: false }, 'late');
    one.says('NOOP');
    expect(kinds(take().entries)).toEqual(['client']);
    clock.advance(5000);
    tracer.end('late');
    const again = reader(tracer, { fresh: false }, 'later');
    one.says('RSET');
    expect(again().entries.map(({ at, kind }) => [kind, at])).toEqual([['client', 0]]);
    one.over();
  });

  it('who joins in the middle of AUTH sees nothing of what its hook does', () => {
    const tracer = open([{ id: idOf(1), client: '192.0.2.1' }]);
    const one = session(1).says('AUTH ...');
    const take = reader(tracer, { fresh: false });
    const at = one.source;
    bus.emit('hook-waits', { function: 'dns.a', what: 'dns.a (sesame.example)', place: '' }, at);
    bus.emit('dns-told', { question: 'A sesame.example', outcome: '192.0.2.9', seconds: 0 }, at);
    bus.emit('hook-goes-on', { function: 'dns.a', outcome: 'sesame' }, at);
    bus.emit('client-written', { text: 'sesame' }, at);
    bus.emit('hook-ends', { hook: 'auth', result: '235 sesame' }, at);
    one.hears('235 2.7.0 sesame\r\n');
    expect(JSON.stringify(take().entries)).not.toContain('sesame');
  });

  it.each([
    ['AUTH ...', 'hook.auth: policy.lua:3: sesame', 'hook.auth: ***'],
    ['AUTH ...', 'the client closed the connection', 'the client closed the connection'],
    ['NOOP', 'hook.noop: policy.lua:3: no such thing', 'hook.noop: policy.lua:3: no such thing'],
  ])('behind %s the end %s is told as %s', (line, cause, shown) => {
    const tracer = open();
    const take = reader(tracer);
    const one = session(1).says(line);
    bus.emit('link-disconnect', { end: cause } as EventFields<'link-disconnect'>, one.source);
    expect(take().entries.at(-1)).toMatchObject({ kind: 'end', cause: shown });
  });

  it('a text of megabytes is cut', () => {
    const tracer = open();
    const take = reader(tracer);
    const one = session(1);
    bus.emit('client-written', { text: 'x'.repeat(5_000_000) }, one.source);
    const { entries } = take();
    expect(entries.at(-1)).toMatchObject({
      kind: 'written',
      text: expect.stringMatching(/x\.\.\.\(\+\d+\)$/),
    });
    expect(JSON.stringify(entries).length).toBeLessThan(40_000);
  });

  it.each<[string, TraceWish, readonly number[]]>([
    ['a network', { fresh: true, client: '192.0.2.0/24' }, [1, 3]],
    ['a sender', { fresh: true, from: '*@b.example' }, [1]],
    ['a recipient', { fresh: true, to: 'X@*' }, [1, 3]],
    ['both', { fresh: true, from: 'c@*', to: 'x@d.example' }, [3]],
    ['a transaction', { fresh: true, id: `${idOf(2).slice(0, 16)}7k` }, [2]],
  ])('%s', (_, wish, wanted) => {
    const take = reader(open(), wish);
    const lines = ['EHLO a', 'RCPT TO:<x@d.example>', 'RSET'];
    session(1).says('MAIL FROM:<a@b.example>', ...lines);
    session(2, '198.51.100.1').says('MAIL FROM:<c@d.example>', 'RCPT TO:<y@d.example>', 'NOOP');
    session(3).says('mail from: c@d.example SIZE=1', 'RCPT TO:<@relay:"a>"@x>', ...lines);
    const ids = new Set(take().entries.map((entry) => entry.session));
    expect([...ids]).toEqual(wanted.map(idOf));
  });

  it('a session that turns out to be meant is shown from its beginning, one that does not is not kept', () => {
    const tracer = open();
    const take = reader(tracer, { fresh: true, from: 'a@b' });
    const one = session(1).says('EHLO a', 'MAIL FROM:<z@b>');
    const two = session(2).says('EHLO a');
    expect(take().entries).toEqual([]);
    two.over();
    one.says('RSET', 'MAIL FROM:<a@b>');
    expect(clientLines(take().entries)).toEqual(['EHLO a', 'MAIL FROM:<z@b>', 'RSET', 'MAIL FROM:<a@b>']);
    expect(tracer.sessions).toBe(1);
  });

  it('follows no more than there are places for, tells how many it does not, and has the place again', () => {
    const tracer = open();
    const take = reader(tracer);
    const sessions = [1, 2, 3, 4, 5].map((n) => session(n));
    const first = take();
    expect(first.missed).toBe(2);
    expect(new Set(first.entries.map((entry) => entry.session)).size).toBe(3);
    sessions[0]?.over();
    take();
    session(6).says('NOOP');
    expect(take()).toMatchObject({ missed: 0, entries: [{ session: idOf(6) }, { session: idOf(6) }] });
  });

  it('candidates have places of their own', () => {
    const tracer = open();
    const take = reader(tracer, { fresh: true, from: 'a@b' });
    const sessions = [1, 2, 3, 4, 5, 6].map((n) => session(n));
    for (const one of sessions) one.says('MAIL FROM:<a@b>');
    const { entries, missed } = take();
    expect(new Set(entries.map((entry) => entry.session)).size).toBe(3);
    expect(missed).toBe(3);
    expect(tracer.sessions).toBe(3);
  });

  it('a reader who is too slow loses the oldest lines, and is told how many', () => {
    const tracer = open();
    const take = reader(tracer);
    const one = session(1);
    for (let n = 0; n < 1000; n++) one.says(`NOOP ${n}`);
    const { entries } = take();
    const [lost] = entries;
    if (lost?.kind !== 'lost') throw new Error('nothing is lost');
    expect(lost.entries + entries.length - 1).toBe(1001);
    expect(clientLines(entries).at(-1)).toBe('NOOP 999');
    expect(ladder(entries)).toContain(`(${lost.entries} entries are lost: they were not read in time)`);
  });

  it('an answer that did not arrive is given again', () => {
    const tracer = open();
    const asked = { reader: 'r1', wish: ALL, most: MUCH };
    tracer.take({ ...asked, have: 0 });
    session(1);
    const given = tracer.take({ ...asked, have: 1 });
    expect(kinds(given.entries)).toEqual(['connect']);
    expect(tracer.take({ ...asked, have: 1 })).toEqual(given);
    expect(tracer.take({ ...asked, have: given.number }).entries).toEqual([]);
  });

  it('a reader who does not ask any more is forgotten; one who wants nothing now is not', () => {
    const tracer = open();
    reader(tracer);
    const slow = reader(tracer, ALL, 'r2');
    session(1);
    clock.advance(9_000);
    slow(0);
    clock.advance(2_000);
    expect(bus.wants('link-connect', session(2).source)).toBe(true);
    expect(kinds(slow().entries)).toEqual(['connect', 'connect']);
    clock.advance(10_000);
    expect(bus.wants('link-connect', session(3).source)).toBe(false);
  });

  it('two readers have the same session each for himself', () => {
    const tracer = open();
    const [a, b] = [reader(tracer), reader(tracer, ALL, 'r2')];
    const one = session(1).says('NOOP');
    expect(kinds(a().entries)).toEqual(['connect', 'client']);
    one.over();
    expect(kinds(a().entries)).toEqual(['end']);
    expect(kinds(b().entries)).toEqual(['connect', 'client', 'end']);
  });

  it('a reader who has chosen one session holds no place for others', () => {
    const tracer = open();
    const take = reader(tracer);
    session(1);
    session(2);
    expect(take(MUCH, idOf(2)).entries.map((entry) => entry.session)).toEqual([idOf(2)]);
    session(3).says('NOOP');
    expect(take(MUCH, idOf(2)).entries).toEqual([]);
    expect(tracer.sessions).toBe(1);
  });
});

describe('a ring', () => {
  const entry = (n: number): TraceEntry => ({ kind: 'client', line: `${n}`, session: 's', at: n });

  it('gives what there is in order, in pieces, and holds no more than it may', () => {
    const ring = new Ring(10_000);
    let taken = 0;
    for (let n = 0; n < 10_000; n++) {
      ring.push(entry(n));
      if (n % 3 === 0) taken += ring.take(1).entries.filter(({ kind }) => kind === 'client').length;
    }
    expect(taken).toBe(3334);
    const rest = ring.take(MUCH).entries;
    expect(rest.length).toBeLessThan(100);
    expect(rest.at(-1)).toEqual(entry(9999));
    expect(ring.isEmpty).toBe(true);
  });
});

describe('a wish', () => {
  it.each([
    ['*@b\u00fccher.example', 'MAIL FROM:<a@b\u00fccher.example> SMTPUTF8', true],
    ['*@b\u00dcCHER.example', 'MAIL FROM:<a@b\u00fccher.example> SMTPUTF8', true],
    ['?@b.example', 'MAIL FROM:<\u4e2d@b.example>', true],
    ['*@bucher.example', 'MAIL FROM:<a@b\u00fccher.example>', false],
  ])('%s is text, what the client says are octets: %s', (from, line, matches) => {
    const octets = Buffer.from(line, 'utf8').toString('latin1');
    expect(new WishMatch({ from, fresh: true }).line(octets)).toBe(matches);
  });

  it('octets that are no UTF-8 are characters', () => {
    expect(new WishMatch({ from: '?@b.example', fresh: true }).line('MAIL FROM:<\xff@b.example>')).toBe(true);
  });

  it.each([
    ['*@b.example', 'A@B.example', true],
    ['*@b.example', 'a@b.example.org', false],
    ['', '', true],
    ['', 'a', false],
    ['a?c*', 'abcd', true],
    ['*a*b*c', 'xxaxxbxxc', true],
    ['*a*b*c', 'xxaxxcxxb', false],
    [`${'*a'.repeat(100)}b`, 'a'.repeat(300), false],
  ])('%s matches %s: %s', (pattern, text, matches) => {
    expect(matchesPattern(pattern, text)).toBe(matches);
  });

  it.each([
    ['client=192.0.2.0/24&from=a@*&new=1', { client: '192.0.2.0/24', from: 'a@*', fresh: true }],
    ['client=here', '?client=here: expected an address or a network such as 192.0.2.0/24'],
    [
      'id=1',
      '?id=1: expected the id of a session or of a transaction, 18 letters and digits as the log has it',
    ],
    [`to=${'x'.repeat(321)}`, '?to=: expected a pattern such as *@example.com, at most 320 characters'],
  ])('%s', (query, wish) => {
    expect(readWish(new URLSearchParams(query))).toEqual(wish);
  });
});
