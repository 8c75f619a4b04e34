// The last minutes over HTTP: rates of several processes added up by second, the search among the last thousand transactions, and the feed.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { MOST_STREAMS } from '../../../src/admin/http-server.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { LiveBatch, SecondBatch } from '../../../src/observe/live/live-batch.ts';
import type { SessionRow } from '../../../src/ops/desk.ts';
import { AdminRig, FakeDesk, TOKEN } from '../../fakes/admin-rig.ts';
import { mailEvent } from '../../fakes/mail-event.ts';

let rig: AdminRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const NOW = 1_700_000_000;

const second = (at: number, own: Partial<SecondBatch> = {}): SecondBatch => ({
  ...{
    at,
    connections: 0,
    turned_away: 0,
    accepted: 0,
    refused: 0,
    deferred: 0,
    lost: 0,
    bytes: 0,
    sessions: 0,
  },
  ...{ refused_by: {}, deferred_by: {}, hooks: {}, next_hops: {} },
  ...own,
});

let transactions = 0;
const batch = (
  own: Partial<SecondBatch> & { readonly at: number },
  mails: readonly Parameters<typeof mailEvent>[0][] = [],
): LiveBatch => ({
  second: second(own.at, own),
  mails: mails.map((mail, i) => ({
    ...{ time: own.at * 1000 + i, session: `S${++transactions}`, mail: mailEvent(mail) },
  })),
  left_out: 0,
});

const session = (id: string, own: Partial<SessionRow> = {}): SessionRow => ({
  ...{ id, client: '192.0.2.1', host: 'mx.example', listener: 'default', state: 'command' },
  ...{ bytes: 1, messages: 0, commands: 1, seconds: 1, hello: 'mx', waits: [] },
  ...own,
});

async function start(sessions: SessionRow[] = [], place?: string) {
  const clock = new FakeClock(NOW * 1000);
  const desk = new FakeDesk(7, () => ({
    kind: 'sessions',
    total: sessions.length,
    states: { command: sessions.length },
    rows: [...sessions],
  }));
  rig = await AdminRig.start({
    clock,
    desks: [desk],
    ...(place !== undefined && { place: { kind: 'tcp', host: place, port: 0 } }),
  });
  const { live } = rig.administration;
  const read = async (path: string) => JSON.parse((await rig?.ask('GET', path))?.text ?? '');
  return { clock, live, read, rig, desk };
}

