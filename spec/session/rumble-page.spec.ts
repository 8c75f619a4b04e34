// Every script of doc/rumble.md, in a running server: each does what the page says of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { optionNames } from '../../src/options/option-table.ts';
import { LineClient } from '../fakes/line-client.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const PAGE = 'doc/rumble.md';
/** Of its own: other specs have the same ports elsewhere. */
const ADDRESS = '127.0.0.13';

let server: WholeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(name: string): Promise<WholeServer> {
  server = await WholeServer.start({
    files: { 'page.lua': pageBlock(PAGE, name) },
    loadScripts: ['page.lua'],
    options: { 'rumble-service-address': ADDRESS, 'rumble-allow': 'control' },
  });
  return server;
}

it('greylist', async () => {
  const one = await (await start('greylist')).greeted();
  const codes: string[] = [];
  for (const line of ['EHLO x', 'MAIL FROM:<a@x.test>', 'RCPT TO:<b@x.test>', 'RCPT TO:<b@x.test>'])
    codes.push((await one.command(line)).slice(0, 3));
  expect(codes).toEqual(['250', '250', '451', '250']);
  one.destroy();
});

it('hello', async () => {
  const { log } = await start('hello');
  expect(log.lines.map(({ message }) => message)).toContain('hello: ready');
  const one = await LineClient.connect(2580, ADDRESS);
  expect(await one.line()).toBe('Who is there?');
  expect([await one.ask('Sam'), await one.line()]).toEqual(['Hello Sam, you are 3 octets long.', '<closed>']);
});

it('question', async () => {
  const one = await (await start('question')).greeted();
  for (const [answer, reply] of [
    ['42', '250 right\r\n'],
    ['41', '550 5.7.1 wrong\r\n'],
  ] as const) {
    expect(await one.command('XANSWER')).toBe('334 what is six times seven?\r\n');
    expect(await one.command(answer)).toBe(reply);
  }
  one.destroy();
});

it('counter', async () => {
  await start('counter');
  const [a, b] = [await LineClient.connect(2581, ADDRESS), await LineClient.connect(2581, ADDRESS)];
  b.write('x\r\n');
  expect(await a.ask('x')).toBe('count 1');
  expect(await b.line()).toBe('count 2');
});

it('switch', async () => {
  const { port } = await start('switch');
  const say = async (word: string): Promise<string> => (await LineClient.connect(2582, ADDRESS)).ask(word);
  expect(await say('off')).toBe('enabled 2, busy 0');
  await expect(SmtpClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  expect(await say('on')).toBe('enabled 1, busy 0');
  (await SmtpClient.connect(port)).destroy();
});

it('all blocks of the page are run, and its option file names options', () => {
  const text = readFileSync(join(import.meta.dirname, '../..', PAGE), 'utf8');
  const names = [...text.matchAll(/^<!-- (\w+) -->$/gm)].map(([, name]) => name);
  expect(names).toEqual(['options', 'greylist', 'hello', 'question', 'counter', 'switch']);
  expect(text.split('```').length - 1).toBe(2 * names.length);
  const options = pageBlock(PAGE, 'options')
    .split('\n')
    .map((line) => line.split('=')[0] ?? '');
  for (const option of options) expect(optionNames).toContain(option);
});
