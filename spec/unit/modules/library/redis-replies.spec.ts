// require 'redis': a reply is that of its own command, or the connection is over. After whatever goes wrong the next command gets the next reply of the
// server or an error, never what was left of another.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

/** The words of each request that has come. */
function requests(received: Buffer): readonly (readonly string[])[] {
  const text = received.toString('latin1');
  const all: string[][] = [];
  for (let at = 0; at < text.length; ) {
    const line = /^([^\r\n]*)\r\n/.exec(text.slice(at));
    if (line === null) break;
    at += line[0].length;
    const count = /^\*(\d+)$/.exec(line[1] ?? '')?.[1];
    if (count === undefined) {
      all.push((line[1] ?? '').split(' '));
      continue;
    }
    const words: string[] = [];
    for (let i = 0; i < Number(count); i++) {
      const length = /^\$(\d+)\r\n/.exec(text.slice(at));
      if (length === null) return all;
      at += length[0].length;
      words.push(text.slice(at, at + Number(length[1])));
      at += Number(length[1]) + 2;
    }
    if (at > text.length) break;
    all.push(words);
  }
  return all;
}

/** Answers `GET next` with `NEXT`, and other requests with the replies in turn; what stands in `late` comes in front of the answer to `GET next`. */
async function serve(
  replies: readonly string[],
  late = '',
): Promise<ScriptedServer & { readonly asked: (count: number) => Promise<void> }> {
  let answered = 0;
  let tell = (): void => undefined;
  server = await startScripted(async (connection) => {
    let rest = [...replies];
    for (;;) {
      const all = requests(await connection.until((received) => requests(received).length > answered));
      if (all.length <= answered) return;
      for (const request of all.slice(answered)) {
        answered++;
        tell();
        const isNext = request.join(' ') === 'GET next';
        await connection.send(isNext ? `${late}$4\r\nNEXT\r\n` : (rest[0] ?? '+OK\r\n'));
        if (!isNext) rest = rest.slice(1);
      }
    }
  });
  /** Resolves when so many requests have come. */
  const asked = async (count: number): Promise<void> => {
    while (answered < count)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
  };
  return Object.assign(server, { asked });
}

const start = ({ port }: ScriptedServer): string =>
  `local redis = require 'redis' local c = redis.connect('127.0.0.1', ${port}, 0.3)\n`;
const next = `show(pcall(c.get, c, 'next'))`;

/** What was done, and what the next command gets. */
async function after(
  action: string,
  replies: readonly string[],
  late = '',
): Promise<readonly [string, string]> {
  const lines = await linesOf(engine, `${start(await serve(replies, late))} ${action} ${next}`);
  return [lines[0] ?? '', lines.at(-1) ?? ''];
}

const get = `show(pcall(c.get, c, 'x'))`;
const belongs = 'true NEXT';
const over = /^false connection error: closed/;

