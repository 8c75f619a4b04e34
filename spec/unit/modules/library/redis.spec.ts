// require 'redis' beside a server that answers as a spec says: what is sent, what comes back, and what ends the connection. The real server,
// and redis-lua beside it, are in spec/real.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from '../../../../src/bench/ports/scripted-server.ts';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
let server: ScriptedServer | undefined;
beforeAll(async () => {
  engine = await startElsewhere({ options: { 'tcp-max-size': '10000', 'tcp-timeout': '30' } });
});
afterAll(() => engine.engine.close());
afterEach(() => server?.close());

/** Answers each request with the next of `replies`; undefined: with nothing. */
async function serve(...replies: readonly (string | undefined)[]): Promise<ScriptedServer> {
  server = await startScripted(async (connection) => {
    let at = 0;
    for (const reply of replies) {
      const request = await connection.until((received) => requestEnd(received, at) !== undefined);
      at = requestEnd(request, at) ?? request.length;
      if (reply === undefined) await connection.hold;
      else await connection.send(reply);
    }
    connection.end();
  });
  return server;
}

/** Where the request that begins at `at` ends, once it is there. */
function requestEnd(received: Buffer, at: number): number | undefined {
  const text = received.toString('latin1');
  const count = /^\*(\d+)\r\n/.exec(text.slice(at));
  if (count === null) return undefined;
  let end = at + count[0].length;
  for (let i = 0; i < Number(count[1]); i++) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(end));
    if (length === null) return undefined;
    end += length[0].length + Number(length[1]) + 2;
  }
  return end <= text.length ? end : undefined;
}

const open = ({ port }: ScriptedServer, timeout = 'nil'): string =>
  `local redis = require 'redis' local c = redis.connect('127.0.0.1', ${port}, ${timeout})\n`;

it('sends octets as they are and reads every kind of reply', async () => {
  const made = await serve(
    '+OK\r\n',
    '$5\r\na\0\r\nb\r\n',
    '$-1\r\n',
    ':42\r\n',
    '*3\r\n$1\r\na\r\n:1\r\n*-1\r\n',
    '*-1\r\n',
    '+PONG\r\n',
  );
  const lines = await linesOf(
    engine,
    `${open(made)} show(c:set('k\\0\\r\\n', 'v\\255')) show(#c:get 'k') show(c:get 'x') show(c:incr 'n')
    local list = c:lrange('l', 0, -1) show(list[1], list[2], list[3]) show(c:blpop('l', 1)) show(c:ping())`,
  );
  expect(lines).toEqual(['true', '5', 'nil', '42', 'a 1 nil', 'nil', 'true']);
  expect(made.connections[0]?.received.toString('latin1')).toContain(
    '*3\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$2\r\nv\xff\r\n',
  );
});

it('takes tables where redis-lua does', async () => {
  const made = await serve(
    '+OK\r\n',
    '*2\r\n$1\r\n1\r\n$1\r\n2\r\n',
    ':2\r\n',
    '*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n',
    ':1\r\n',
  );
  const lines = await linesOf(
    engine,
    `${open(made)} show(c:hmset('h', { a = 1 })) show(table.concat(c:hmget('h', { 'a', 'b' }), ',')) show(c:del { 'x', 'y' })
    local rows = c:zrangebyscore('z', 0, 9, { withscores = true, limit = { offset = 1, count = 2 } }) show(rows[2][1], rows[2][2])
    show(c:zunionstore('d', { 'x', 'y' }, { weights = { 1, 2 }, aggregate = 'max' }))`,
  );
  expect(lines).toEqual(['true', '1,2', '2', 'b 2', '1']);
  const sent = made.connections[0]?.received
    .toString('latin1')
    .replace(/[$*]\d+\r\n/g, '')
    .replaceAll('\r\n', ' ');
  expect(sent).toBe(
    'HMSET h a 1 HMGET h a b DEL x y ZRANGEBYSCORE z 0 9 LIMIT 1 2 WITHSCORES ZUNIONSTORE d 2 x y WEIGHTS 1 2 AGGREGATE max ',
  );
});

it('raises what the server refuses, and goes on', async () => {
  const made = await serve('-ERR no such thing\r\n', '+OK\r\n', '-NOAUTH first\r\n:1\r\n', '', ':2\r\n');
  const lines = await linesOf(
    engine,
    `${open(made)} show(pcall(c.get, c, 'x')) show(c:set('a', 1))
    show(pcall(c.pipeline, c, function(p) p:get 'x' p:incr 'y' end)) show(c:incr 'z')
    show(pcall(c.pipeline, c, function() error('mine', 0) end))`,
  );
  expect(lines).toEqual([
    ...['false redis error: no such thing', 'true', 'false redis error: NOAUTH first', '2', 'false mine'],
  ]);
});

it.each([
  ['an unknown kind', '!x\r\n', /unknown response prefix: !/],
  ['a length that is none', '$x\r\n', /cannot parse x as data length/],
  ['a string beyond the limit', '$999999999\r\n', /tcp-max-size/],
  ['a line without end', 'x'.repeat(50_000), /more than 10000 octets/],
  ['replies nested without end', '*1\r\n'.repeat(1000), /nested more than 32 deep/],
  ['an end in the middle', '*2\r\n$1\r\na\r\n', /connection error: closed/],
])(
  'ends the connection at %s, so that nothing is taken for another reply',
  async (_name, reply, expected) => {
    const made = await serve(reply);
    const lines = await linesOf(
      engine,
      `${open(made)} show(pcall(c.get, c, 'x')) show(pcall(c.get, c, 'y'))`,
    );
    expect(lines[0]).toMatch(expected);
    expect(lines[1]).toMatch(/^false (connection error: closed|.*tcp-max-size)/);
  },
);

it('ends the connection when a reply does not come in time', async () => {
  const made = await serve(undefined);
  const lines = await linesOf(
    engine,
    `${open(made, '0.1')} show(pcall(c.get, c, 'x')) show(pcall(c.get, c, 'y'))`,
  );
  expect(lines).toEqual(['false connection error: timeout', 'false connection error: closed']);
});

it('gives up a transaction that somebody else undoes each time', async () => {
  const once = ['+OK\r\n', '$1\r\n1\r\n', '+OK\r\n', '+QUEUED\r\n', '*-1\r\n'];
  const made = await serve(...once, ...once, '*1\r\n:5\r\n');
  const lines = await linesOf(
    engine,
    `${open(made)} local tries = 0
    show(pcall(c.transaction, c, { cas = true, watch = 'k', retry = 1 }, function(t)
      tries = tries + 1 local v = t:get 'k' t:multi() t:set('k', v + 1)
    end)) show(tries)`,
  );
  expect(lines).toEqual(['false the transaction was aborted by the server', '2']);
});
