// `smtpe trace FILE`: the ladder of a message and of a session without a server, in content as the mock-up has it, and what is no such file.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { traceVerb } from '../../../src/cli/trace-file.ts';
import { isOffline, readTraceWords } from '../../../src/cli/trace-words.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { createOptions } from '../../../src/options/option-set.ts';

const policy = `
local LISTS = { 'bl1.example', 'bl2.example' }
function hook.accept(ip, host)
  dns.open()
  for _, list in ipairs(LISTS) do
    dns.query(dns.class.IN, dns.type.A, net.reverse_ip(ip, false) .. '.' .. list)
  end
  local listed = 0
  for _, query in ipairs(dns.wait(true)) do if query.answer then listed = listed + 1 end end
  dns.close()
  if listed > 1 then return true, '554 5.7.1 ' .. ip .. ' is listed' end
end
function hook.mail(sender)
  if sender == 'slow@b.example' then util.sleep(30) end
  if sender == 'broken@b.example' then return nothing.here end
  if sender == 'http@b.example' then service.http.request('http://www.example/x') service.wait(true) end
end
function hook.rcpt(recipient)
  if recipient == 'bad@example.com' then return '550 5.1.1 no such user' end
end
function hook.dot(path)
  service.clamd(path, '127.0.0.1:3310')
  service.spamd(path, '127.0.0.1:783')
  local found = service.wait(true)
  header.add('X-Spam-Status: No, score=' .. found.spamd.score)
end
function hook.auth() return '235 2.7.0 welcome' end
`;
const fakes = `
local t = require 'smtpe.test'
t.dns { ['7.2.0.192.bl1.example A'] = '127.0.0.2', default = t.nxdomain }
t.clamd { default = 'clean' }
t.spamd { default = 2.1 }
t.next_hop('mx1:25', { dot = '250 2.0.0 Ok: queued as 89D6222E8B2' })
`;
const message = 'From: News <news@b.example>\nTo: x@example.com\nSubject: news\n\nhello\n.dot\n';

