// Lua module smtp: arguments, where the message comes from, the shape of the results, for everything a next hop can do.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../../src/bench/ports/next-hop.ts';
import { LuaError, type LuaResults, type Suspension } from '../../../src/lua-api/function-spec.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import { type Spool, SpoolStore } from '../../../src/message/spool.ts';
import { createSmtpModule } from '../../../src/modules/smtp.ts';
import { smtpCodeTable } from '../../../src/modules/smtp-code.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { SessionView } from '../../../src/policy/session-view.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';
import { type Bench, bench, HELO } from '../smtp/client/support.ts';

const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}

let directory: string;
let spool: SpoolStore;
let bench_: Bench;
const options = createOptions({ 'smtp-forward-tls': 'off', 'smtp-command-timeout': '100' });
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-module-'));
  spool = new SpoolStore();
  bench_ = bench();
});
afterEach(async () => {
  bench_.client.close();
  for (const one of hops.splice(0)) await one.close();
  await rm(directory, { recursive: true, force: true });
  expect(bench_.clock.pending).toBe(0);
});

/** From Lua a table comes as a Map. */
const table = (...items: readonly LuaValue[]): LuaValue => new Map(items.map((item, i) => [i + 1, item]));

function call(name: string, ...values: readonly LuaValue[]): Suspension {
  return callWith(fakeCallContext(undefined, options), name, ...values);
}

function callWith(
  context: ReturnType<typeof fakeCallContext>,
  name: string,
  ...values: readonly LuaValue[]
): Suspension {
  const module = createSmtpModule({ mailer: bench_.client, spool });
  const result = callModule(module, name, context, ...values);
  if (!('kind' in result)) throw new Error('did not suspend');
  return result;
}

const send = (hosts: readonly string[], rcpts: readonly string[], message?: string): Promise<LuaResults> =>
  call('sendstring', table(...hosts), 'alice@example.com', table(...rcpts), message).done;

const THREE = ['bob@example.org', 'carol@example.org', 'dave@example.net'];

describe('smtp.code', () => {
  it('has every name of the API text, both ways, and no name twice', () => {
    expect(smtpCodeTable.reverse).toBe(true);
    const names = smtpCodeTable.constants.map((constant) => constant.name);
    expect(names).toEqual(
      (
        'STATUS HELP WELCOME GOODBYE AUTH_OK OK USER_NOT_LOCAL WAITING CLOSING AUTH_MECHANISM BUSY TRY_AGAIN_LATER NO_STORAGE ' +
        'AUTH_TEMP BAD_SYNTAX BAD_ARGUMENTS UNKNOWN_COMMAND BAD_SEQUENCE UNKNOWN_PARAM AUTH_REQUIRED AUTH_WEAK AUTH_FAIL ' +
        'AUTH_ENCRYPT REJECT UNKNOWN_USER OVER_QUOTA BAD_ADDRESS TRANSACTION_FAILED ERROR ERROR_CONNECT ERROR_TIMEOUT ' +
        'ERROR_EOF ERROR_IO'
      ).split(' '),
    );
    const values = smtpCodeTable.constants.map((constant) => constant.value);
    expect(new Set(values).size).toBe(names.length);
    expect(values).toEqual([
      211, 214, 220, 221, 235, 250, 251, 354, 421, 432, 450, 451, 452, 454, 500, 501, 502, 503, 504, 530, 534,
      535, 538, 550, 551, 552, 553, 554, 100, 110, 120, 130, 140,
    ]);
  });
});

