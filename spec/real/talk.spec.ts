// `smtpe talk` as its user has it, built: the order of what it says, Lua over several lines, what becomes of mail that nobody takes, its exit
// code, and the prompt of a terminal.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../fakes/program.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-talk-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Talk {
  readonly code: number | null;
  /** Without the ids and names of this machine. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

const plain = (line: string): string =>
  line
    .replace(/\b[0-9A-Za-z]{16}(?:[0-9A-Za-z]{2})?\b/g, 'ID')
    .replace(/^220 .*/, '220')
    .replace(/^250-\S+ .*/, '250-HOST');

const talk = (policy: string, input: readonly string[], ...options: readonly string[]): Promise<Talk> =>
  talkBy(policy, input.map((line) => `${line}\r\n`).join(''), ...options);

async function talkBy(policy: string, input: string, ...options: readonly string[]): Promise<Talk> {
  const path = join(directory, 'policy.lua');
  await writeFile(path, policy);
  const program = new Program(
    process.execPath,
    [main, 'talk', 'file=', path, 'dns-client-timeout=0', 'log-file=/dev/null', ...options],
    { cwd: directory },
  );
  program.end(input);
  const { code, stderr, stdout } = await program.ended;
  return { code, stderr, lines: stdout.trimEnd().split(/\r?\n/).map(plain) };
}

const greeting = ['HELO a', 'MAIL FROM:<a@b.example>', 'RCPT TO:<x@y.example>'];

