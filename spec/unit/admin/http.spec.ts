// The administration interface: who may ask, what is answered, and every way in which a request can be wrong.
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isOwnName } from '../../../src/admin/http-server.ts';
import { readFilter, readVerboseWish, routes } from '../../../src/admin/routes.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { MetricCells } from '../../../src/observe/metric/cells.ts';
import type { DeskAnswer, DeskQuestion, SessionRow } from '../../../src/ops/desk.ts';
import { AdminRig, type AdminRigSettings, adminLayout, FakeDesk, TOKEN } from '../../fakes/admin-rig.ts';
import { readExposition, seriesValue } from '../../fakes/exposition.ts';

let rigs: AdminRig[] = [];
afterEach(async () => {
  for (const rig of rigs) await rig.stop();
  rigs = [];
});

async function start(settings: AdminRigSettings = {}): Promise<AdminRig> {
  const rig = await AdminRig.start(settings);
  rigs.push(rig);
  return rig;
}

const row = (id: string, seconds: number): SessionRow => ({
  ...{ id, client: '192.0.2.1', host: '[192.0.2.1]', listener: 'default', state: 'command' },
  ...{ bytes: 1, messages: 0, commands: 1, seconds, hello: '<script>', waits: [] },
});

const ready = (problems: readonly string[] = [], connections = 0): DeskAnswer => ({
  ...{ kind: 'ready', problems, connections, limit: 10 },
});

/** A process that is well. */
function desk(pid = 7, own: Partial<Record<DeskQuestion['kind'], DeskAnswer>> = {}): FakeDesk {
  const cells = new MetricCells(adminLayout);
  cells.of('smtpe_messages_total').add(3, 'accepted');
  cells.of('smtpe_workers').set(1);
  const usual: Partial<Record<DeskQuestion['kind'], DeskAnswer>> = {
    metrics: { kind: 'metrics', values: [...cells.values], policy: [] },
    sessions: { kind: 'sessions', total: 1, states: { command: 1 }, rows: [row(`S${pid}`, pid)] },
    ready: ready(),
  };
  return new FakeDesk(pid, (question) => {
    if (question.kind === 'close') return { kind: 'closed', found: question.id === `S${pid}` };
    return own[question.kind] ?? usual[question.kind] ?? { kind: 'done' };
  });
}

/** One that stands still. */
const stuck = (pid: number): FakeDesk => new FakeDesk(pid, () => new Promise(() => undefined));

describe('who may ask', () => {
  it.each([
    ['127.0.0.1:9101', true],
    ['127.0.0.1', true],
    ['[::1]:9101', true],
    ['localhost', true],
    ['LOCALHOST:80', true],
    ['10.0.0.1', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['evil.example:9101', false],
    ['[evil]', false],
    ['[127.0.0.1]', false],
    ['::1', false],
    ['', false],
    ['127.0.0.1:9101:1', false],
    ['127.1', false],
  ])('Host: %s', (host, own) => {
    expect(isOwnName(host)).toBe(own);
  });

  it('a browser that was led here by a name of somebody else gets 403 for everything', async () => {
    const rig = await start({ desks: [desk()] });
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['GET', '/sessions'],
      ['POST', '/reload'],
    ] as const) {
      const answer = await rig.ask(method, path, { host: 'evil.example', authorization: `Bearer ${TOKEN}` });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('Host: evil.example');
    }
  });

  it('changes need the token, in full and as it is', async () => {
    let reloads = 0;
    const reload = async () => {
      reloads++;
      return { kind: 'reloaded', changed: ['workers=2'], needRestart: ['user'], silent: [9] } as const;
    };
    const rig = await start({ desks: [desk()], reload });
    for (const given of [
      undefined,
      'Bearer',
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      TOKEN,
    ]) {
      const answer = await rig.ask('POST', '/reload', given === undefined ? {} : { authorization: given });
      expect([given, answer.status, answer.headers['www-authenticate']]).toEqual([given, 401, 'Bearer']);
      expect(answer.text).not.toContain(TOKEN);
    }
    expect(reloads).toBe(0);
    const answer = await rig.order('/reload');
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { done: true, changed: ['workers=2'], need_restart: ['user'], silent: [9] },
    ]);
  });

  it('without a token file nothing changes by TCP, and everything does by the socket', async () => {
    const rig = await start({ desks: [desk()], token: undefined });
    const refused = await rig.ask('POST', '/drain', { authorization: 'Bearer undefined' });
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('admin-token-file')]);
    const local = await start({ desks: [desk()], token: undefined, place: { kind: 'unix', path: '/x' } });
    expect((await local.ask('POST', '/drain', { host: 'anything' })).status).toBe(200);
  });

  it('at an address that others can reach only health is for everybody', async () => {
    const rig = await start({ desks: [desk()], place: { kind: 'tcp', host: '0.0.0.0', port: 0 } });
    for (const route of routes.filter(({ method }) => method === 'GET')) {
      const status = (await rig.ask('GET', route.path.replace('*', 'main.js'))).status;
      expect([route.path, status]).toEqual([route.path, route.open ? 200 : 401]);
    }
    const read = await rig.ask('GET', '/metrics', { authorization: `Bearer ${TOKEN}` });
    expect(read.status).toBe(200);
  });
});