describe('results, as recorded from the original but for the boolean', () => {
  it.each<[string, HopScript, string[], LuaResults]>([
    ['all accepted', {}, THREE.slice(0, 2), [true, 2, ['250 ok', '250 ok']]],
    [
      'some accepted',
      { rcpt: ['250 ok\r\n', '550 5.1.1 unknown\r\n'] },
      THREE.slice(0, 2),
      [true, 1, ['250 ok', '550 5.1.1 unknown']],
    ],
    ['251 counts', { rcpt: '251 will forward\r\n' }, ['a@x'], [true, 1, ['251 will forward']]],
    ['whole replies', { rcpt: '550-no\r\n550 really\r\n' }, ['a@x'], [false, 0, ['550-no\n550 really']]],
    ['banner 421', { banner: '421 busy\r\n' }, ['a@x'], [false, 0, []]],
    ['HELO 550', { ehlo: '502 x\r\n', helo: '550 x\r\n' }, ['a@x'], [false, 0, []]],
    ['MAIL 451', { mail: '451 later\r\n' }, ['a@x'], [false, 0, []]],
    ['DATA 554', { data: '554 no\r\n' }, ['a@x'], [false, 1, ['250 ok']]],
    ['dot 451', { dot: '451 no\r\n' }, ['a@x'], [false, 1, ['250 ok']]],
    [
      'all refused',
      { rcpt: '550 5.1.1 unknown\r\n' },
      THREE,
      [false, 0, ['550 5.1.1 unknown', '550 5.1.1 unknown', '550 5.1.1 unknown']],
    ],
  ])('%s', async (_, script, rcpts, expected) => {
    for (const pipelining of [false, true]) {
      const sink = await hop(
        pipelining && script.ehlo === undefined ? { ...script, ehlo: '250-s\r\n250 PIPELINING\r\n' } : script,
      );
      const results = await send([sink.target], rcpts, 'Subject: x\r\n\r\ny\r\n');
      expect(results.slice(0, 3)).toEqual(expected);
    }
  });

  it('the fourth tells how it ended', async () => {
    const good = await hop();
    const spam = await hop({ dot: '550 5.7.1 spam\r\n' });
    const cut = await hop({ dot: null });
    const nobody = `127.0.0.1:${await refusedPort()}`;
    const last = async (host: string, message?: string): Promise<LuaValue> =>
      (await send([host], ['a@x'], message))[3];
    expect(await last(good.target, 'x')).toEqual({ code: 250, text: '250 queued', host: good.target });
    expect(await last(good.target)).toEqual({ code: 250, text: '250 ok', host: good.target });
    expect(await last(spam.target, 'x')).toEqual({
      code: 550,
      text: '550 5.7.1 spam',
      host: spam.target,
      stage: 'dot',
    });
    expect(await last(cut.target, 'x')).toEqual({
      code: 130,
      error: 'the next hop closed the connection',
      host: cut.target,
      stage: 'dot',
    });
    expect(await last(nobody)).toEqual({ code: 110, error: 'ECONNREFUSED', host: nobody, stage: 'connect' });
  });

  it('no host that can be reached is no error: false, 0, {} and a log line', async () => {
    const nobody = `127.0.0.1:${await refusedPort()}`;
    const context = fakeCallContext(undefined, options);
    const results = await callWith(
      context,
      'sendstring',
      table(nobody, 'nowhere.test', 'bad host'),
      '',
      table('a@x'),
      'x',
    ).done;
    expect(results.slice(0, 3)).toEqual([false, 0, []]);
    expect(context.lines.map(({ level, fields }) => [level, fields.host, fields.cause])).toEqual([
      ['warning', nobody, 'ECONNREFUSED'],
      ['warning', 'nowhere.test', 'the name has no address'],
      [
        'warning',
        'bad host',
        expect.stringMatching(/^not a next hop, expected host, host:port, .*, maildir:PATH or accounts:$/),
      ],
    ]);
  });

  it('the next host is used when the first cannot be reached', async () => {
    const sink = await hop();
    const results = await send([`127.0.0.1:${await refusedPort()}`, sink.target], ['a@x'], 'x');
    expect(results.slice(0, 3)).toEqual([true, 1, ['250 ok']]);
  });
});

