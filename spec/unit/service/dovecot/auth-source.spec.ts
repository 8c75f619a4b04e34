// Dovecot's auth socket, played by a server on a UNIX socket: what comes out of it, and that nothing is left.

import type { Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { AuthConnection, type AuthRequest } from '../../../../src/service/dovecot/auth-connection.ts';
import { DovecotAuth } from '../../../../src/service/dovecot/auth-source.ts';
import type { AuthAnswer, Credentials } from '../../../../src/users/auth-source.ts';
import { type FakeDovecot, HANDSHAKE, plainOf, type Say, startDovecot } from '../../../fakes/dovecot-auth.ts';

let clock: FakeClock;
let source: DovecotAuth;
let running: FakeDovecot[];

beforeEach(() => {
  clock = new FakeClock();
  source = new DovecotAuth({ clock, random: (limit) => limit - 1 });
  running = [];
});
afterEach(async () => {
  source.close();
  for (const one of running) await one.close();
  expect(clock.pending).toBe(0);
});

async function dovecot(say: Say, handshake?: string, path?: string): Promise<FakeDovecot> {
  const one = await startDovecot(say, handshake, path);
  running.push(one);
  return one;
}

interface Asking {
  readonly user?: string;
  readonly password?: string;
  readonly authorize?: string;
  readonly signal?: AbortSignal;
}

function ask(
  path: string,
  { signal = new AbortController().signal, ...given }: Asking = {},
): Promise<AuthAnswer> {
  const { values } = createOptions({ 'smtp-auth-dovecot': path });
  expect(source.isOn(values)).toBe(true);
  const about = {
    session: 's1',
    address: '192.0.2.1',
    port: 99,
    localAddress: '192.0.2.25',
    localPort: 587,
    secure: true,
    realAddress: '192.0.2.1',
    mechanism: 'PLAIN',
    serverName: undefined,
    log: new RecordLog(),
  };
  const credentials: Credentials = { user: 'alice', password: 'secret', authorize: '', ...given };
  return source.verify(credentials, { ...about, values, signal });
}

const unavailable = (cause: string): AuthAnswer => ({ kind: 'unavailable', cause });
const accepted = (user: string): AuthAnswer => ({ kind: 'accepted', user });
const MISMATCH = { kind: 'refused', why: 'mismatch' };
const okFor = (line: readonly string[]): string => `OK\t${line[1]}\tuser=${plainOf(line)[1]}\n`;

describe('smtp-auth-dovecot', () => {
  it('is off without a path', () => {
    expect(source.isOn(createOptions().values)).toBe(false);
  });

  it('asks with PLAIN over one connection, and knows each answer by its number', async () => {
    const held: (readonly string[])[] = [];
    const one = await dovecot((line) => {
      held.push(line);
      // The last is answered first.
      return held.length < 20 ? undefined : held.toReversed().map(okFor).join('');
    });
    const users = Array.from({ length: 20 }, (_, at) => `user${at}`);
    const answers = await Promise.all(users.map((user) => ask(one.path, { user })));
    expect(answers).toEqual(users.map(accepted));
    expect(one.server.connections).toHaveLength(1);
    expect(one.lines.slice(0, 2)).toEqual([
      ['VERSION', '1', '1'],
      ['CPID', String(0x7fff_ffff)],
    ]);
    expect(one.lines[2]?.slice(0, -1)).toEqual(
      'AUTH 1 PLAIN service=smtp nologin secured=tls lip=192.0.2.25 rip=192.0.2.1 lport=587 rport=99 session=s1'.split(
        ' ',
      ),
    );
    expect(plainOf(one.lines[2] ?? [])).toEqual(['', 'user0', 'secret']);
  });

  it('gives octets as they are, and whom the user wants to act for', async () => {
    const one = await dovecot(okFor);
    const asked = { user: '\xe9 \t', password: ' p\xff\x01', authorize: 'b\xf6ss' };
    await ask(one.path, asked);
    expect(plainOf(one.lines.at(-1) ?? [])).toEqual([asked.authorize, asked.user, asked.password]);
  });

  it('speaks LOGIN where PLAIN is not offered', async () => {
    const said: string[] = [];
    const one = await dovecot(
      (line) => {
        const [verb, id] = line;
        if (verb === 'AUTH') return `CONT\t${id}\tVXNlcm5hbWU6\n`;
        said.push(Buffer.from(line[2] ?? '', 'base64').toString('latin1'));
        return said.length === 1 ? `CONT\t${id}\tUGFzc3dvcmQ6\n` : `OK\t${id}\tuser=${said[0]}\n`;
      },
      HANDSHAKE.replace('MECH\tPLAIN\tplaintext\n', ''),
    );
    expect(await ask(one.path)).toEqual(accepted('alice'));
    expect(said).toEqual(['alice', 'secret']);
    expect(one.lines.some((line) => line.some((field) => field.startsWith('resp=')))).toBe(false);
    // It has no word for that.
    expect(await ask(one.path, { authorize: 'boss' })).toEqual(MISMATCH);
  });

  it('says so when neither is offered', async () => {
    const one = await dovecot(okFor, 'VERSION\t1\t2\nMECH\tGSSAPI\nDONE\n');
    expect(await ask(one.path)).toEqual(unavailable('Dovecot offers neither PLAIN nor LOGIN'));
  });

  it('asks nobody about what would be too long for the line: it is one connection for all', async () => {
    const one = await dovecot(okFor);
    const longest = 'x'.repeat(5800);
    expect(await ask(one.path, { password: longest })).toEqual(accepted('alice'));
    expect(await ask(one.path, { password: 'x'.repeat(6000) })).toEqual(MISMATCH);
    expect(await ask(one.path, { user: 'x'.repeat(9000) })).toEqual(MISMATCH);
    expect(one.lines).toHaveLength(3);
  });

  const MUST_NOT = 'Dovecot said what it must not: ';
  const hostile: readonly (readonly [string, Say, string])[] = [
    ['nonsense', () => 'OK\tx\n', 'an answer without the number of its request'],
    ['an answer to nobody', () => 'OK\t2\tuser=a\n', 'an answer to a request that was not made'],
    ['an answer to number 0', () => 'FAIL\t0\n', 'an answer to a request that was not made'],
    ['a long line', () => `${'x'.repeat(20_000)}\n`, 'a line that is too long'],
    [
      'a question',
      ([, id]) => `CONT\t${id}\tUGFzc3dvcmQ6\n`,
      'a question where there is nothing to be asked',
    ],
  ];
  it.each(hostile)('does not believe %s, nor what follows it', async (_, say, why) => {
    const one = await dovecot(async (line, connection, index) => {
      const said = await say(line, connection, index);
      return `${said}OK\t1\tuser=root\n`;
    });
    expect(await ask(one.path)).toEqual(unavailable(MUST_NOT + why));
    // It was tried once more.
    expect(one.server.connections).toHaveLength(2);
    await one.server.quiet();
  });

  it('does not believe OK before it has given the password', async () => {
    const login = HANDSHAKE.replace('MECH\tPLAIN\tplaintext\n', '');
    for (const before of [0, 1]) {
      let questions = 0;
      const one = await dovecot(([, id]) => {
        return questions++ % (before + 1) < before ? `CONT\t${id}\t\n` : `OK\t${id}\tuser=root\n`;
      }, login);
      expect(await ask(one.path)).toEqual(unavailable(`${MUST_NOT}OK before it had the password`));
    }
  });

  it.each([
    ['FAIL, then OK', 'FAIL\t1\tuser=a\nOK\t1\tuser=a\n', MISMATCH],
    ['OK, then FAIL', 'OK\t1\tuser=a\nFAIL\t1\n', accepted('a')],
    ['two OK', 'OK\t1\tuser=a\nOK\t1\tuser=b\n', accepted('a')],
  ])('takes the first of two answers: %s', async (_, said, answer) => {
    const one = await dovecot(([, id], _connection, _index) => (id === '1' ? said : `OK\t${id}\tuser=c\n`));
    expect(await ask(one.path)).toEqual(answer);
    expect(await ask(one.path)).toEqual(accepted('c'));
    expect(one.server.connections).toHaveLength(1);
  });

  it.each([
    ['there is no socket', '/nonexistent/auth', 'no such file'],
    ['it is no socket', '/etc/passwd', 'connection refused'],
  ])('says why when %s', async (_, path, why) => {
    expect(await ask(path)).toEqual(unavailable(`cannot connect to ${path}: ${why}`));
    expect(await ask(path)).toEqual(unavailable(`cannot connect to ${path}: ${why}`));
  });

  it('asks once more on a new connection when Dovecot restarts, and only once', async () => {
    const one = await dovecot((line, connection, index) => {
      if (index < 1) connection.socket.destroy();
      return index < 1 ? undefined : okFor(line);
    });
    const users = ['a', 'b', 'c'];
    expect(await Promise.all(users.map((user) => ask(one.path, { user })))).toEqual(users.map(accepted));
    expect(one.server.connections).toHaveLength(2);
    const gone = await dovecot((_line, connection) => void connection.end());
    expect(await ask(gone.path)).toEqual(unavailable('Dovecot closed the connection'));
    expect(gone.server.connections).toHaveLength(2);
    await gone.server.quiet();
  });

  it('makes a new connection when the old one was closed while nobody asked', async () => {
    const one = await dovecot(okFor);
    await ask(one.path);
    one.server.connections[0]?.end();
    await one.server.connections[0]?.closed;
    expect(await ask(one.path)).toEqual(accepted('alice'));
    expect(one.server.connections).toHaveLength(2);
  });

  it.each([
    ['in the handshake', ''],
    ['behind it', HANDSHAKE],
  ])('gives up a server that is silent %s, in time', async (_, handshake) => {
    const one = await dovecot(() => undefined, handshake);
    const answer = ask(one.path);
    await expect.poll(() => one.lines.length).toBe(handshake === '' ? 2 : 3);
    clock.advance(29_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await answer).toEqual(unavailable('no answer within 30 s'));
    await one.server.quiet();
  });

  it('cancels one that takes too long, and keeps the connection for the others', async () => {
    const one = await dovecot((line) => (plainOf(line)[1] === 'slow' ? undefined : okFor(line)));
    const slow = ask(one.path, { user: 'slow' });
    await expect.poll(() => one.lines.length).toBe(3);
    clock.advance(10_000);
    expect(await ask(one.path)).toEqual(accepted('alice'));
    clock.advance(20_000);
    expect(await slow).toEqual(unavailable('no answer within 30 s'));
    await expect.poll(() => one.lines.at(-1)).toEqual(['CANCEL', '1']);
    // Its answer comes all the same, and is nobody's.
    await one.server.connections[0]?.send('OK\t1\tuser=slow\n');
    expect(await ask(one.path)).toEqual(accepted('alice'));
    expect(one.server.connections).toHaveLength(1);
  });

  it('cancels when the session ends', async () => {
    const one = await dovecot(() => undefined);
    const ended = new AbortController();
    const answer = ask(one.path, { signal: ended.signal });
    await expect.poll(() => one.lines.length).toBe(3);
    ended.abort();
    expect(await answer).toEqual(unavailable('cancelled'));
    await expect.poll(() => one.lines.at(-1)).toEqual(['CANCEL', '1']);
    expect(await ask(one.path, { signal: ended.signal })).toEqual(unavailable('cancelled'));
    expect(one.server.open).toBe(1);
  });

  it('leaves nothing when smtpe ends', async () => {
    const one = await dovecot(() => undefined);
    const answer = ask(one.path);
    await expect.poll(() => one.lines.length).toBe(3);
    source.close();
    expect(await answer).toEqual(unavailable('cancelled'));
    await one.server.quiet();
  });

  it('holds at most 8 sockets: the one that nobody has asked for the longest time is closed', async () => {
    const all: FakeDovecot[] = [];
    for (let i = 0; i < 9; i++) all.push(await dovecot(okFor));
    for (const { path } of all.slice(0, 8)) await ask(path);
    await ask(all[0]?.path ?? '');
    await ask(all[8]?.path ?? '');
    await all[1]?.server.quiet();
    expect(all.map(({ server }) => server.open)).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('holds at most 1,000 requests', async () => {
    const one = await dovecot(() => undefined);
    const many = Array.from({ length: 1000 }, () => ask(one.path));
    expect(await ask(one.path)).toEqual(unavailable('1000 requests wait for an answer already'));
    source.close();
    await Promise.all(many);
  });
});

it('numbers of requests begin anew behind the last one, without those that are in use', async () => {
  const [ours, theirs] = duplexPair();
  let sent = '';
  theirs.on('data', (piece: Buffer) => {
    sent += piece.toString('latin1');
  });
  const answered: string[] = [];
  const connection = new AuthConnection({
    socket: ours as unknown as Socket,
    clock: new FakeClock(),
    clientId: 1,
    firstId: 0xffff_fffe,
    lost: (cause) => answered.push(cause),
  });
  theirs.write(HANDSHAKE);
  const request = (user: string): AuthRequest => ({
    credentials: { user, password: 'p', authorize: '' },
    about: { session: '', lip: undefined, lport: undefined, rip: '', rport: 0, secured: false },
    done: (answer) => answered.push(`${user} ${answer.kind}`),
  });
  for (const user of ['a', 'b', 'c']) connection.ask(request(user));
  await expect
    .poll(() => sent.match(/AUTH\t\d+/g))
    .toEqual(['AUTH\t4294967294', 'AUTH\t4294967295', 'AUTH\t1']);
  theirs.write('OK\t1\tuser=c\nFAIL\t4294967294\nOK\t77\tuser=x\n');
  await expect.poll(() => answered).toEqual(['c accepted', 'a refused']);
  connection.giveUp('end');
  expect(answered).toEqual(['c accepted', 'a refused', 'end']);
});

it('what Dovecot does not read is bounded, whoever has gone meanwhile', async () => {
  const written: string[] = [];
  const socket = new Duplex({
    read: () => undefined,
    // Nothing is ever taken.
    write: (piece: Buffer) => void written.push(piece.toString('latin1')),
  });
  const connection = new AuthConnection({
    socket: socket as unknown as Socket,
    clock: new FakeClock(),
    clientId: 1,
    lost: () => undefined,
  });
  socket.push(HANDSHAKE);
  await new Promise((resolve) => setImmediate(resolve));
  const answers: AuthAnswer[] = [];
  let asked = 0;
  for (; answers.length === 0 && asked < 5000; asked++) {
    const request: AuthRequest = {
      credentials: { user: 'a', password: 'x'.repeat(5800), authorize: '' },
      about: { session: '', lip: undefined, lport: undefined, rip: '', rport: 0, secured: false },
      done: (answer) => answers.push(answer),
    };
    connection.ask(request);
    connection.cancel(request);
  }
  expect(answers).toEqual([unavailable('Dovecot does not read what it is asked')]);
  expect(asked).toBeGreaterThan(1000);
  expect(socket.writableLength).toBeLessThan(8_100_000);
  connection.giveUp('end');
});
