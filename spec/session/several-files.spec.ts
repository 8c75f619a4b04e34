// A policy of several files (option script): who is asked in which order, whose answer counts, what they share, and what a mistake in one of
// them costs.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({ policy: '', files: { 'b.lua': '' }, more: ['b.lua'] });
});
afterAll(() => server.stop());
afterEach(() => {
  server.log.lines.length = 0;
  server.app.options.set('hook-error', 'drop', 'spec');
});

/** Serves these files from now on. */
async function start(texts: readonly string[], hookError = 'drop'): Promise<WholeServer> {
  const [first, ...more] = texts.map((text, i) => ({
    path: join(server.directory, i === 0 ? 'policy.lua' : `${' bcd'[i]}.lua`),
    text,
    files: [],
    missing: [],
  }));
  if (first === undefined) throw new Error('a policy has a file');
  expect(await server.current.reload({ ...first, more })).toEqual({ kind: 'ready' });
  server.app.options.set('hook-error', hookError, 'spec');
  return server;
}

const hello = ['EHLO me.example', 'MAIL FROM:<a@b.example>'];
const message = (text: string): string => `Subject: x\r\n\r\n${text}\r\n.`;

async function dialogue(whole: WholeServer, ...lines: readonly string[]): Promise<readonly string[]> {
  const client = whole.inMemory();
  const banner = await client.reply();
  const replies = await client.commands(...lines);
  await client.command('QUIT');
  client.stream.end();
  await client.over;
  return [banner, ...replies].map((reply) => reply.trimEnd().split('\r\n').at(-1) ?? '');
}