describe('what is no reply ends the connection', () => {
  it.each(
    [
      ...['$1.5', '$-2', '$ 3', '$0x3', '$', '$+', '$inf', '$1e2', '$99999999999999999999', '$3 '].map(
        (text) => [`${text}\r\nabc\r\n`, /as data length/] as const,
      ),
      ...['*1.5', '*-2', '*', '*inf', '*0x1', '*1e1', '*99999999999999999999'].map(
        (text) => [`${text}\r\n:7\r\n`, /as a count/] as const,
      ),
      ...[':abc', ':1.5', ':', ':0x10', ':1e3', ':nan', ':9223372036854775808', ':99999999999999999999'].map(
        (text) => [`${text}\r\n`, /as a numeric response/] as const,
      ),
      ['$3\r\nabcXX+OK\r\n', /does not end where it says/],
      ['$3\r\nab\r\n:1\r\n', /does not end where it says/],
      ['\r\n', /unknown response prefix/],
      ['!5\r\nhello\r\n', /unknown response prefix: !/],
      ['%1\r\n+a\r\n+b\r\n', /unknown response prefix: %/],
      ['_\r\n', /unknown response prefix: _/],
      ['*2\r\n$1\r\na\r\n?\r\n', /unknown response prefix: \?/],
      ['*1000001\r\n', /more than 1000000 values/],
      [`*2\r\n*999999\r\n`, /more than 1000000 values/],
      [`$20000\r\n${'x'.repeat(20_000)}\r\n`, /tcp-max-size/],
      [`*2\r\n$1\r\na\r\n$20000\r\n${'x'.repeat(20_000)}\r\n`, /tcp-max-size/],
      ['$5\r\nab', /connection error: timeout/],
      ['*2\r\n:1\r\n', /connection error: timeout/],
      ['+O', /connection error: timeout/],
    ].map(([reply = '', why = /./]) => ({
      reply: String(reply),
      why: new RegExp(why),
      shown: JSON.stringify(reply).slice(0, 50),
    })),
  )('$shown', async ({ reply, why }) => {
    const [first, second] = await after(get, [reply], 'c\r\n:5\r\n');
    expect(first).toMatch(why);
    expect(second).toMatch(over);
    await server?.quiet();
  });

  it('also in the middle of a pipeline, of a transaction, and when a script has its own client.error', async () => {
    const pipeline = `show(pcall(c.pipeline, c, function(p) p:get 'a' p:get 'b' p:get 'c' end))`;
    expect((await after(pipeline, ['$1\r\na\r\n', ':x\r\n', '$1\r\nc\r\n']))[1]).toMatch(over);
    const transaction = `show(pcall(c.transaction, c, function(t) t:get 'a' t:get 'b' end))`;
    const many = await after(transaction, ['+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*1\r\n:1\r\n']);
    expect(many[0]).toMatch(/EXEC has not as many replies/);
    expect(many[1]).toMatch(over);
    const unqueued = await after(transaction, ['+OK\r\n', '$1\r\na\r\n']);
    expect(unqueued[0]).toMatch(/was not queued/);
    expect(unqueued[1]).toMatch(over);
    const quiet = `c.error = function() error('mine', 0) end ${get}`;
    expect(await after(quiet, ['$1.5\r\n'])).toEqual(['false mine', 'false mine']);
  });
});

describe('what is one leaves nothing behind', () => {
  it.each([
    ['a refusal', get, ['-ERR no\r\n']],
    ['a refusal within a list', get, ['*2\r\n-ERR no\r\n:1\r\n']],
    [
      'a response function that raises',
      `c:define_command('odd', redis.command('GET', { response = function() error('mine', 0) end })) show(pcall(c.odd, c, 'x'))`,
      [':1\r\n'],
    ],
    [
      'one in a pipeline',
      `c:define_command('odd', redis.command('GET', { response = function() error('mine', 0) end }))
      show(pcall(c.pipeline, c, function(p) p:odd 'x' p:get 'y' p:odd 'z' end))`,
      [':1\r\n', ':2\r\n', ':3\r\n'],
    ],
    [
      'one in a pipeline that asks itself',
      `c:define_command('odd', redis.command('GET', { response = function(v) return c:incr 'n' + v end }))
      show(pcall(c.pipeline, c, function(p) p:odd 'x' p:get 'y' end))`,
      [':1\r\n', ':2\r\n', ':3\r\n'],
    ],
    [
      'refusals in a pipeline',
      `show(pcall(c.pipeline, c, function(p) p:get 'x' p:hgetall 'y' p:get 'z' end))`,
      ['-ERR a\r\n', '-ERR b\r\n', ':3\r\n'],
    ],
    [
      'a pipeline that raises before it is sent',
      `show(pcall(c.pipeline, c, function(p) p:get 'x' error 'y' end))`,
      [],
    ],
    [
      'a transaction whose function raises',
      `show(pcall(c.transaction, c, function(t) t:get 'x' error('mine', 0) end))`,
      ['+OK\r\n', '+QUEUED\r\n', '+OK\r\n'],
    ],
    [
      'a transaction of which a command is refused',
      `show(pcall(c.transaction, c, function(t) t:get 'x' t:nosuch() end))`,
      ['+OK\r\n', '+QUEUED\r\n', '-ERR unknown\r\n', '+OK\r\n'],
    ],
    [
      'a transaction that the server aborts',
      `show(pcall(c.transaction, c, function(t) t:get 'x' end))`,
      ['+OK\r\n', '+QUEUED\r\n', '-EXECABORT no\r\n'],
    ],
    [
      'a transaction that never begins',
      `show(pcall(c.transaction, c, { cas = true, watch = 'k' }, function(t) t:get 'x' end))`,
      ['+OK\r\n', ':1\r\n', '+OK\r\n'],
    ],
    [
      'a method of a script that asks twice in a transaction',
      `c:define_command('both', function(self) self:get 'x' return self:get 'y' end)
      show(pcall(c.transaction, c, function(t) t:both() end))`,
      ['+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*2\r\n:1\r\n:2\r\n'],
    ],
    [
      'the messages of a channel, to their end',
      `for m, stop in c:pubsub { subscribe = { 'a', 'b' } } do if m.kind == 'message' then stop() end show(m.kind) end`,
      [
        '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n',
        '*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\nx\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n',
      ],
    ],
  ])('%s', async (_name, action, replies) => {
    expect((await after(action, replies))[1]).toBe(belongs);
  });
});

