// `smtpe why` over the log of a busy time: transactions that end in every way, many sessions at once, log files that were rotated, some compressed,
// some JSON. Each transaction is found by its sender and by each of its recipients, is told with what became of each of them, and nothing else is.
// As a test a few; with WHY=10000 in the environment as many: 46,250 questions in six minutes on two busy cores, all answered.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { why } from '../../src/cli/why.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { writtenLog } from '../fakes/written-log.ts';

const COUNT = Number(process.env.WHY ?? 80);
/** Sessions at once, and transactions of one. */
const CLIENTS = 8;
const PER_SESSION = 5;
/** Lines of a log file before the next is begun. */
const LINES = 100;

const policy = `
local from = ''
function hook.mail(sender)
  from = sender
  if sender:find('^s%-mail') then return '550 5.7.1 not from you' end
end
function hook.rcpt(recipient) if recipient:find('^no') then return '550 5.1.1 no such user' end end
function hook.dot()
  if from:find('^s%-dot') then return '554 5.7.1 content' end
  if from:find('^s%-later') then return '451 4.7.1 not now' end
end
function hook.forward() return '250 2.0.0 taken' end
`;

interface Sent {
  readonly from: string;
  /** With what `why` has to say of it; '-': nothing was decided. */
  readonly to: ReadonlyMap<string, string>;
  /** In the first line of the story. */
  readonly result: string;
}

type Way = 'plain' | 'mail' | 'dot' | 'later' | 'some' | 'none' | 'reset' | 'drop';
const ways: readonly Way[] = ['plain', 'mail', 'dot', 'later', 'some', 'none', 'reset', 'drop'];

/** What there is to send as number `n`. */
function envelope(n: number): { readonly way: Way; readonly from: string; readonly to: readonly string[] } {
  const way = ways[n % ways.length] ?? 'plain';
  const from = `s-${way}-${n}@from.example`;
  const to = Array.from({ length: (way === 'some' ? 2 : 1) + (n % 5) }, (_, i) => {
    const no = way === 'none' || (way === 'some' && i % 2 === 0);
    return `${no ? 'no' : 'r'}-${n}-${i}@to.example`;
  });
  return { way, from, to };
}

const results: Readonly<Record<Way, string>> = {
  ...{ plain: 'accepted', mail: 'refused', dot: 'refused', later: 'deferred' },
  ...{ some: 'accepted', none: 'refused', reset: 'lost', drop: 'lost' },
};

let directory = '';
const files: string[] = [];
const sent: Sent[] = [];