describe('what is wrong with a request', () => {
  it('an unknown path, another method, HEAD', async () => {
    const rig = await start({ desks: [desk()] });
    const unknown = await rig.ask('GET', '/metric');
    expect([unknown.status, unknown.text]).toEqual([404, expect.stringContaining('GET /metrics')]);
    for (const [method, path, allow] of [
      ['PUT', '/metrics', 'GET, HEAD'],
      ['POST', '/metrics', 'GET, HEAD'],
      ['GET', '/reload', 'POST'],
      ['DELETE', '/sessions/x/close', 'POST'],
      ['OPTIONS', '/healthz', 'GET, HEAD'],
    ] as const) {
      const answer = await rig.ask(method, path, { authorization: `Bearer ${TOKEN}` });
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, allow]);
    }
    const head = await rig.ask('HEAD', '/healthz');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '3']);
    for (const path of ['/sessions//close', '/sessions/a/b/close', '/healthz/', '//healthz'])
      expect((await rig.ask('GET', path)).status).toBe(404);
  });

  it('content where none is taken, too much of it, and what is no JSON', async () => {
    const rig = await start({ desks: [desk()] });
    expect((await rig.order('/reload', '{}')).status).toBe(413);
    expect((await rig.order('/verbose', `{"smtp":true,"x":"${'y'.repeat(5000)}"}`)).status).toBe(413);
    expect((await rig.order('/verbose', '{"smtp":tru')).status).toBe(400);
    expect((await rig.order('/verbose', '{"smtp":true,"for":300}')).status).toBe(200);
    expect((await rig.order('/verbose')).status).toBe(400);
  });

  it.each([
    [
      'a header that is too large',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(9000)}\r\n\r\n`,
      431,
    ],
    ['no HTTP', 'EHLO x\r\n\r\n', 400],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['a whole URL', 'GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['a header that does not end', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ', 408],
    [
      'content that does not come',
      `POST /verbose HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 9\r\n\r\n{`,
      408,
    ],
  ])('%s', async (_, text, status) => {
    const rig = await start({ desks: [desk()], requestMs: 200 });
    const socket = connect(rig.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    let said = '';
    for await (const piece of socket) said += String(piece);
    expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(rig.log.lines).toEqual([]);
  });

  it('a bug is a 500 and a line in the log, and the next one is answered', async () => {
    const rig = await start({
      desks: [desk()],
      reload: () => {
        throw new Error('of a spec');
      },
    });
    expect((await rig.order('/reload')).status).toBe(500);
    expect(rig.log.lines.map(({ message }) => message)).toEqual(['error in the administration interface']);
    expect((await rig.ask('GET', '/healthz')).status).toBe(200);
  });

  it('filters and wishes say what would be right', () => {
    const filter = (text: string) => readFilter(new URLSearchParams(text));
    expect(filter('client=192.0.2.0/24&state=hook')).toEqual({ client: '192.0.2.0/24', state: 'hook' });
    expect(filter('client=2001:db8::1')).toEqual({ client: '2001:db8::1' });
    expect(filter('')).toEqual({});
    for (const bad of ['client=x', 'state=sleeping', 'client=']) {
      expect(filter(bad), bad).toMatch(/expected/);
    }
    expect(readVerboseWish({ smtp: true, dns: false, for: 5 })).toEqual({ words: '+smtp -dns', seconds: 5 });
    for (const bad of [
      ...[null, [], 1, {}, { for: 5 }, { smtp: true }, { smtp: 1, for: 5 }, { smpt: true, for: 5 }],
      ...[
        { smtp: true, for: 0 },
        { smtp: true, for: 1.5 },
        { smtp: true, for: 1e9 },
        { smtp: true, for: '5' },
      ],
    ])
      expect(typeof readVerboseWish(bad), JSON.stringify(bad)).toBe('string');
  });
});

describe('what is answered', () => {
  it('health: one process that answers is enough, and else it is said who does not', async () => {
    const rig = await start({ desks: [desk(), stuck(8)] });
    expect((await rig.ask('GET', '/healthz')).text).toBe('ok\n');
    rig.desks.splice(0, 1);
    const answer = await rig.ask('GET', '/healthz');
    expect([answer.status, answer.text]).toEqual([503, 'process 8: no answer within 0.1 s\n']);
    rig.desks.splice(0, 1);
    expect((await rig.ask('GET', '/healthz')).text).toBe('no process serves\n');
  });

  it('readiness: every reason, and the limit of connections', async () => {
    const problems = ['spool-dir=/x: it is full'];
    const rig = await start({
      desks: [desk(7, { ready: ready(problems, 10) }), desk(8, { ready: ready(problems, 10) })],
    });
    const answer = await rig.ask('GET', '/readyz');
    expect([answer.status, answer.text]).toEqual([
      503,
      'spool-dir=/x: it is full\n10 connections: limit-connections=10\n',
    ]);
    expect((await (await start({ desks: [desk()] })).ask('GET', '/readyz')).text).toBe('ok\n');
    const ending = await start({ desks: [desk()], ending: true });
    expect((await ending.ask('GET', '/readyz')).text).toBe('the service ends\n');
    expect((await ending.ask('GET', '/healthz')).status).toBe(200);
  });

  it('metrics: all processes together, without the one that stands still', async () => {
    const rig = await start({ desks: [desk(7), desk(8), stuck(9)] });
    const answer = await rig.ask('GET', '/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const found = readExposition(answer.text);
    expect(seriesValue(found, 'smtpe_messages_total', { result: 'accepted' })).toBe(6);
    expect(seriesValue(found, 'smtpe_workers')).toBe(2);
  });

  it('sessions: all of them with who is missing, and one of them closed', async () => {
    const rig = await start({ desks: [desk(7), desk(8), stuck(9)] });
    const list = JSON.parse((await rig.ask('GET', '/sessions?state=command')).text);
    expect(list.sessions.map(({ id }: SessionRow) => id)).toEqual(['S8', 'S7']);
    expect([list.total, list.silent]).toEqual([2, [9]]);
    rig.desks.pop();
    expect((await rig.order('/sessions/S8/close')).status).toBe(200);
    expect((await rig.order('/sessions/S1/close')).status).toBe(404);
    expect((await rig.ask('GET', '/sessions?state=x')).status).toBe(400);
  });

  it('info', async () => {
    const rig = await start({ desks: [desk()] });
    expect(JSON.parse((await rig.ask('GET', '/info')).text)).toMatchObject({
      ...{ version: '1.2.3', node: process.version, processes: 1, draining: false },
      policy: { path: 'policy.lua', digest: 'sha256:00' },
      options: [{ name: 'workers', text: '2', origin: 'command line' }],
    });
  });

  it('a reload that was refused: 422 and what is wrong', async () => {
    const problems = ['policy.lua:3: unexpected symbol'];
    const rig = await start({ desks: [desk()], reload: async () => ({ kind: 'kept', problems }) });
    const answer = await rig.order('/reload');
    expect([answer.status, JSON.parse(answer.text).problems]).toEqual([422, problems]);
  });
});

describe('drain and verbose', () => {
  it('drain: not ready at once, turned away when the wait is over, and taken back; who comes later is told', async () => {
    const clock = new FakeClock();
    const first = desk();
    const rig = await start({ desks: [first], clock, drainWait: 5 });
    expect(JSON.parse((await rig.order('/drain')).text)).toEqual({ done: true, wait: 5 });
    expect((await rig.ask('GET', '/readyz')).text).toContain('draining');
    expect((await rig.ask('GET', '/healthz')).status).toBe(200);
    const drains = (of: FakeDesk) => of.asked.filter(({ kind }) => kind === 'drain');
    clock.advance(4999);
    expect(drains(first)).toEqual([]);
    clock.advance(1);
    expect(drains(first)).toEqual([{ kind: 'drain', on: true }]);
    const later = desk(8);
    rig.desks.push(later);
    await rig.administration.welcome(later);
    expect(drains(later)).toEqual([{ kind: 'drain', on: true }]);
    await rig.order('/undrain');
    expect(drains(first).at(-1)).toEqual({ kind: 'drain', on: false });
    expect((await rig.ask('GET', '/readyz')).status).toBe(200);
    expect(rig.log.lines.map(({ message }) => message)).toEqual([
      ...['draining: not ready from now on', 'not draining any more'],
    ]);
  });

  it('undrain before the wait is over: nobody is turned away', async () => {
    const clock = new FakeClock();
    const only = desk();
    const rig = await start({ desks: [only], clock });
    await rig.order('/drain');
    await rig.order('/undrain');
    clock.advance(60_000);
    expect(only.asked.filter((asked) => asked.kind === 'drain' && asked.on)).toEqual([]);
  });

  it('verbose: for its time, and the last one counts', async () => {
    const clock = new FakeClock();
    const only = desk();
    const rig = await start({ desks: [only], clock });
    await rig.order('/verbose', '{"smtp":true,"for":10}');
    await rig.order('/verbose', '{"dns":true,"smtp":false,"for":20}');
    clock.advance(10_000);
    const words = () =>
      only.asked.flatMap((asked) => (asked.kind === 'verbose' ? [asked.words ?? 'as in the options'] : []));
    expect(words()).toEqual(['+smtp', '+dns -smtp']);
    clock.advance(10_000);
    expect(words()).toEqual(['+smtp', '+dns -smtp', 'as in the options']);
  });
});