describe('the reply', () => {
  const says = (hook: string, text: string): string => `function hook.${hook}() return ${text} end\n`;
  it.each([
    ['the first file decides', ["'550 5.7.1 a'", "'550 5.7.1 b'"], '550 5.7.1 a'],
    ['a yes decides as well', ["'250 2.1.5 a'", "'550 5.7.1 b'"], '250 2.1.5 a'],
    ['nothing leaves it to the next', ['nil', "'550 5.7.1 b'", "'450 4.7.1 c'"], '550 5.7.1 b'],
    ['false is nothing', ['false', "'550 5.7.1 b'"], '550 5.7.1 b'],
    ['nobody: the default', ['nil', 'nil'], /^250 2\.1\.0 recipient/],
    ['a drop without a reply is an answer', ['true', "'550 5.7.1 b'"], /^250 2\.1\.0 recipient/],
  ])('%s', async (_what, results, reply) => {
    const whole = await start(results.map((text) => says('rcpt', text)));
    const replies = await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>');
    expect(replies[3]).toEqual(typeof reply === 'string' ? reply : expect.stringMatching(reply));
  });

  it('files behind the one that answered are not asked, for any hook', async () => {
    const log = (name: string): string =>
      `for _, h in ipairs { 'accept', 'ehlo', 'mail', 'rcpt', 'noop', 'quit' } do
         hook[h] = function() syslog.info('${name} ' .. h) ${name === 'b' ? "if h == 'mail' or h == 'noop' then return '250 b' end" : ''} end
       end`;
    const whole = await start([log('a'), log('b'), log('c')]);
    await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>', 'NOOP');
    const called = whole.log.lines.map((line) => line.message).filter((text) => /^[abc] /.test(text));
    expect(called.join(', ')).toBe(
      'a accept, b accept, c accept, a ehlo, b ehlo, c ehlo, a mail, b mail, a rcpt, b rcpt, c rcpt, a noop, b noop, a quit, b quit, c quit',
    );
  });

  it('a hook that waits keeps its place', async () => {
    const whole = await start([
      "function hook.rcpt() util.sleep(0.01) client.seen = 'a' end",
      "function hook.rcpt() util.sleep(0.01) return '550 5.7.1 after ' .. client.seen end",
    ]);
    expect(await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>')).toContain('550 5.7.1 after a');
  });
});

describe('a hook that fails', () => {
  const broken = "function hook.rcpt() error('broken') end";
  const wrong = 'function hook.rcpt() return {} end';
  const no = "function hook.rcpt() return '550 5.7.1 b' end";

  it.each([[broken], [wrong]])('ends the session, and nobody else is asked: %s', async (first) => {
    const whole = await start([first, no]);
    expect((await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>'))[3]).toMatch(/^421 4\.3\.0 /);
    await whole.line(/policy\.lua/);
  });

  it.each([[broken], [wrong]])('with hook-error=default the next file decides: %s', async (first) => {
    const whole = await start([first, no], 'default');
    expect(await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>')).toContain('550 5.7.1 b');
  });

  it('a wrong result names its file', async () => {
    const whole = await start(['', wrong]);
    await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>');
    expect(await whole.line(/returned a table/)).toMatch(/b\.lua: hook\.rcpt returned a table/);
  });

  it('in reset, the others have put their things away all the same', async () => {
    const whole = await start([
      "function hook.reset() error('a') end",
      "function hook.reset() syslog.info('b reset') end",
    ]);
    await dialogue(whole, ...hello, 'RSET');
    await whole.line(/b reset/);
  });
});

describe('content', () => {
  const both = (a: string, b: string): readonly string[] => [a, b].map((text) => `lines = 0 ${text}`);
  const counts = (name: string): string =>
    `function hook.body() lines = lines + 1 end function hook.dot() syslog.info('${name} ' .. lines) end`;

  it.each([[1], [7], [1000]])('every file sees every line, in pieces of %i bytes', async (size) => {
    const whole = await start(both(counts('a'), counts('b')));
    const client = whole.inMemory();
    await client.reply();
    await client.commands(...hello, 'RCPT TO:<x@y.example>', 'DATA');
    const text = Buffer.from(`${message('one\r\ntwo\r\nthree\r\nfour')}\r\n`);
    for (let i = 0; i < text.length; i += size) client.send(text.subarray(i, i + size));
    await client.reply();
    client.stream.end();
    await client.over;
    expect(await whole.line(/a 4/)).toBeDefined();
    expect(await whole.line(/b 4/)).toBeDefined();
  });

  it.each([
    ["'250 2.0.0 a'", "'550 5.7.1 b'", /^550 5\.7\.1 b/],
    ["'550 5.7.1 a'", "'554 5.7.1 b'", /^550 5\.7\.1 a/],
    ["'550 5.7.1 a'", "'250 2.0.0 b'", /^550 5\.7\.1 a/],
  ])('a refusal is final, the first of several counts: %s %s', async (a, b, reply) => {
    const says = (text: string): string => `function hook.eoh() return ${text} end`;
    const whole = await start([says(a), says(b)]);
    const replies = await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>', 'DATA', message('x'));
    expect(replies.at(-1)).toMatch(reply);
  });

  it('lines of the body alternate between the files, whatever comes together', async () => {
    const told = (name: string): string => `function hook.body(line) syslog.info('${name} ' .. line) end`;
    const whole = await start([told('a'), told('b')]);
    await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>', 'DATA', message('one\r\ntwo'));
    const seen = whole.log.lines.map((line) => line.message).filter((text) => /^[ab] (?:one|two)/.test(text));
    expect(seen).toEqual(['a one', 'b one', 'a two', 'b two']);
  });
});

describe('what they share', () => {
  it('client, with what one puts there and what is read lazily; globals are their own', async () => {
    const whole = await start([
      'x = 1 function hook.mail() client.score = 3 client.helper = function() return x end end function hook.rcpt() client.score = client.score + 1 end',
      "function hook.rcpt(to) return '550 5.7.1 ' .. tostring(x) .. ' ' .. client.score .. ' ' .. client.helper() .. ' ' .. client.helo .. ' ' .. client.sender end",
    ]);
    const asked = await dialogue(
      whole,
      ...hello,
      'RCPT TO:<x@y.example>',
      'RSET',
      'MAIL FROM:<c@d.example>',
      'RCPT TO:<x@y.example>',
    );
    expect(asked[3]).toBe('550 5.7.1 nil 4 1 me.example a@b.example');
    expect(asked[6]).toBe('550 5.7.1 nil 4 1 me.example c@d.example');
  });

  it('what smtpe says of the client is not set again over what the first file has made of it', async () => {
    const whole = await start([
      "function hook.mail() client.address = 'hidden' end",
      "function hook.mail() return '550 5.7.1 ' .. client.address end",
    ]);
    expect(await dialogue(whole, ...hello)).toContain('550 5.7.1 hidden');
  });

  it('headers, mime.parts, options', async () => {
    const whole = await start([
      "function hook.dot() header.add('X-A: 1') end function hook.mail() smtpe.setoption('smtp-max-size', '100000') end function hook.data() parts = mime.parts end",
      "function hook.data() parts = mime.parts end function hook.dot() return '550 5.7.1 ' .. select(2, header.find('X-A')) .. ' ' .. #parts .. ' ' .. smtpe.getoption('smtp-max-size') end",
    ]);
    const replies = await dialogue(whole, ...hello, 'RCPT TO:<x@y.example>', 'DATA', message('x'));
    expect(replies.at(-1)).toMatch(/^550 5\.7\.1 1 1 100000/);
  });
});

describe('a revision', () => {
  const answers = (text: string): string => `function hook.noop() return '250 ${text}' end`;
  const noop = async (whole: WholeServer): Promise<string> => (await dialogue(whole, 'NOOP'))[1] ?? '';

  it('a reload takes all files or none, and says which one is wrong', async () => {
    const whole = await start(['', answers('1')]);
    const second = join(whole.directory, 'b.lua');
    await writeFile(second, answers('2'));
    expect(await whole.reload('syntax error')).toBe('failed');
    expect(await noop(whole)).toBe('250 1');
    expect(await whole.reload('')).toBe('ready');
    expect(await noop(whole)).toBe('250 2');
    await writeFile(second, 'function hook.nop() end');
    expect(await whole.reload('')).toBe('failed');
    expect(await whole.line(/hook\.nop is never called/)).toContain('b.lua');
    expect(await noop(whole)).toBe('250 2');
    expect(whole.current.files.map(({ path }) => path)).toContain(second);
    const other = await whole.current.reload({ ...whole.current.source, text: answers('3') });
    expect(other.kind).toBe('ready');
    expect(await noop(whole)).toBe('250 3');
  });

  it('leaves nothing behind, though the file level of the second fails for a client', async () => {
    const flag = join(server.directory, 'flag');
    const whole = await start(['', `if io.open('${flag}') then error('not for clients') end`]);
    await writeFile(flag, '');
    const before = await whole.settled();
    const client = whole.inMemory();
    expect(await client.reply()).toMatch(/^421 /);
    client.stream.end();
    await client.over;
    await whole.line(/not for clients/);
    expect(await whole.backTo(before)).toEqual(before);
  });

  it('leaves nothing behind after sessions', async () => {
    const whole = await start([answers('1'), '', 'x = {}']);
    await noop(whole);
    const before = await whole.settled();
    for (let i = 0; i < 5; i++) await noop(whole);
    expect(await whole.backTo(before)).toEqual(before);
  });
});