describe('faults of the next hop', () => {
  const faults: [string, HopScript, LuaResults, number, string][] = [
    ['refuses all', { banner: '554 no\r\n' }, [false, 0, []], 554, 'banner'],
    ['closes at once', { banner: null }, [false, 0, []], 130, 'banner'],
    ['closes at EHLO', { ehlo: null }, [false, 0, []], 130, 'helo'],
    ['closes at MAIL', { mail: null }, [false, 0, []], 130, 'mail'],
    ['closes at the second RCPT', { rcpt: ['250 ok\r\n', null] }, [false, 1, ['250 ok']], 130, 'rcpt'],
    [
      'says 421 to the second RCPT',
      { rcpt: ['250 ok\r\n', '421 bye\r\n'] },
      [false, 1, ['250 ok', '421 bye']],
      421,
      'rcpt',
    ],
    ['closes at DATA', { data: null }, [false, 3, ['250 ok', '250 ok', '250 ok']], 130, 'data'],
    ['closes at the dot', { dot: null }, [false, 3, ['250 ok', '250 ok', '250 ok']], 130, 'dot'],
    ['talks garbage', { mail: 'HTTP/1.1 400\r\n' }, [false, 0, []], 100, 'mail'],
    ['talks too much', { mail: { reply: '2'.repeat(9000), end: 'hang' } }, [false, 0, []], 100, 'mail'],
    [
      'has 8-bit and NUL bytes',
      { rcpt: '550 \xe9\0\r\n' },
      [false, 0, ['550 \xe9\0', '550 \xe9\0', '550 \xe9\0']],
      550,
      'rcpt',
    ],
  ];
  it.each(faults)('%s', async (_, script, expected, code, stage) => {
    const sink = await hop(script);
    const results = await send([sink.target], THREE, 'x');
    expect(results.slice(0, 3)).toEqual(expected);
    expect(results[3]).toMatchObject({ code, stage });
    bench_.client.close();
    await sink.allClosed();
  });

  it('is silent: the deadline of the connection that asks', async () => {
    const sink = await hop({ mail: { end: 'hang' } });
    const done = send([sink.target], ['a@x'], 'x');
    await sink.saw('MAIL');
    bench_.clock.advance(100_000);
    expect((await done)[3]).toMatchObject({ code: 120, stage: 'mail', error: 'no reply within 100000 ms' });
    await sink.allClosed();
  });

  it('is silent: the hook is cut off', async () => {
    const sink = await hop({ mail: { end: 'hang' } });
    const suspension = call('sendstring', table(sink.target), '', table('a@x', 'b@x'), 'x');
    expect(suspension.describe()).toBe(`smtp.sendstring (to ${sink.target}, 2 recipients)`);
    await sink.saw('MAIL');
    suspension.cancel();
    await sink.allClosed();
    expect((await suspension.done)[0]).toBe(false);
  });
});

describe('smtp.sendstring', () => {
  it.each([
    ['Subject: notice\r\n\r\nhello\r\n', 'Subject: notice\r\n\r\nhello\r\n'],
    ['Subject: x\n\n.dot\nend', 'Subject: x\r\n\r\n..dot\r\nend\r\n'],
    ['\xe9\xff\0', '\xe9\xff\0\r\n'],
    ['', ''],
  ])('sends %j', async (message, wire) => {
    const sink = await hop({ ehlo: '250-s\r\n250 8BITMIME\r\n' });
    expect((await send([sink.target], ['a@x'], message))[0]).toBe(true);
    expect(sink.connections[0]?.contents.map((content) => content.toString('latin1'))).toEqual([wire]);
    const body = /[\x80-\xff]/.test(message) ? ' BODY=8BITMIME' : '';
    expect(sink.commands).toEqual([
      `EHLO ${HELO}`,
      `MAIL FROM:<alice@example.com>${body}`,
      'RCPT TO:<a@x>',
      'DATA',
    ]);
  });

  it('without a message asks about recipients; the last one decides', async () => {
    const sink = await hop({ rcpt: ['250 ok\r\n', '550 no\r\n', '250 ok\r\n'] });
    expect((await send([sink.target], ['a@x', 'b@x'])).slice(0, 3)).toEqual([false, 1, ['250 ok', '550 no']]);
    expect((await send([sink.target], ['c@x'])).slice(0, 3)).toEqual([true, 1, ['250 ok']]);
    expect(sink.commands).not.toContain('DATA');
  });
});

