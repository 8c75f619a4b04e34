// GET /trace over all processes: what arrives, in what form, and what becomes of readers who are slow, processes that die, that begin later, that do
// not answer, and of a typo in the query.
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { EventBus, type EventFields, type EventSource } from '../../../src/base/events.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { traceBounds } from '../../../src/observe/trace/following.ts';
import { Tracer } from '../../../src/observe/trace/tracer.ts';
import type { DeskQuestion } from '../../../src/ops/desk.ts';
import { AdminRig, FakeDesk } from '../../fakes/admin-rig.ts';
import { waitUntil } from '../../fakes/wait-until.ts';

/** Of 400 lines of 1000 octets. */
const ROUNDS = 20;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A process with sessions of which a spec tells what they do. */
class Worker {
  readonly bus = new EventBus((name, error) => {
    throw new Error(name, { cause: error });
  });
  readonly tracer: Tracer;
  readonly desk: FakeDesk;
  /** It answers nothing more. */
  stuck = false;
  readonly #pid: number;
  #sessions = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.tracer = new Tracer(this.bus, systemClock, () => [], { ...traceBounds, octets: 20_000 });
    ends.push(() => this.tracer.close());
    this.desk = new FakeDesk(pid, (question: DeskQuestion) => {
      if (this.stuck) return new Promise(() => undefined);
      if (question.kind === 'trace') return { kind: 'trace', ...this.tracer.take(question) };
      if (question.kind === 'trace-end') this.tracer.end(question.reader);
      return { kind: 'done' };
    });
  }

  /** Sessions are followed. */
  followed(): Promise<void> {
    return waitUntil(() => {
      if (!this.bus.wants('link-connect', sourceOf(''))) throw new Error('nobody looks yet');
    });
  }

  session(): { readonly id: string; says(line: string): void; over(): void } {
    const id = `2ASC${this.#pid}${String(++this.#sessions).padStart(10, '0')}00`;
    const source = sourceOf(id);
    this.bus.emit('link-connect', { client: '192.0.2.1', port: 1 }, source);
    return {
      id,
      says: (line) => this.bus.emit('protocol-client', { line }, source),
      over: () => {
        this.bus.emit('link-disconnect', { end: 'QUIT' } as EventFields<'link-disconnect'>, source);
        this.bus.emit('link-closed', {}, source);
      },
    };
  }
}

const sourceOf = (id: string): EventSource => ({
  about: { id },
  shows: () => true,
  verbose: () => false,
  write: () => undefined,
});

class Look {
  text = '';
  ended = false;
  readonly response: IncomingMessage;
  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('latin1');
    response.on('data', (piece: string) => {
      this.text += piece;
    });
    response.on('end', () => {
      this.ended = true;
    });
    response.on('error', () => undefined);
  }
  has(pattern: RegExp): Promise<void> {
    return waitUntil(() => expect(this.text).toMatch(pattern));
  }
}

async function rigOf(...workers: readonly Worker[]): Promise<AdminRig> {
  const rig = await AdminRig.start({ desks: workers.map(({ desk }) => desk) });
  ends.push(() => rig.stop());
  return rig;
}

function look(rig: AdminRig, query: string): Promise<Look> {
  return new Promise((resolve, reject) => {
    const asked = get(
      { host: '127.0.0.1', port: rig.port, path: `/trace${query}`, agent: false },
      (response) => resolve(new Look(response)),
    );
    asked.on('error', reject);
    ends.push(() => asked.destroy());
  });
}

it('sessions of all processes as lines of JSON in ASCII, from the next one on; nothing is left when the reader goes', async () => {
  const [a, b] = [new Worker(1), new Worker(2)];
  const rig = await rigOf(a, b);
  const one = await look(rig, '?new=1');
  expect(one.response.headers['content-type']).toBe('application/x-ndjson');
  await Promise.all([a.followed(), b.followed()]);
  const [x, y] = [a.session(), b.session()];
  x.says('NOOP \x9b2J\xff');
  y.says('QUIT');
  y.over();
  await one.has(/"end"/);
  await one.has(/NOOP/);
  expect(one.text).toMatch(/^[\n -~]*$/);
  const entries = one.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { session: string; kind: string });
  const of = (id: string) => entries.filter(({ session }) => session === id).map(({ kind }) => kind);
  expect(of(x.id)).toEqual(['connect', 'client']);
  expect(of(y.id)).toEqual(['connect', 'client', 'end']);
  expect(one.text).toContain('NOOP \\u009B2J\\u00FF');
  one.response.destroy();
  await waitUntil(() => expect(a.bus.wants('link-connect', sourceOf(''))).toBe(false));
});