let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-trace-'));
  await Promise.all([
    writeFile(at('policy.lua'), policy),
    writeFile(at('policy_test.lua'), fakes),
    writeFile(at('nothing.lua'), "local t = require 'smtpe.test'"),
    writeFile(at('news.eml'), message),
  ]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Traced {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

async function trace(...words: readonly string[]): Promise<Traced> {
  const line = readCommandLine(['trace', ...words, at('policy.lua'), 'smtp-smart-host=mx1:25']);
  expect(line.problems).toEqual([]);
  const options = createOptions();
  options.set('script', at('policy.lua'), 'command line');
  let out = '';
  let said = '';
  const code = await traceVerb(options, line, {
    print: async (text) => {
      out += text;
    },
    complain: async (problems) => {
      said += problems.join('\n');
    },
  });
  return { code, out: out.replaceAll(`${directory}/`, ''), said: said.replaceAll(`${directory}/`, '') };
}

async function session(text: string, ...words: readonly string[]): Promise<Traced> {
  await writeFile(at('session.txt'), text, 'latin1');
  return trace(at('session.txt'), ...words);
}

describe('a message', () => {
  it('is shown as the mock-up has it: hooks, lines, values, replies, where it would go', async () => {
    const { code, out, said } = await trace(
      at('news.eml'),
      'from=192.0.2.7',
      'host=mx.b.example',
      'to=x@example.com',
    );
    expect(said).toBe('');
    const steps = [
      / {2}connect 192\.0\.2\.7\n/,
      / -> mx\.b\.example /,
      / hook\.accept\("192\.0\.2\.7", "mx\.b\.example"\) +policy\.lua:3\n/,
      / dns A 7\.2\.0\.192\.bl1\.example {2}127\.0\.0\.2 +policy\.lua:6/,
      / dns A 7\.2\.0\.192\.bl2\.example {2}NXDOMAIN +policy\.lua:6/,
      / -> nothing +policy\.lua:12 {2}\d+\.\d ms Lua/,
      / {2}S: 220 /,
      / {2}C: EHLO mx\.b\.example\n/,
      / {2}C: MAIL FROM:<news@b\.example>\n/,
      / {2}C: RCPT TO:<x@example\.com>\n/,
      / hook\.rcpt\("x@example\.com", "example\.com"\) +policy\.lua:\d+\n.*-> nothing/,
      / {2}C: \. {2}\d+ octets of content\n/,
      / hook\.dot\(.*\) +policy\.lua:\d+\n/,
      / clamd 127\.0\.0\.1:3310 {2}clean /,
      / spamd 127\.0\.0\.1:783 {2}no spam 2\.1\/5 /,
      / header\.add X-Spam-Status: No, score=2\.1 /,
      / next hop mx1:25 < 354 /,
      / next hop mx1:25 < 250 2\.0\.0 Ok: queued as 89D6222E8B2\n/,
      / {2}S: 250 2\.0\.0 message \w+ accepted\n/,
      / {2}total \d+ ms: policy \d+/,
      / {2}end: QUIT\n/,
      /\nwould go to mx1:25: from <news@b\.example> to <x@example\.com>, \d+ octets\n$/,
    ];
    let rest = out;
    for (const step of steps) {
      expect(rest).toMatch(step);
      rest = rest.slice(rest.search(step));
    }
    expect(code).toBe(0);
  });

  it('goes to whom its headers name, and no further than the server takes it', async () => {
    const { out } = await trace(at('news.eml'));
    expect(out).toContain('C: RCPT TO:<x@example.com>');
    const refused = await trace(at('news.eml'), 'to=bad@example.com');
    expect(refused.out).toContain('S: 550 5.1.1 no such user');
    expect(refused.out).not.toContain('C: DATA');
    expect(refused.out).not.toContain('would go to');
    await writeFile(at('blank.eml'), 'Subject: x\n\nhi\n');
    const nobody = await trace(at('blank.eml'));
    expect(nobody).toMatchObject({
      code: 64,
      said: 'blank.eml names no recipient in To or Cc; say to=ADDRESS',
    });
  });

  it('as JSON: an entry a line, as the trace of a server has them, and what came of it', async () => {
    const { out } = await trace(at('news.eml'), '--json');
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(entries[0]).toMatchObject({ kind: 'connect', client: '192.0.2.1' });
    expect(entries.at(-1)).toMatchObject({
      ...{ kind: 'played', failed: false, missing: [] },
      forwarded: [{ host: 'mx1:25', sender: 'news@b.example', recipients: ['x@example.com'] }],
    });
  });

  it('what nobody has said is told with the line that says it, and the exit code', async () => {
    const { code, out } = await trace(at('news.eml'), `fakes=${at('nothing.lua')}`);
    expect(code).toBe(1);
    expect(out).toContain(
      "nobody has said what dns A 1.2.0.192.bl1.example answers:   t.dns { ['1.2.0.192.bl1.example A'] = t.nxdomain }\n",
    );
    expect(out).toContain("nobody has said what service.clamd answers:   t.clamd { default = 'clean' }\n");
    expect(out).toContain('such lines stand in nothing.lua\n');
  });
});

describe('a session', () => {
  it('each line waits for its reply; the marks of a transcript are known', async () => {
    const lines = [
      'EHLO a',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<x@example.com>',
      'DATA',
      'Subject: x',
      '',
      '..dot',
      '.',
      'QUIT',
    ];
    const plain = await session(`# who\n\n${lines.join('\n')}\n`);
    const marked = await session(
      `S: 220 x\n${lines.map((line) => `C: ${line}\nS: 250 whatever\n`).join('')}`,
    );
    for (const { code, out } of [plain, marked]) {
      expect(code).toBe(0);
      expect(out).toMatch(/would go to mx1:25: from <a@b\.example> to <x@example\.com>, \d+ octets/);
      expect(out).toContain('C: QUIT');
    }
  });

  it('chunks, and a log-in whose password is not shown', async () => {
    const login = Buffer.from('\0joe\0sesame').toString('base64');
    const { out } = await session(
      `EHLO a\nAUTH PLAIN ${login}\nMAIL FROM:<a@b.example>\nRCPT TO:<x@example.com>\nBDAT 14\nSubject: x\n\nBDAT 7 LAST\nhello\nQUIT\n`,
      'tls',
    );
    expect(out).toContain('C: AUTH ***');
    expect(out).not.toContain(login);
    expect(out).toMatch(/S: 250 .*14 octets[\s\S]*S: 250 2\.0\.0 message \w+ accepted/);
    expect(out).toContain('C: QUIT');
  });

  it('waits are moved over: nobody sleeps', async () => {
    const { out } = await session('EHLO a\nMAIL FROM:<slow@b.example>\nQUIT\n');
    expect(out).toMatch(/waits: util\.sleep \(30 s\) +policy\.lua:14/);
    expect(out).toMatch(/\n30\d\d\d\.\d {2}S: 250 2\.1\.0 sender/);
  });

  it('a hook that fails is shown with its line, and what was not said counted', async () => {
    const { code, out } = await session('EHLO a\nMAIL FROM:<broken@b.example>\nNOOP\nQUIT\n');
    expect(code).toBe(1);
    expect(out).toMatch(/-> hook\.mail: policy\.lua:15: attempt to index a nil value/);
    expect(out).toContain('the server has closed the connection: 2 more lines were not said\n');
  });

  it('a URL of which nothing is said', async () => {
    const { code, out } = await session('EHLO a\nMAIL FROM:<http@b.example>\nQUIT\n');
    expect(code).toBe(1);
    expect(out).toContain("t.http { ['HEAD http://www.example/x'] = 200 }");
  });

  it('that is cut off within a message: the client goes, and it is said', async () => {
    const { out, said } = await session(
      'EHLO a\nMAIL FROM:<a@b.example>\nRCPT TO:<x@example.com>\nDATA\nSubject: x\n',
    );
    expect(out).toContain('C: (12 octets of content, and no end)');
    expect(said).toBe(
      'session.txt ends within a message: it has no line "." (or fewer octets than BDAT says)',
    );
    const chunk = await session(
      'EHLO a\nMAIL FROM:<a@b.example>\nRCPT TO:<x@example.com>\nBDAT 100\nSubject: x\n',
    );
    expect(chunk.said).toContain('fewer octets than BDAT says');
  });
});

describe('what is no such file has a message of its own', () => {
  it.each<[string, Buffer | string, RegExp]>([
    ['empty.eml', '', /^empty\.eml: it is empty$/],
    ['mail.eml.gz', gzipSync(message), /it is a gzip file: unpack it first$/],
    ['mail.zip', 'PK\x03\x04', /it is a zip file/],
    ['mail.msg', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /in a form of Outlook \(\.msg\): save it as \.eml$/],
    ['utf16.eml', Buffer.from('\ufeffSubject: x', 'utf16le'), /UTF-16: save it as UTF-8$/],
    ['data.json', '{ "a": 1 }', /neither a message \(its first line is no header\) nor a session/],
    ['noise.bin', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)), /neither a message/],
    [
      'two.mbox',
      `From a@b Sat Jan  3 12:00:00 2026\n${message}\nFrom a@b Sat Jan  3 12:00:00 2026\n${message}`,
      /a mailbox \(mbox\) of several messages; take one out$/,
    ],
  ])('%s', async (name, content, says) => {
    await writeFile(at(name), content);
    const { code, out, said } = await trace(at(name));
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(said).toMatch(says);
  });

  it('100 MB, a directory, a pipe, nothing at all', async () => {
    await writeFile(at('big.eml'), message);
    await truncate(at('big.eml'), 100 * 1024 * 1024);
    expect((await trace(at('big.eml'))).said).toBe('big.eml: it has 100 MB; at most 64 MB are read');
    await mkdir(at('dir'));
    expect((await trace(at('dir'))).said).toBe('dir: it is a directory; name a file in it');
    execFileSync('mkfifo', [at('pipe')]);
    expect((await trace(at('pipe'))).said).toBe('pipe: it is no plain file');
    expect((await trace(at('none.eml'))).said).toBe('none.eml: there is no such file');
  });

  it('a policy or fakes that cannot be loaded', async () => {
    await writeFile(at('wrong.lua'), 't.case(');
    const { code, said } = await trace(at('news.eml'), `fakes=${at('wrong.lua')}`);
    expect({ code, said }).toEqual({ code: 70, said: expect.stringMatching(/^wrong\.lua:1: /) });
  });

  it('a message of one mailbox file, one that is binary behind its header, and 8-bit octets', async () => {
    await writeFile(at('one.mbox'), `From a@b Sat Jan  3 12:00:00 2026\n${message}`);
    expect((await trace(at('one.mbox'))).code).toBe(0);
    await writeFile(
      at('octets.eml'),
      Buffer.concat([Buffer.from(message), Buffer.from([0, 255, 13, 10, 26])]),
    );
    expect((await trace(at('octets.eml'))).out).toMatch(/S: \d\d\d .*\n[\s\S]*end: QUIT/);
  });
});

it('words of the command line', () => {
  expect(isOffline(['from=a@b', 'one', 'new'])).toBe(false);
  expect(isOffline(['mail/x.eml'])).toBe(true);
  expect(
    readTraceWords(['x.eml', 'from=<a@b.example>', 'to=x@y,<z@y>', 'to=w@y', 'client=2001:db8::1']),
  ).toMatchObject({
    ...{ path: 'x.eml', sender: 'a@b.example', recipients: ['x@y', 'z@y', 'w@y'], client: '2001:db8::1' },
  });
  expect(readTraceWords(['x.eml', 'from=192.0.2.7'])).toMatchObject({
    client: '192.0.2.7',
    sender: undefined,
  });
  expect(readTraceWords(['x.eml', 'y.eml'])).toBe('x.eml and y.eml: one file');
  expect(readTraceWords(['x.eml', 'one'])).toBe('one: with a file there is one session');
  expect(readTraceWords(['x.eml', 'client=here'])).toBe('client=here: expected an address, as 192.0.2.7');
  expect(readTraceWords(['x.eml', 'helo=a\r\nQUIT'])).toBe('helo=: one line');
  expect(readTraceWords(['x.eml', 'helo=a', 'helo=b'])).toBe('helo=b: helo= is given twice');
});
