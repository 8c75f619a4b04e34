// Sessions of a whole server that are recorded: nothing secret is in the file, the answers that the policy got are, and the file shows the session as whoever
// followed it would have seen it. Recording changes no reply.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { type FakeClamd, startClamd } from '../../src/bench/ports/clamd-server.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { recordProblem, startRecording } from '../../src/cli/record-sessions.ts';
import { traceVerb } from '../../src/cli/trace-file.ts';
import { type Recording, readRecording } from '../../src/observe/record/format.ts';
import { ladder } from '../../src/observe/trace/ladder.ts';
import { recordSessions } from '../../src/observe/trace/subscribe.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const SECRET = 'sesame-open-99';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const policy = (clamd: string): string => `
function hook.accept()
  dns.open()
  dns.query(dns.class.IN, dns.type.A, '7.2.0.192.bl.example')
  dns.wait(1)
end
function hook.auth(line)
  dns.a(client.auth_password .. '.example')
  return '235 2.7.0 ' .. client.auth_password
end
function hook.dot() service.clamd(client.msg_file, '${clamd}', 5) service.wait(1) end
function hook.rcpt(to) if to:find('^no') then return '550 5.1.1 no such user' end end
`;

let hop: NextHop;
let dns: FakeDnsServer;
let clamd: FakeClamd;
let server: WholeServer;
let directory: string;
beforeAll(async () => {
  hop = await NextHop.start({ ehlo: '250 sink\r\n' });
  dns = await FakeDnsServer.start(['7.2.0.192.bl.example A 300 127.0.0.2']);
  clamd = await startClamd(async () => 'stream: Eicar FOUND\n');
  directory = await mkdtemp(join(tmpdir(), 'smtpe-recorded-'));
  server = await WholeServer.start({
    policy: policy(clamd.host),
    options: {
      ...{ 'dns-servers': `127.0.0.1:${dns.port}`, 'smtp-forward-tls': 'off' },
      ...{ 'smtp-smart-host': hop.target, 'smtp-forward-connections': '0' },
    },
  });
});
afterAll(async () => {
  await server.stop();
  await Promise.all([
    hop.close(),
    dns.close(),
    clamd.close(),
    rm(directory, { recursive: true, force: true }),
  ]);
});

const lines = [
  'EHLO c.example',
  `AUTH PLAIN ${base64(`\0joe\0${SECRET}`)}`,
  'MAIL FROM:<a@b.example>',
  'RCPT TO:<no@d.example>',
  'RCPT TO:<c@d.example>',
  'DATA',
  'Subject: hello\r\n\r\nline\r\n..dot\r\n.',
];

async function dialogue(): Promise<readonly string[]> {
  const client = server.inMemory('192.0.2.7');
  const replies = [await client.reply()];
  for (const line of lines) replies.push(await client.command(line));
  await client.quit();
  await client.over;
  return replies.map((reply) => reply.replaceAll(/[0-9][0-9A-Za-z]{17}/g, 'ID'));
}

async function recorded(options: Readonly<Record<string, string>>): Promise<{
  readonly replies: readonly string[];
  readonly text: string;
  readonly recording: Recording;
  readonly path: string;
}> {
  const place = await mkdtemp(join(directory, 'run-'));
  const stop = startRecording(createOptions({ 'record-dir': place, ...options }), {
    ...{ log: server.log, clock: systemClock, random: systemRandom, script: 'policy.lua' },
  });
  if (stop === undefined) throw new Error('nothing is recorded');
  const replies = await dialogue();
  await stop();
  const [day = ''] = await readdir(place);
  const names = await readdir(join(place, day));
  expect(names).toEqual([expect.stringMatching(/^[0-9A-Za-z]{18}\.rec$/)]);
  const path = join(place, day, names[0] ?? '');
  const text = await readFile(path, 'utf8');
  const read = readRecording(text);
  if (read.kind !== 'recording') throw new Error(read.problem);
  return { replies, text, recording: read.recording, path };
}

it('has the answers in full, the content that is wanted, and no password', async () => {
  const plain = await dialogue();
  const { recording, replies, text } = await recorded({ record: 'refused', 'record-content': '10000' });
  expect(replies).toEqual(plain);
  for (const form of [SECRET, base64(SECRET), base64(`\0joe\0${SECRET}`)]) expect(text).not.toContain(form);
  const { entries } = recording;
  const answers = entries.flatMap((entry) =>
    entry.kind === 'answer' ? [[entry.of, entry.key, JSON.parse(entry.answer) as unknown]] : [],
  );
  expect(answers).toMatchObject([
    ['dns', 'A 7.2.0.192.bl.example', { rcode: 0, records: [{ type: 'A', fields: { value: '127.0.0.2' } }] }],
    ['clamd', clamd.host, { fields: { is_infected: true, signature: 'Eicar' } }],
  ]);
  const content = entries.flatMap((entry) => (entry.kind === 'piece' ? [entry.octets] : [])).join('');
  expect(content).toBe('Subject: hello\r\n\r\nline\r\n..dot\r\n.\r\n');
});

it('shows the session as whoever followed it saw it', async () => {
  const followed: string[] = [];
  const stop = recordSessions(server.log.bus, systemClock, (entry) => followed.push(entry.kind));
  const { path, recording } = await recorded({ record: 'all' });
  stop();
  const seen = recording.entries.map(({ kind }) => kind).filter((kind) => kind !== 'answer');
  expect(seen).toEqual(followed);
  let out = '';
  let said = '';
  const print = async (text: string): Promise<void> => {
    out += text;
  };
  const show = (file: string): Promise<number> =>
    traceVerb(
      createOptions(),
      { json: false, operands: [file], words: [] },
      {
        print,
        complain: async (problems) => {
          said += problems.join('\n');
        },
      },
    );
  expect(await show(path)).toBe(0);
  expect(out).toBe(
    `session ${recording.session} of 192.0.2.7, ${new Date(recording.began).toISOString()}, policy policy.lua\n${ladder(recording.entries)}`,
  );
  const cut = join(directory, 'cut.rec');
  await writeFile(cut, (await readFile(path)).subarray(0, 700));
  expect(await show(cut)).toBe(1);
  expect(said).toMatch(/cut\.rec is not whole: /);
});

it('a directory that is not there, or is none', async () => {
  const problem = (path: string) => recordProblem(createOptions({ 'record-dir': path }));
  expect(await problem(directory)).toBeUndefined();
  expect(await problem('')).toBeUndefined();
  expect(await problem(join(directory, 'gone'))).toMatch(
    /there is no such directory; make it with: mkdir -p/,
  );
  await writeFile(join(directory, 'file'), '');
  expect(await problem(join(directory, 'file'))).toMatch(/that is no directory/);
});
