// `smtpe sink` as a next hop of smtpe and of a real client: what it takes and shows, what its rules refuse, what it bounds.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, Program } from '../fakes/program.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

let directory: string;
let programs: Program[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-sink-'));
  programs = [];
});
afterEach(async () => {
  for (const program of programs) {
    program.signal('SIGTERM');
    await program.ended;
  }
  await rm(directory, { recursive: true, force: true });
});

const smtpe = (...args: readonly string[]): Promise<Ended> =>
  new Program(process.execPath, [main, ...args], { cwd: directory }).ended;

async function sink(...words: readonly string[]): Promise<readonly [Program, number]> {
  const args = [main, 'sink', 'port=0', `dir=${directory}/taken`, ...words];
  const program = new Program(process.execPath, args);
  programs.push(program);
  const [, port] = await program.wrote(/^sink on 127\.0\.0\.1:(\d+), messages in .*\n/);
  return [program, Number(port)];
}

describe('smtpe sink', () => {
  it('takes what smtpe forwards, octet for octet, and --list shows it', async () => {
    const [program, port] = await sink('rcpt:bad@*=550 5.1.1 no such user');
    await writeFile(join(directory, 'p.lua'), '');
    const talk = new Program(
      process.execPath,
      [main, 'talk', 'file=', 'p.lua', `smtp-smart-host=127.0.0.1:${port}`, 'log-file=/dev/null'],
      { cwd: directory },
    );
    talk.end(
      'EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bad@example.com>\r\nRCPT TO:<x@example.com>\r\nDATA\r\nSubject: hello\r\n\r\n..dot\r\n.\r\nQUIT\r\n',
    );
    const { stdout } = await talk.ended;
    expect(stdout).toMatch(/\r\n550 5\.1\.1 no such user\r\n250 [^\r]*\r\n354 /);
    expect(stdout).not.toContain('would go to');
    await program.wrote(/^1 from <a@b\.example> to <x@example\.com>, 24 bytes\n/m);
    const listed = await smtpe('sink', '--list', `dir=${directory}/taken`);
    expect(listed.code).toBe(0);
    const path = join(directory, 'taken/000001.eml');
    expect(listed.stdout).toMatch(/^1 {2}\S+Z {2}<a@b\.example> -> <x@example\.com> {2}24 bytes {2}hello\n/);
    expect(listed.stdout).toContain(`    ${path}\n`);
    expect(await readFile(path, 'latin1')).toBe('Subject: hello\r\n\r\n.dot\r\n');
  });

  it('rules: patterns, percentages, a connection that is dropped', async () => {
    const [, port] = await sink('mail:spam@*=554 5.7.1 no', 'dot=451 4.3.0 chaos%50', 'rcpt:gone@*=drop');
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await client.command('EHLO a')).toMatch(/^250-sink\r\n/);
    expect(await client.command('MAIL FROM:<spam@b.example>')).toBe('554 5.7.1 no\r\n');
    const codes = new Set<string>();
    for (let i = 0; i < 200 && codes.size < 2; i++) {
      await client.command('MAIL FROM:<a@b.example>');
      await client.command('RCPT TO:<x@example.com>');
      await client.command('DATA');
      codes.add((await client.command('x\r\n.')).slice(0, 3));
    }
    expect([...codes].toSorted()).toEqual(['250', '451']);
    await client.command('MAIL FROM:<a@b.example>');
    expect(await client.command('RCPT TO:<gone@example.com>')).toBe('');
  });

  it('bounds: messages kept, octets of a message; order of commands', async () => {
    const [, port] = await sink('keep=2', 'size=100');
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await client.command('DATA')).toMatch(/^503 /);
    expect(await client.command('RCPT TO:<x@example.com>')).toMatch(/^503 /);
    const send = async (text: string): Promise<string> => {
      await client.command('MAIL FROM:<a@b.example>');
      await client.command('RCPT TO:<x@example.com>');
      await client.command('DATA');
      return client.command(`${text}\r\n.`);
    };
    expect(await send('x'.repeat(200))).toMatch(/^552 /);
    for (const n of [2, 3, 4])
      expect(await send(`Subject: ${n}\r\n\r\nx`)).toBe(`250 2.0.0 taken as ${n}\r\n`);
    expect((await readdir(join(directory, 'taken'))).toSorted()).toEqual([
      '000003.eml',
      '000004.eml',
      'index',
    ]);
    expect(await client.command('FOO')).toMatch(/^502 /);
    expect(await client.command('x'.repeat(5000))).toMatch(/^500 /);
  });

  it.skipIf(!existsSync('/usr/bin/swaks'))('takes the mail of a real client', async () => {
    const [, port] = await sink();
    const args = [
      '--server',
      `127.0.0.1:${port}`,
      '--from',
      'a@b.example',
      '--to',
      'x@example.com,y@example.com',
    ];
    expect((await new Program('/usr/bin/swaks', args).ended).code).toBe(0);
    expect((await smtpe('sink', '--list', `dir=${directory}/taken`)).stdout).toContain(
      '<x@example.com> <y@example.com>',
    );
  });

  it.each([
    [['rcpt:bad@*=banana'], /rcpt:bad@\*=banana: expected STAGE/],
    [['dot:x=550'], /only mail and rcpt have an address; right would be: dot=550/],
    [['dot=451%0'], /a percentage from 1 to 100/],
    [['prot=25'], /did you mean port=\?/],
    [['port=x'], /port=x: expected a number from 0 to 65535/],
    [['data=250'], /data=250: expected/],
  ])('%j: refused, with what would be right', async (words, message) => {
    expect(await smtpe('sink', ...words)).toMatchObject({ code: 64, stderr: expect.stringMatching(message) });
  });

  it('--list with nothing to show: exit code 1, and where it looked', async () => {
    expect(await smtpe('sink', '--list', 'dir=none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is nothing in none'),
    });
  });
});