describe('rates', () => {
  it('of two processes are added up by second; seconds without news are there; late batches count', async () => {
    const { clock, live, read } = await start();
    const [one, two] = [{}, {}];
    live.take(
      one,
      batch({
        at: NOW - 3,
        accepted: 2,
        sessions: 5,
        hooks: { rcpt: [20, 3] },
        refused_by: { 'hook.rcpt': 1 },
      }),
    );
    live.take(
      two,
      batch({
        at: NOW - 3,
        accepted: 1,
        sessions: 2,
        hooks: { rcpt: [20, 1] },
        refused_by: { 'hook.rcpt': 4, errors: 1 },
      }),
    );
    live.take(two, batch({ at: NOW - 1, connections: 7, sessions: 1 }));
    const rates = await read('/rates?seconds=5');
    expect(rates.seconds).toHaveLength(5);
    expect(rates.seconds.map(({ at }: SecondBatch) => NOW - at)).toEqual([5, 4, 3, 2, 1]);
    expect(rates.seconds.map(({ accepted }: SecondBatch) => accepted)).toEqual([0, 0, 3, 0, 0]);
    expect(rates.seconds.map(({ sessions }: SecondBatch) => sessions)).toEqual([0, 0, 7, 7, 6]);
    expect(rates.seconds[2]).toMatchObject({
      refused_by: { 'hook.rcpt': 5, errors: 1 },
      hooks: { rcpt: { count: 4 } },
    });
    expect(rates.hooks.rcpt.count).toBe(4);
    live.take(one, batch({ at: NOW - 3, accepted: 10, sessions: 5 }));
    expect((await read('/rates?seconds=5')).seconds[2].accepted).toBe(13);
    live.gone(one);
    live.take(two, batch({ at: NOW, sessions: 1 }));
    clock.advance(1000);
    expect((await read('/rates?seconds=1')).seconds[0].sessions).toBe(1);
    // Too old, or of a clock that goes ahead.
    live.take(two, batch({ at: NOW - 10_000, accepted: 99 }));
    live.take(two, batch({ at: NOW + 5000, accepted: 7 }));
    clock.advance(1000);
    const all = await read('/rates?seconds=600');
    expect(all.seconds.reduce((sum: number, { accepted }: SecondBatch) => sum + accepted, 0)).toBe(20);
    clock.advance(600_000);
    expect(
      (await read('/rates?seconds=600')).seconds.every(({ accepted }: SecondBatch) => accepted === 0),
    ).toBe(true);
  });

  it('sessions of long ago are there still, and go with their process', async () => {
    const { clock, live, read } = await start();
    const one = {};
    const ends = async (seconds: number) => {
      const all: readonly SecondBatch[] = (await read(`/rates?seconds=${seconds}`)).seconds;
      return [all[0]?.sessions, all.at(-1)?.sessions];
    };
    live.take(one, batch({ at: NOW, sessions: 5 }));
    clock.advance(1000);
    expect(await ends(2)).toEqual([0, 5]);
    clock.advance(1_200_000);
    for (const seconds of [1, 60, 600]) expect(await ends(seconds)).toEqual([5, 5]);
    live.take(one, batch({ at: NOW + 1201, sessions: 6 }));
    clock.advance(2000);
    expect(await ends(600)).toEqual([5, 6]);
    live.gone(one);
    clock.advance(1000);
    expect(await ends(2)).toEqual([6, 0]);
  });

  it('a clock that was set back begins anew: no second is counted twice', async () => {
    const { clock, live, read } = await start();
    const one = {};
    for (let at = NOW; at < NOW + 100; at++) {
      clock.advance(1000);
      live.take(one, batch({ at, accepted: 10 }));
    }
    clock.setWall(-60_000);
    for (let at = NOW + 40; at < NOW + 45; at++) {
      live.take(one, batch({ at, accepted: 1 }));
      clock.advance(1000);
    }
    const { seconds } = await read('/rates?seconds=7');
    expect(seconds.map(({ accepted }: SecondBatch) => accepted)).toEqual([10, 10, 1, 1, 1, 1, 1]);
  });

  it.each(['seconds=0', 'seconds=601', 'seconds=x', 'second=1', 'seconds=1&seconds=2', 'seconds=1.5'])(
    '?%s is refused',
    async (query) => {
      const { rig } = await start();
      const answer = await rig.ask('GET', `/rates?${query}`);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/expected|known|twice/)]);
    },
  );
});