/** The session of one client: gives what it has sent. False: the connection is over. */
async function session(server: WholeServer, numbers: readonly number[]): Promise<void> {
  let client = server.inMemory(`192.0.2.${1 + ((numbers[0] ?? 0) % 250)}`);
  await client.reply();
  await client.command('EHLO mx.from.example');
  for (const n of numbers) {
    const { from, to, way } = envelope(n);
    await client.command(`MAIL FROM:<${from}>`);
    const taken = new Map<string, string>();
    if (way !== 'mail') {
      for (const address of to) {
        const reply = await client.command(`RCPT TO:<${address}>`);
        taken.set(address, reply.slice(0, 3));
      }
    }
    const hasSome = [...taken.values()].includes('250');
    if (way === 'reset') await client.command('RSET');
    else if (way === 'drop') {
      client.reset();
      await client.over;
      client = server.inMemory('192.0.2.251');
      await client.reply();
      await client.command('EHLO mx.from.example');
    } else if (hasSome) {
      await client.command('DATA');
      client.send(`Message-ID: <m${n}@from.example>\r\n\r\nx\r\n.\r\n`);
      const code = (await client.reply()).slice(0, 3);
      expect(code).toBe({ plain: '250', some: '250', dot: '554', later: '451' }[way as string]);
      for (const [address, answer] of taken) if (answer === '250') taken.set(address, code);
    } else await client.command('RSET');
    sent.push({ from, to: taken, result: results[way] });
  }
  await client.quit();
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-why-'));
  const written = writtenLog(['info', 'warn']);
  const server = await WholeServer.start({
    policy,
    options: { 'limit-commands': '0', 'limit-errors': '0' },
    writeTo: written.log,
  });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < COUNT) {
      const first = next;
      next = Math.min(COUNT, next + PER_SESSION);
      await session(
        server,
        Array.from({ length: next - first }, (_, i) => first + i),
      );
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  await server.stop();
  for (let at = 0, number = 0; at < written.lines.length; at += LINES, number++) {
    const path = join(directory, `smtpe.log.${number}`);
    const lines = number % 3 === 2 ? written.json.slice(at, at + LINES) : written.lines.slice(at, at + LINES);
    const text = Buffer.from(
      lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join(''),
      'latin1',
    );
    const zipped = number % 3 === 1;
    await writeFile(zipped ? `${path}.gz` : path, zipped ? gzipSync(text) : text);
    files.push(zipped ? `${path}.gz` : path);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What the verb prints. */
async function asked(...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = '';
  const output = {
    print: async (piece: string) => {
      text += piece;
      return true;
    },
    complain: async () => undefined,
  };
  return { code: await why(words, output), text };
}

/** Where in the log a transaction is: files are so small that its lines lie in one, or in two. */
async function placesOf(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { text } = await asked('from=s-*', ...files);
  expect(text.match(/^ {2}from {6}/gm)?.length).toBe(sent.length);
  const places = new Map<string, readonly string[]>();
  for (let i = 0; i < files.length; i++) {
    const two = files.slice(i, i + 3);
    const found = (await asked('from=s-*', ...two)).text;
    // Where it is cut off before the line of a transaction, its refusals are none of a mail.
    const mails = found.split('\n\n').filter((story) => !story.includes('refused without a mail'));
    for (const [, from = ''] of mails.join('\n').matchAll(/^ {2}from {6}<([^>]+)>/gm))
      if (!places.has(from)) places.set(from, files.slice(Math.max(0, i - 1), i + 3));
  }
  return places;
}

it(`each of ${COUNT} transactions, by its sender and by each recipient`, async () => {
  expect(sent).toHaveLength(COUNT);
  const places = await placesOf();
  let questions = 0;
  let longest = 0;
  for (const { from, result, to } of sent) {
    const near = places.get(from) ?? files;
    const queries = [[`from=${from}`], ...[...to.keys()].map((one) => [`to=${one}`])];
    const [first] = to.keys();
    if (first !== undefined) queries.push([`from=${from}`, `to=${first}`]);
    let whole = '';
    for (const query of queries) {
      const since = performance.now();
      const { code, text } = await asked(...query, ...near);
      longest = Math.max(longest, performance.now() - since);
      questions++;
      expect([query, code]).toEqual([query, 0]);
      // One story, the same whoever is asked for.
      if (whole === '') whole = text;
      expect(text, query.join(' ')).toBe(whole);
    }
    expect(whole.match(/^ {2}from /gm)?.length, from).toBe(1);
    expect(whole).toContain(`<${from}>`);
    expect(whole.split('\n', 1)[0]).toMatch(new RegExp(` ${result}(?:,|  |$)`));
    for (const [address, code] of to) {
      const row = whole.split('\n').find((line) => line.includes(address)) ?? '';
      expect(row, from).toMatch(new RegExp(`${address.replaceAll('.', '\\.')} +(?:${code}|-)`));
    }
  }
  if (process.env.WHY !== undefined)
    process.stderr.write(
      `${COUNT} transactions, ${questions} questions, the longest ${Math.round(longest)} ms\n`,
    );
}, 3_600_000);

it('over all files at once, and what was never there', async () => {
  for (const { from, to } of [sent[0], sent[Math.floor(COUNT / 2)], sent[COUNT - 1]].filter(
    (one) => one !== undefined,
  )) {
    const since = performance.now();
    const { text } = await asked(`from=${from}`, ...files.toReversed());
    if (process.env.WHY !== undefined)
      process.stderr.write(
        `one question over ${files.length} files: ${Math.round(performance.now() - since)} ms\n`,
      );
    expect(text).toContain(`<${from}>`);
    expect(text.match(/^ {2}from /gm)).toHaveLength(1);
    for (const address of to.keys()) expect(text).toContain(address);
  }
  expect((await asked('from=s-plain-999999@from.example', ...files)).code).toBe(1);
});