describe('smtp.sendfile', () => {
  const sendFile = async (
    sink: NextHop,
    path: LuaValue,
    context = fakeCallContext(undefined, options),
  ): Promise<LuaResults> => callWith(context, 'sendfile', table(sink.target), '', table('a@x'), path).done;

  it('sends a file of the policy, line ends made CRLF', async () => {
    const sink = await hop({ ehlo: '250-s\r\n250 8BITMIME\r\n' });
    const path = join(directory, 'mail');
    await writeFile(path, Buffer.from('Subject: x\n\n.a\n\xe9', 'latin1'));
    expect((await sendFile(sink, path)).slice(0, 3)).toEqual([true, 1, ['250 ok']]);
    expect(sink.connections[0]?.contents[0]?.toString('latin1')).toBe('Subject: x\r\n\r\n..a\r\n\xe9\r\n');
    expect(sink.commands[1]).toBe('MAIL FROM:<> BODY=8BITMIME');
  });

  it('sends the message being received, from memory without making its file', async () => {
    const sink = await hop();
    const message = spool.create(directory, 'T1', { message: 1000, total: 1e9 });
    await message.append(Buffer.from('Subject: x\r\n\r\nbody\r\n'));
    expect((await sendFile(sink, message.path))[0]).toBe(true);
    expect(sink.connections[0]?.contents.map(String)).toEqual(['Subject: x\r\n\r\nbody\r\n']);
    expect(existsSync(message.path)).toBe(false);
    await message.onDisk();
    expect((await sendFile(sink, message.path))[0]).toBe(true);
    expect(sink.connections[0]?.contents.map(String)[1]).toBe('Subject: x\r\n\r\nbody\r\n');
    await message.delete();
  });

  it('sends the message being received when spool-dir is empty and its path is so too', async () => {
    const sink = await hop();
    const message: Spool = spool.create('', 'T1', { message: 1000, total: 1e9 });
    await message.append(Buffer.from('in memory only\r\n'));
    const headers = new HeaderList();
    const session = {
      idSess: 'S',
      headers,
      transaction: { id: 'T', sender: '', recipients: [], headers, headersEditable: false, message },
    } as unknown as SessionView;
    expect((await sendFile(sink, '', fakeCallContext(session, options)))[0]).toBe(true);
    expect(sink.connections[0]?.contents.map(String)).toEqual(['in memory only\r\n']);
  });

  it.each([
    ['that is missing', 'nothing-here', /cannot read ".*nothing-here": ENOENT/],
    ['that is a directory', '.', /cannot read ".*": (not a regular file|EISDIR)/],
    ['with a NUL', 'a\0b', /cannot read ".*a\\u0000b": /],
  ])('raises an error that names a path %s', async (_, name, error) => {
    const sink = await hop();
    const outcome = sendFile(sink, join(directory, name));
    await expect(outcome).rejects.toThrow(error);
    await expect(outcome).rejects.toBeInstanceOf(LuaError);
    expect(sink.connections).toHaveLength(0);
  });

  it('asks about recipients without a path', async () => {
    const sink = await hop();
    expect((await sendFile(sink, undefined)).slice(0, 3)).toEqual([true, 1, ['250 ok']]);
    expect(sink.commands.at(-1)).toBe('RCPT TO:<a@x>');
  });
});