describe('transactions', () => {
  it('are found by address, client, id and Message-ID, all words, the newest first', async () => {
    const { live, read } = await start();
    live.take(
      {},
      batch({ at: NOW - 2 }, [
        { from: 'Ann@Example.com', transaction: 'T1', message_id: '<one@x>', client: '192.0.2.7' },
        {
          from: 'bob@example.com',
          transaction: 'T2',
          result: 'refused',
          to: [{ to: 'ann@example.com', status: 550 }],
          host: 'mx.bob.example',
        },
        { from: 'b\xc3\xa9a@example.com', transaction: 'T3', queue_id: 'Q77', next_hop: 'mx1:25' },
      ]),
    );
    const ids = async (query: string) =>
      (await read(`/transactions?${query}`)).transactions.map(
        ({ transaction }: { transaction: string }) => transaction,
      );
    expect(await ids('')).toEqual(['T3', 'T2', 'T1']);
    expect(await ids('limit=1')).toEqual(['T3']);
    expect(await ids('q=ann@example.com')).toEqual(['T2', 'T1']);
    expect(await ids('q=from=ANN@')).toEqual(['T1']);
    expect(await ids('q=to=ann%20result=refused')).toEqual(['T2']);
    expect(await ids('q=192.0.2.7')).toEqual(['T1']);
    expect(await ids('q=mx.bob')).toEqual(['T2']);
    expect(await ids('q=one@x')).toEqual(['T1']);
    expect(await ids('q=q77')).toEqual(['T3']);
    expect(await ids('q=B%C3%89A@')).toEqual(['T3']);
    expect(await ids('q=nobody')).toEqual([]);
    expect(await ids('q=x=y')).toEqual([]);
    expect(await read('/transactions?q=example.com&limit=1')).toMatchObject({ kept: 3, matched: 3 });
  });

  it('the last thousand are kept, of all processes in the order of time', async () => {
    const { live, read } = await start();
    const many = (at: number) =>
      batch(
        { at },
        Array.from({ length: 700 }, (_, i) => ({ transaction: `${at}-${i}` })),
      );
    live.take({}, many(NOW - 1));
    live.take({}, many(NOW - 2));
    const all = await read('/transactions?limit=1000');
    expect([all.kept, all.transactions.length]).toEqual([1000, 1000]);
    expect(all.transactions[0].transaction).toBe(`${NOW - 1}-699`);
    expect(all.transactions[999].transaction).toBe(`${NOW - 2}-400`);
  });

  it('what comes behind a clock that was set back is the newest, and stays', async () => {
    const { live, read } = await start();
    const many = (at: number, length: number) =>
      batch(
        { at },
        Array.from({ length }, (_, i) => ({ transaction: `${at}-${i}` })),
      );
    live.take({}, many(NOW, 1000));
    for (const at of [NOW - 3600, NOW - 3598, NOW - 3599]) live.take({}, many(at, 1));
    const all = await read('/transactions?limit=5');
    expect(all.kept).toBe(1000);
    expect(all.transactions.map(({ transaction }: { transaction: string }) => transaction)).toEqual([
      ...[`${NOW - 3598}-0`, `${NOW - 3599}-0`, `${NOW - 3600}-0`, `${NOW}-999`, `${NOW}-998`],
    ]);
  });

  it.each(['limit=0', 'limit=1001', 'x=1', `q=${'a%20'.repeat(9)}`])('?%s is refused', async (query) => {
    const { rig } = await start();
    expect((await rig.ask('GET', `/transactions?${query}`)).status).toBe(400);
  });
});

/** What the feed says, event by event. */
class Listener {
  readonly events: { readonly name: string; readonly data: Record<string, unknown> }[] = [];
  readonly response: IncomingMessage;
  #rest = '';

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.on('error', () => undefined);
    response.on('data', (piece: Buffer) => {
      const parts = `${this.#rest}${piece.toString('utf8')}`.split('\n\n');
      this.#rest = parts.pop() ?? '';
      for (const part of parts) {
        const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
        if (name !== '') this.events.push({ name, data: JSON.parse(data) });
      }
    });
  }

  static async open({ port }: AdminRig): Promise<Listener> {
    const [response] = await once(
      get({ host: '127.0.0.1', port, path: '/events', agent: false }),
      'response',
    );
    return new Listener(response as IncomingMessage);
  }

  async said(name: string, count = 1): Promise<Record<string, unknown>> {
    const those = () => this.events.filter((event) => event.name === name);
    await expect.poll(() => those().length).toBeGreaterThanOrEqual(count);
    return those()[count - 1]?.data ?? {};
  }
}