it('one session as text, to its end', async () => {
  const a = new Worker(1);
  const rig = await rigOf(a, new Worker(2));
  const one = await look(rig, '?one=1&format=text&from=*@b');
  await a.followed();
  const [x, y] = [a.session(), a.session()];
  y.says('MAIL FROM:<a@c>');
  x.says('MAIL FROM:<a@b>');
  await one.has(/MAIL/);
  const z = a.session();
  z.says('MAIL FROM:<z@b>');
  x.over();
  await waitUntil(() => expect(one.ended).toBe(true));
  expect(one.text.replace(/^ *\d+\.\d/gm, '')).toBe(
    ' ms  connect 192.0.2.1\n  C: MAIL FROM:<a@b>\n  end: QUIT\n         all 0 ms\n'.replace(
      'all 0 ms',
      /all \d+ ms.*/.exec(one.text)?.[0] ?? '',
    ),
  );
});

it('a process that dies ends its sessions; one that begins later is followed, and one that stands still is named', async () => {
  const [a, b] = [new Worker(1), new Worker(2)];
  const rig = await rigOf(a, b);
  const one = await look(rig, '?format=text');
  await Promise.all([a.followed(), b.followed()]);
  const x = a.session();
  await one.has(new RegExp(`${x.id} .*connect`));
  rig.desks.shift();
  await one.has(new RegExp(`${x.id} .*end: process 1, which served it, has gone`));
  const c = new Worker(3);
  rig.desks.push(c.desk);
  await c.followed();
  const z = c.session();
  await one.has(new RegExp(`${z.id} .*connect`));
  b.stuck = true;
  await one.has(/\(process 2: no answer within 0\.1 s: its sessions are not shown meanwhile\)/);
  c.session();
  await one.has(/200 .*connect/);
  expect(one.text.match(/process 2: no answer/g)).toHaveLength(1);
});

it('one that stands still keeps nobody from showing the sessions of the others', async () => {
  const [a, b] = [new Worker(1), new Worker(2)];
  const clock = new FakeClock();
  const rig = await AdminRig.start({ desks: [a.desk, b.desk], clock });
  ends.push(() => rig.stop());
  b.stuck = true;
  const one = await look(rig, '?format=text');
  await a.followed();
  // The other one would be waited for as long as its deadline has it: this clock stands.
  for (let i = 0; i < 2; i++) {
    const { id } = a.session();
    const count = a.desk.asked.length;
    await waitUntil(() => {
      clock.advance(10);
      expect(a.desk.asked.length).toBeGreaterThan(count);
      expect(one.text).toContain(id);
    });
  }
  expect(b.desk.asked.filter(({ kind }) => kind === 'trace').length).toBeLessThanOrEqual(
    Math.ceil(a.desk.asked.length / 2) + 1,
  );
});

it('a reader who does not read loses lines, is told how many, and holds up nobody', async () => {
  const a = new Worker(1);
  const rig = await rigOf(a);
  const socket = connect(rig.port, '127.0.0.1');
  ends.push(() => socket.destroy());
  socket.write('GET /trace HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await a.followed();
  socket.pause();
  const x = a.session();
  const line = `NOOP ${'x'.repeat(1000)}`;
  // More than what the system holds for a socket, the writer, and the ring.
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < 400; n++) x.says(`${line} ${round} ${n}`);
    const { length } = a.desk.asked;
    if (round < 3) await waitUntil(() => expect(a.desk.asked.length).toBeGreaterThan(length));
  }
  x.says('LAST');
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
  });
  socket.resume();
  await waitUntil(() => expect(text).toContain('"LAST"'));
  const lost = [...text.matchAll(/"kind":"lost","entries":(\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  const got = [...text.matchAll(/"kind":"client"/g)].length;
  expect(lost).toBeGreaterThan(0);
  expect(lost + got + [...text.matchAll(/"kind":"connect"/g)].length).toBe(ROUNDS * 400 + 2);
});

it('more readers than may be are told so', async () => {
  const a = new Worker(1);
  const rig = await rigOf(a);
  const looks = await Promise.all(Array.from({ length: 9 }, () => look(rig, '')));
  const codes = looks.map(({ response }) => response.statusCode).sort();
  expect(codes).toEqual([...Array.from({ length: 8 }, () => 200), 503]);
  expect((await rig.ask('GET', '/healthz')).status).toBe(200);
});

it.each([
  ['?cleint=1', '?cleint= is not known; there are ?client= ?from= ?to= ?id= ?new= ?one= ?format= ?content='],
  ['?one=yes', '?one=yes: expected 1 or 0'],
  ['?format=xml', '?format=xml: expected json or text'],
  ['?from=a&from=b', '?from= stands there twice'],
])('%s', async (query, error) => {
  const rig = await rigOf();
  const answer = await rig.ask('GET', `/trace${query}`);
  expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { error }]);
});