describe('what would bring more replies than commands, or none, is refused before it is sent', () => {
  it.each([
    [`show(pcall(c.raw_cmd, c, 'GET x\\r\\nGET y'))`, /a line with one command expected/],
    [`show(pcall(c.raw_cmd, c, ''))`, /a line with one command expected/],
    [`show(pcall(c.raw_cmd, c, '*1'))`, /a line with one command expected/],
    [`show(pcall(c.raw_cmd, c, ' "monitor"'))`, /MONITOR has no reply of its own/],
    [`show(pcall(c.subscribe, c, 'x'))`, /SUBSCRIBE has no reply of its own/],
    [`show(pcall(c.pipeline, c, function(p) p:monitor() end))`, /MONITOR has no reply of its own/],
    [`show(pcall(c.pubsub, c, {}))`, /subscribe or psubscribe expected/],
    [`show(pcall(c.pubsub, c, { subscribe = {} }))`, /subscribe or psubscribe expected/],
  ])('%s', async (action, why) => {
    const [first, second] = await after(action, []);
    expect(first).toMatch(why);
    expect(second).toBe(belongs);
  });

  it.each(['pipeline', 'transaction', 'pubsub', 'raw_cmd'])('%s within a transaction', async (name) => {
    const [first, second] = await after(
      `show(pcall(c.transaction, c, function(t) t:${name}(function(p) p:get 'x' end) end))`,
      [],
    );
    expect(first).toBe(`false ${name} is not possible in a transaction`);
    expect(second).toBe(belongs);
  });
});

it('takes no command while messages of a channel may come', async () => {
  const message = '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n';
  const [, second] = await after(
    `for m in c:pubsub { subscribe = 'a' } do show(m.kind) if m.kind == 'message' then break end end`,
    [`*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n${message}`],
    message,
  );
  expect(second).toMatch(/^false the connection has channels/);
  expect((await after(`show(pcall(c.pubsub(c, { subscribe = 'a' })))`, [':1\r\n']))[0]).toMatch(
    /is no message of a channel/,
  );
  expect((await after(`show(pcall(c.pubsub(c, { subscribe = 'a' })))`, ['-NOPERM no\r\n']))[1]).toMatch(over);
});

it('takes what the server says unasked for no reply', async () => {
  server = await startScripted(async (connection) => {
    await connection.send('-ERR max number of clients reached\r\n');
    connection.end();
    await connection.hold;
  });
  const lines = await linesOf(
    engine,
    `${start(server)} while not c.network.socket:dirty() do require('socket').sleep(0.001) end ${get} ${next}`,
  );
  expect(lines).toEqual([
    'false connection error: the server has said unasked -ERR max number of clients reached',
    'false connection error: closed',
  ]);
});