describe('smtpe talk over a pipe', () => {
  it('shows its log lines where it is typed, not in the log of the server', async () => {
    const log = join(directory, 'server.log');
    await writeFile(join(directory, 'o.cf'), `log-file=${log}\nsyslog-address=unix:${log}\n`);
    await writeFile(join(directory, 'p.lua'), 'function hook.rcpt() return nothing.at_all end');
    const words = ['talk', `file=${join(directory, 'o.cf')}`, join(directory, 'p.lua')];
    const program = new Program(process.execPath, [main, ...words], { cwd: directory });
    program.end(greeting.map((line) => `${line}\r\n`).join(''));
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/hook\.rcpt: \S+p\.lua:1: .*'nothing'/);
    await expect(readFile(log, 'latin1')).rejects.toThrow('ENOENT');
  });

  it('says everything in the order in which it happens', async () => {
    const { code, lines } = await talk("function hook.rcpt() print('hook.rcpt') end", [
      'HELO a',
      'print("A")',
      'NOOP',
      'print("B")',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<x@y.example>',
      'QUIT',
    ]);
    expect(lines.map((line) => line.replace(/^(\d{3}) .*/, '$1'))).toEqual([
      '220',
      '250',
      'A',
      '250',
      'B',
      '250',
      'hook.rcpt',
      '250',
      '221',
    ]);
    expect(code).toBe(0);
  });

  it('Lua: values of expressions, chunks of several lines, mistakes', async () => {
    const { code, lines } = await talk('count = 3', [
      '1 + 1',
      "client.address, 'x'",
      '= count',
      'for i = 1, 2 do',
      '  print(i)',
      'end',
      'function twice(x)',
      'return 2 * x',
      'end',
      'twice(21)',
      "{ 1, 'two', n = { true } }",
      'x = 5',
      'nil',
      "return 'a', 'b'",
      'x +',
      '7',
      'exit',
    ]);
    expect(lines.slice(1, -1)).toEqual([
      '2',
      '127.0.0.1\tx',
      '3',
      '1',
      '2',
      '42',
      "{ 1, 'two', n = { true } }",
      'nil',
      'a\tb',
      '12',
    ]);
    expect(lines.at(-1)).toMatch(/^221 /);
    expect(code).toBe(0);
  });

  it.each([
    ["assert(1 == 2, 'as expected')", /^error: .*as expected/],
    ['x = = 1', /^error: stdin:1: .*near '='/],
    ['for i = 1, 2 do', /^error: .*<eof>/],
  ])('%s: said, and exit code 1', async (line, message) => {
    const { code, lines } = await talk('', [line]);
    expect(lines.slice(1)).toEqual([expect.stringMatching(message)]);
    expect(code).toBe(1);
  });

  it('exit code 1 after a hook has failed', async () => {
    expect((await talk("function hook.noop() error('x') end", ['NOOP'])).code).toBe(1);
    expect((await talk('function hook.noop() return {} end', ['NOOP', 'QUIT'])).code).toBe(1);
  });

  it('help is about the prompt, HELP asks the policy', async () => {
    const { lines } = await talk("function hook.help() return '214 2.0.0 policy' end", [
      'help',
      'HELP',
      'QUIT',
    ]);
    expect(lines.join('\n')).toMatch(/Every other line is Lua[\s\S]*\n214 2\.0\.0 policy\n/);
  });

  it('a message that nobody takes is not refused for that: where it would go is said', async () => {
    const message = [...greeting, 'DATA', 'Subject: x', '', 'x', '.', 'QUIT'];
    const nowhere = await talk('', message);
    expect(nowhere.lines).toContain(
      '-- would go to nobody: smtp-smart-host is empty; from <a@b.example> to <x@y.example>, 17 bytes',
    );
    expect(nowhere.lines.at(-2)).toMatch(/^250 2\.0\.0 message ID accepted/);
    const closed = await talk('', message, 'smtp-smart-host=127.0.0.1:1');
    expect(closed.lines.join('\n')).toMatch(
      /\n250 [^\n]*OK\n354 [^\n]*\n-- would go to 127\.0\.0\.1:1, which cannot be reached now [^\n]*ECONNREFUSED/,
    );
    expect(closed.code).toBe(0);
  });

  it('lines may end as in any file; a file with CRLF is taken octet for octet', async () => {
    const message = [...greeting, 'DATA', 'Subject: x', '', 'x', '.'];
    const text = await talkBy('', [...message, 'NOOP', 'DATA', ...message.slice(1)].join('\n'));
    expect(text.lines.filter((line) => line.startsWith('-- '))).toEqual([
      '-- would go to nobody: smtp-smart-host is empty; from <a@b.example> to <x@y.example>, 17 bytes',
      '-- the input ended before the dot: the message is given up',
    ]);
    expect(text.code).toBe(1);
    const octets = await talk('', [...message.slice(0, -1), 'bare\n.\nNOOP', '.', 'QUIT']);
    expect(octets.lines.at(-3)).toMatch(/^-- would go to nobody: .* 32 bytes$/);
    expect(octets.code).toBe(0);
  });

  it('a command in capitals that nobody offers is answered by the policy, and is no Lua', async () => {
    const { code, lines } = await talk(
      "NAME = 'n' function hook.unknown(line) return '502 5.5.1 no ' .. line end",
      ['STARTTLS', 'AUTH PLAIN x', 'VRFY x', 'EXPN', 'NAME', 'QUIT'],
    );
    expect(lines.slice(1, -1)).toEqual([
      ...[
        '502 5.5.1 no STARTTLS',
        '502 5.5.1 no AUTH PLAIN x',
        '502 5.5.1 no VRFY x',
        '502 5.5.1 no EXPN',
        'n',
      ],
    ]);
    expect(code).toBe(0);
  });

  it('says what doc/workbench.md shows', async () => {
    const page = await readFile(join(import.meta.dirname, '../../doc/workbench.md'), 'utf8');
    const [, policy = '', input = '', output = ''] =
      /```lua\n-- policy\.lua\n(.*?)```.*?```\n(.*?)```\n\n```\n(.*?)```/s.exec(page) ?? [];
    const { code, lines } = await talkBy(policy, input, 'host-name=mx.example.org');
    expect(output).toContain('eve@example.com is not here');
    expect(lines).toEqual(output.trimEnd().split('\n').map(plain));
    expect(code).toBe(0);
  });

  it('several files: the first that answers decides', async () => {
    const second = join(directory, 'second.lua');
    await writeFile(
      second,
      "function hook.noop() return '250 second' end function hook.rset() return '250 second' end",
    );
    const { lines } = await talk(
      "function hook.rset() return '250 first' end",
      ['NOOP', 'RSET', 'QUIT'],
      second,
    );
    expect(lines.slice(1, 3)).toEqual(['250 second', '250 first']);
  });
});

describe('smtpe talk at a terminal', () => {
  it('shows a prompt, and another one for what goes on', async () => {
    await writeFile(join(directory, 'p.lua'), '');
    const command = `${process.execPath} ${main} talk file= ${join(directory, 'p.lua')} log-file=/dev/null`;
    const program = new Program('script', ['-qec', command, '/dev/null']);
    await program.wrote(/-- SMTP commands go to the policy[\s\S]*\n220 [\s\S]*\nsmtpe> $/);
    program.write('for i = 1, 2 do\n');
    await program.wrote(/ {4}>> $/);
    program.write('print(i) end\n');
    await program.wrote(/\n1\r?\n2\r?\nsmtpe> $/);
    for (const line of [
      'HELO a',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<x@y.example>',
      'DATA',
      'Subject: x',
      '',
      'x',
      '.',
    ])
      program.write(`${line}\n`);
    await program.wrote(/-- would go to nobody[^\n]*\n250 [^\n]* accepted/);
    program.write('exit\n');
    expect((await program.ended).code).toBe(0);
  });
});