describe('arguments', () => {
  it.each<[string, LuaValue[], string]>([
    [
      'no hosts',
      [table(), 'a@x', table('b@x')],
      "bad argument #1 to 'smtp.sendfile' (at least one host expected, got an empty table)",
    ],
    [
      'hosts nil',
      [undefined, 'a@x', table('b@x')],
      "bad argument #1 to 'smtp.sendfile' (table expected, got nil)",
    ],
    [
      'hosts a string',
      ['h', 'a@x', table('b@x')],
      "bad argument #1 to 'smtp.sendfile' (table expected, got string)",
    ],
    [
      'mail nil',
      [table('h'), undefined, table('b@x')],
      "bad argument #2 to 'smtp.sendfile' (string expected, got nil)",
    ],
    [
      'no recipients',
      [table('h'), '', table()],
      "bad argument #3 to 'smtp.sendfile' (at least one recipient expected, got an empty table)",
    ],
    [
      'a hole before the last recipient',
      [table('h'), '', new Map([[1, 'a@x'] as const, [3, 'c@x'] as const])],
      "bad argument #3 to 'smtp.sendfile' (array without holes ([2] is nil, [3] is not) expected, got table)",
    ],
    [
      'a hole in the hosts',
      [new Map([[1, 'h'] as const, [4, 'i'] as const]), '', table('b')],
      "bad argument #1 to 'smtp.sendfile' (array without holes ([2] is nil, [4] is not) expected, got table)",
    ],
    ...(
      [
        ['CRLF', 'a\r\nDATA', 'its local part is malformed'],
        ['LF', 'c\n', 'its local part is malformed'],
        ['LF in the domain', 'a@x\n', 'its domain is none'],
        ['NUL', 'b\0', 'its local part is malformed'],
        ['NUL in quotes', '"b\0"@x', 'its local part is malformed'],
        ['a bracket and a parameter', 's@x.com> AUTH=<', 'its domain is none'],
        ['a bracket and NOTIFY', 'r@y.com> NOTIFY=NEVER', 'its domain is none'],
        ['a blank', 'r@y.com NOTIFY=NEVER', 'its domain is none'],
        ['brackets', '<a@x.com>', 'its local part is malformed'],
        ['two of them', 'a@x.com,b@x.com', 'its domain is none'],
        ['no domain', 'a@', 'its domain is none'],
        ['bytes above 127', 'a@\xfc.example', 'it has bytes above 127'],
        ['two dots', 'a..b@x.com', 'its local part is malformed'],
        ['a wrong source route', '@x', 'its source route is malformed'],
      ] as const
    ).flatMap(([name, address, problem]): [string, LuaValue[], string][] => {
      const rest = `(an address without angle brackets expected, got ${JSON.stringify(address)}: ${problem})`;
      return [
        [
          `${name} in the sender`,
          [table('h'), address, table('b')],
          `bad argument #2 to 'smtp.sendfile' ${rest}`,
        ],
        [
          `${name} in a recipient`,
          [table('h'), '', table('b', address)],
          `bad argument #3 to 'smtp.sendfile' ${rest}`,
        ],
      ];
    }),
    [
      'an empty recipient',
      [table('h'), '', table('b', '')],
      "bad argument #3 to 'smtp.sendfile' (a recipient expected, got the empty string)",
    ],
    [
      'spool a table',
      [table('h'), '', table('b'), table()],
      "bad argument #4 to 'smtp.sendfile' (string expected, got table)",
    ],
  ])('%s', (_, values, error) => {
    expect(() => call('sendfile', ...values)).toThrow(new LuaError(error));
  });

  it('are addresses as MAIL and RCPT take them: quoted ones go through whole, source routes are taken off', async () => {
    const sink = await hop();
    await call(
      'sendstring',
      table(sink.target),
      '@r.example:"a> X=1"@B.cc',
      table('Bob', '"x\\"y"@[1.2.3.4]'),
    ).done;
    expect(sink.commands.slice(1, 4)).toEqual([
      'MAIL FROM:<"a> X=1"@B.cc>',
      'RCPT TO:<Bob>',
      'RCPT TO:<"x\\"y"@[1.2.3.4]>',
    ]);
    const lenient = fakeCallContext(
      undefined,
      createOptions({ 'smtp-forward-tls': 'off', 'smtp-lenient': '+' }),
    );
    await callWith(lenient, 'sendstring', table(sink.target), 'a..b@x.com.', table('.c@x.com')).done;
    expect(sink.commands.slice(-2)).toEqual(['MAIL FROM:<a..b@x.com>', 'RCPT TO:<.c@x.com>']);
  });
});