it.each([
  ['the reply to a command', `c:get 'x'`, ['+OK\r\n', '$5\r\nab'], 2],
  ['one of a pipeline', `c:pipeline(function(p) p:get 'a' p:get 'b' end)`, ['+OK\r\n', ':1\r\n', ''], 3],
  [
    'the function of a transaction',
    `c:transaction(function(t) t:get 'x' require 'socket'.sleep(60) end)`,
    ['+OK\r\n', '+OK\r\n', '+QUEUED\r\n'],
    3,
  ],
  [
    'the function of one that only watches',
    `c:transaction({ cas = true, watch = 'k' }, function(t) require 'socket'.sleep(60) end)`,
    ['+OK\r\n', '+OK\r\n'],
    2,
  ],
  ['a message', `for _ in c:pubsub { subscribe = 'a' } do end`, ['+OK\r\n', ''], 2],
] as const)(
  'refuses after a hook that was cut off while it waited for %s',
  async (_name, action, replies, count) => {
    const { port, asked } = await serve(replies);
    const instance = await engine.open(`local redis = require 'redis' local c
    function hook.mail() c = redis.connect('127.0.0.1', ${port}) c:set('ready', '1') ${action} end
    function hook.quit() return (select(2, pcall(c.get, c, 'next'))) end`);
    const cut = instance.call('mail', []);
    await asked(count);
    instance.cancel();
    expect(await cut).toMatchObject({ kind: 'cancelled' });
    const later = await instance.call('quit', []);
    expect(JSON.stringify(later)).toMatch(/connection error: closed|has channels/);
    instance.close();
  },
);

it('gives each command its own reply or an error, whatever the server says and in whatever pieces', async () => {
  const good = (k: number): string => `$${`v${k}`.length}\r\nv${k}\r\n`;
  // What stands for the reply to command k, and what of it comes only with the next one.
  const ways: Readonly<Record<string, (k: number) => readonly [string, string]>> = {
    good: (k) => [good(k), ''],
    refused: (k) => [`-ERR v${k}\r\n`, ''],
    twice: (k) => [`${good(k)}${good(k)}`, ''],
    cut: (k) => [good(k).slice(0, 3), good(k).slice(3)],
    late: (k) => ['', good(k)],
    longer: (k) => [`$1\r\nv${k}\r\n`, ''],
    list: (k) => [`*2\r\n${good(k)}`, good(k)],
    wrong: (k) => [`$1.5\r\nv\r\n${good(k)}`, ''],
    number: (k) => [`:v${k}\r\n`, good(k)],
    large: (k) => [`$10001\r\n${'x'.repeat(10_001)}\r\n${good(k)}`, ''],
  };
  const said = fc.array(fc.constantFrom(...Object.keys(ways)), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(said, fc.boolean(), async (names, inPipeline) => {
      // Replies have no names: of two that are waited for, nobody can tell the first one given twice.
      fc.pre(!inPipeline || names[0] !== 'twice');
      const made = await startScripted(async (connection) => {
        let rest = '';
        for (let k = 0; ; k++) {
          const all = requests(await connection.until((received) => requests(received).length > k));
          if (all.length <= k) return;
          const [now, later] = (ways[names[k] ?? 'good'] ?? ((n) => [good(n), '']))(k);
          if (rest + now !== '') await connection.send(rest + now);
          rest = later;
        }
      });
      const pipeline = `pcall(c.pipeline, c, function(p) p:get '0' p:get '1' end) from = 2`;
      const lines = await linesOf(
        engine,
        `local redis = require 'redis' local c, from = redis.connect('127.0.0.1', ${made.port}, 0.03), 0
        ${inPipeline ? pipeline : ''}
        for k = from, 7 do local ok, value = pcall(c.get, c, k) show(k, ok and value or 'error') end`,
      );
      await made.close();
      for (const line of lines) {
        const [k, value] = line.split(' ');
        expect([`v${k}`, 'error']).toContain(value);
      }
    }),
    { numRuns: 30 },
  );
});

it('closes a connection whose log-in is refused', async () => {
  const made = await serve(['-WRONGPASS no\r\n']);
  const lines = await linesOf(
    engine,
    `show(pcall(require('redis').connect, { host = '127.0.0.1', port = ${made.port}, password = 'x' }))`,
  );
  expect(lines).toEqual(['false redis error: WRONGPASS no']);
  await made.connections[0]?.closed;
});