describe('the feed', () => {
  it('says who speaks, the sessions, then each second the rates, new transactions and what has changed of sessions', async () => {
    const sessions = [session('A'), session('B')];
    const { clock, live, rig } = await start(sessions);
    live.take({}, batch({ at: NOW - 1, accepted: 1 }, [{ transaction: 'before' }]));
    const listener = await Listener.open(rig);
    expect(await listener.said('hello')).toEqual({
      ...{ version: '1.2.3', pid: 1, started: NOW * 1000 },
      may_change: false,
    });
    expect(await listener.said('sessions')).toMatchObject({
      whole: true,
      total: 2,
      states: { command: 2 },
      gone: [],
    });
    live.take({}, batch({ at: NOW, accepted: 3 }, [{ transaction: 'T1' }, { transaction: 'T2' }]));
    sessions.splice(
      0,
      2,
      session('B', { state: 'hook', hook: 'rcpt', hook_seconds: 1, seconds: 9 }),
      session('C'),
    );
    clock.advance(200);
    expect(await listener.said('rates')).toMatchObject({ seconds: [{ at: NOW - 1 }] });
    expect(await listener.said('transactions')).toMatchObject({
      transactions: [{ transaction: 'T1' }, { transaction: 'T2' }],
      left_out: 0,
    });
    expect(await listener.said('sessions', 2)).toMatchObject({
      whole: false,
      sessions: [{ id: 'B', state: 'hook' }, { id: 'C' }],
      gone: ['A'],
    });
    clock.advance(1000);
    expect(await listener.said('rates', 2)).toMatchObject({ seconds: [{ at: NOW, accepted: 3 }] });
    // Older alone is no news.
    sessions.splice(0, 1, session('B', { state: 'hook', hook: 'rcpt', hook_seconds: 2, seconds: 10 }));
    clock.advance(1000);
    expect(await listener.said('rates', 3)).toMatchObject({ seconds: [{ at: NOW + 1, accepted: 0 }] });
    expect(listener.events.map(({ name }) => name)).toEqual([
      'hello',
      'sessions',
      'rates',
      'transactions',
      'sessions',
      'rates',
      'rates',
    ]);
    // A second of 1,000: as many as anybody can read.
    live.take(
      {},
      batch(
        { at: NOW + 3 },
        Array.from({ length: 900 }, (_, i) => ({ transaction: `M${i}` })),
      ),
    );
    clock.advance(1000);
    const many = await listener.said('transactions', 2);
    expect([(many.transactions as unknown[]).length, many.left_out]).toEqual([200, 700]);
    listener.response.destroy();
    await expect.poll(() => clock.pending).toBe(1);
  });

  it('nobody is asked without a reader, and no more may read than there are places', async () => {
    const { clock, desk, rig } = await start();
    clock.advance(4000);
    expect(desk.asked.map(({ kind }) => kind)).toEqual([]);
    const listeners = await Promise.all(Array.from({ length: MOST_STREAMS }, () => Listener.open(rig)));
    const more = await rig.ask('GET', '/events');
    expect([more.status, more.text]).toEqual([503, expect.stringContaining('8 others')]);
    const head = await rig.ask('HEAD', '/events');
    expect([head.status, head.headers['content-type']]).toEqual([200, 'text/event-stream']);
    expect((await rig.ask('GET', '/healthz')).status).toBe(200);
    listeners[0]?.response.destroy();
    await expect.poll(async () => (await Listener.open(rig)).response.statusCode).toBe(200);
  });

  it('one who reads nothing loses events, is told how many, and gets the list of sessions whole', async () => {
    const { clock, live, rig } = await start([session('A')]);
    const socket = connect(rig.port, '127.0.0.1');
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let text = '';
    const keep = (piece: Buffer) => {
      text += piece.toString('latin1');
    };
    socket.on('data', keep);
    await expect.poll(() => text).toContain('"whole":true');
    socket.pause();
    const other = await Listener.open(rig);
    const mails = Array.from({ length: 200 }, () => ({ cause: 'x'.repeat(20_000) }));
    for (let i = 1; i <= 6; i++) {
      live.take({}, batch({ at: NOW + i }, mails));
      clock.advance(1000);
      await other.said('transactions', i);
    }
    text = '';
    socket.resume();
    await expect.poll(() => text).toMatch(/"transactions":/);
    await expect
      .poll(() => {
        clock.advance(1000);
        return /event: lost\r?\ndata: \{"events":(\d+)\}/.exec(text)?.[1];
      })
      .toMatch(/^[1-9]/);
    await expect.poll(() => text.slice(text.indexOf('event: lost'))).toContain('"whole":true');
    socket.destroy();
  });

  it.each(['client=192.0.2.1', 'x='])(
    '?%s is refused: who asks for a part does not get all',
    async (query) => {
      const { rig } = await start();
      const answer = await rig.ask('GET', `/events?${query}`);
      expect([answer.status, answer.text]).toEqual([
        400,
        expect.stringContaining('nothing may be asked here'),
      ]);
    },
  );

  it('needs the token where others can reach it', async () => {
    const { rig } = await start([], '0.0.0.0');
    for (const path of ['/events', '/rates', '/transactions']) {
      expect((await rig.ask('GET', path)).status).toBe(401);
      expect((await rig.ask('HEAD', path, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    }
  });
});
