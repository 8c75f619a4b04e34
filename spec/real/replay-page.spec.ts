// doc/replay.md: its policies, its commands and what they print, as they stand there.

import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUSY } from '../fakes/daemon.ts';
import { type Ended, Program } from '../fakes/program.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
const page = readFileSync(join(import.meta.dirname, '../../doc/replay.md'), 'utf8');
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(([, its, text = '']) =>
    its === kind ? [text] : [],
  );
/** Words behind `smtpe`, of each command. */
const commands = blocks('sh')
  .flatMap((text) => text.trimEnd().split('\n'))
  .flatMap((line) => (line.startsWith('smtpe ') ? [line.split(' ').slice(1)] : []));

let directory: string;
const programs: Program[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-page-'));
});
afterAll(async () => {
  for (const program of programs) await program.stop();
  await rm(directory, { recursive: true, force: true });
});

function run(words: readonly string[]): Program {
  const program = new Program(process.execPath, [main, ...words], { cwd: directory });
  programs.push(program);
  return program;
}

const runToEnd = (words: readonly string[]): Promise<Ended> => run(words).ended;

/** The command of the page, at a port that is free. */
async function serve(
  words: readonly string[],
): Promise<{ readonly program: Program; readonly port: number }> {
  const own = words.map((word) => word.replace('127.0.0.1:2525', '127.0.0.1:0'));
  const program = run([...own, 'file=', 'spool-dir=', 'smtp-auth-delay=0', 'dns-client-timeout=0', BUSY]);
  const [, port] = await program.wrote(/listening on 127\.0\.0\.1:(\d+)/);
  return { program, port: Number(port) };
}

async function mail(port: number, recipient: string): Promise<void> {
  const client = await SmtpClient.connect(port);
  await client.reply();
  for (const line of ['EHLO c.example', 'MAIL FROM:<a@b.example>']) await client.command(line);
  if ((await client.command(`RCPT TO:<${recipient}>`)).startsWith('250')) {
    await client.command('DATA');
    client.write('Subject: x\r\n\r\nhello\r\n.\r\n');
    await client.reply();
  }
  await client.command('QUIT');
  client.destroy();
}

const recipients = ['joe@d.example', 'nobody@d.example', 'sales@d.example'];
const plain = (text: string): string =>
  text.replaceAll(/\b2[0-9A-Za-z]{17}\b/g, 'ID').replaceAll(/\d{4}-\d\d-\d\d|\d+\.\d s/g, '...');

it('what it says to type does what it says', async () => {
  const [old = '', fresh = ''] = blocks('lua');
  await writeFile(join(directory, 'old.lua'), old);
  await writeFile(join(directory, 'new.lua'), fresh);
  const [record = [], replay = [], beside = []] = commands;
  const [printed = '', line = ''] = blocks('');

  await mkdir(join(directory, 'rec'), { mode: 0o700, recursive: true });
  const recorded = await serve(record);
  for (const recipient of recipients) await mail(recorded.port, recipient);
  await recorded.program.stop();
  expect(await readdir(join(directory, 'rec'))).toHaveLength(1);

  const { code, stdout } = await runToEnd(replay);
  expect(code).toBe(1);
  expect(plain(stdout)).toBe(plain(printed));
  expect((await runToEnd(['replay', 'rec', 'old.lua'])).code).toBe(0);

  // However busy the machine of the trial is.
  const shown = await serve([...beside, 'shadow-percent-busy=100']);
  for (const recipient of recipients) await mail(shown.port, recipient);
  const [said = ''] = await shown.program.wrote(/info \S+ the shadow policy answers otherwise .*\n/);
  expect(plain(said)).toBe(plain(line));
  await shown.program.stop();
});
