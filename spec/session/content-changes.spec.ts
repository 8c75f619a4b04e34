// What mime.add_footer, remove and replace make of a message on its way through the server: with header edits, signatures, files, next hops that were
// asked before, limits, and what is said when it cannot be done.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { makeKey } from '../fakes/mail-auth.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
const plain = 'From: a@x.example\nSubject: hi\n\nhello\n';
const mixed = (middle: string): string =>
  `From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\npre\n--b\n\nhello\n${middle}--b--\nafter\n`;
const exe =
  '--b\nContent-Type: application/x-msdownload; name="a.exe"\nContent-Transfer-Encoding: base64\n\nTVo=\n';
const notice = (text: string): string =>
  `--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n${text}\n\n`;
const truncated = 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n';

/** Code of hook.dot, the message, what the next hop has, what the policy said. */
type Case = readonly [name: string, code: string, message: string, forwarded: string, said?: string];

const cases: readonly Case[] = [
  ['nothing asked for', '', plain, plain],
  [
    'a footer',
    "say(mime.add_footer{ text = 'bye\\n' })",
    plain,
    plain.replace('hello\n', 'hello\nbye\n'),
    'true nil',
  ],
  [
    'two footers',
    "mime.add_footer{ text = 'one' } mime.add_footer{ text = 'two' }",
    plain,
    plain.replace('hello\n', 'hello\none\ntwo\n'),
  ],
  [
    'a footer and header edits',
    "header.modify('Subject', 1, 'x') mime.add_footer{ text = 'bye' } header.add('X-A: 1')",
    plain,
    'From: a@x.example\nSubject: x\nX-A: 1\n\nhello\nbye\n',
  ],
  [
    'removed, with the usual text',
    'say(mime.remove(3))',
    mixed(exe),
    mixed(notice('The attachment "a.exe" was removed from this message.')),
    'true nil',
  ],
  ['removed, with a text', "mime.remove(3, 'gone')", mixed(exe), mixed(notice('gone'))],
  ['removed, with nothing', 'mime.remove(3, false)', mixed(exe), mixed('')],
  [
    'removed and a footer',
    "mime.remove(3, false) mime.add_footer{ text = 'bye' }",
    mixed(exe),
    mixed('').replace('hello\n', 'hello\nbye\n'),
  ],
  [
    'replaced',
    "mime.replace(3, 'MZ2', { filename = 'b.txt' })",
    mixed(exe),
    mixed(
      '--b\nContent-Type: application/x-msdownload\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n\tfilename="b.txt"\n\nTVoy\n\n',
    ),
  ],
  [
    'all of it removed',
    "mime.remove(1, 'gone')",
    mixed(exe),
    'From: a@x.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\nMIME-Version: 1.0\n\ngone\n',
  ],
  [
    'a child of what is removed',
    "mime.remove(1, 'gone') say(mime.remove(3, nil, { on_defect = 'leave' }))",
    mixed(exe),
    '',
    'false changed',
  ],
  ['no such part', 'say(pcall(mime.remove, 5))', mixed(exe), mixed(exe), 'there are parts 1 to 4'],
  ['part 0', 'say(pcall(mime.remove, 0))', mixed(exe), mixed(exe), 'there are parts 1 to 4'],
  [
    'a word that is none',
    "say(pcall(mime.add_footer, { text = 'x', on_defect = 'drop' }))",
    plain,
    plain,
    "'refuse' or 'leave'",
  ],
  ['a field that is none', "say(pcall(mime.add_footer, { test = 'x' }))", plain, plain, 'knows no test'],
  ['no text', 'say(pcall(mime.add_footer, {}))', plain, plain, 'needs a text or html'],
  ['no UTF-8', "say(pcall(mime.add_footer, { text = '\\xff' }))", plain, plain, 'has to be UTF-8'],
  ['a defect, left', "say(mime.add_footer{ text = 'x' })", truncated, truncated, 'false unsafe'],
  [
    'a defect, left by name',
    "say(mime.remove(2, nil, { on_defect = 'leave' }))",
    truncated,
    truncated,
    'false unsafe',
  ],
  ['a defect, refused', 'say(mime.remove(2))', truncated, '554 5.6.3', 'false unsafe'],
  [
    'a defect, refused by name',
    "mime.add_footer{ text = 'x', on_defect = 'refuse' }",
    truncated,
    '554 5.6.3',
  ],
  [
    'signed is no defect',
    "say(mime.add_footer{ text = 'x', on_defect = 'refuse' })",
    'Content-Type: application/pkcs7-mime\n\nx\n',
    'Content-Type: application/pkcs7-mime\n\nx\n',
    'false signed',
  ],
  [
    'removed from what is signed',
    'mime.remove(1)',
    'Content-Type: application/pkcs7-mime\n\nx\n',
    '554 5.6.3',
  ],
  [
    'asked for by name',
    "say(mime.remove(1, 'gone', { signed = true }))",
    'Content-Type: application/pkcs7-mime\n\nx\n',
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\nMIME-Version: 1.0\n\ngone\n',
    'true nil',
  ],
  [
    'header.* has changed the type',
    "header.modify('Content-Type', 1, 'text/html') mime.add_footer{ text = 'x' }",
    plain,
    plain.replace('\n\n', '\nContent-Type: text/html\n\n'),
  ],
  [
    'header.* has changed the type of what was removed',
    "mime.remove(3) header.delete('Content-Type', 1)",
    mixed(exe),
    '554 5.6.3',
  ],
  ['the file is changed after', "mime.add_footer{ text = 'x' } append(path)", plain, '451 4.3.0'],
  [
    'the file is changed before',
    "append(path) say(pcall(mime.add_footer, { text = 'x' }))",
    plain,
    `${plain}appended\n`,
    'by one way only',
  ],
  [
    'the file is only read',
    "local f = io.open(path) f:close() mime.add_footer{ text = 'bye' }",
    plain,
    plain.replace('hello\n', 'hello\nbye\n'),
  ],
  [
    'too many',
    "for i = 1, 5 do mime.add_footer{ text = 'x' } end say(pcall(mime.add_footer, { text = 'x' }))",
    plain,
    `${plain}x\nx\nx\nx\nx\n`,
    'limit-mime-edits',
  ],
  [
    'too long',
    "say(pcall(mime.add_footer, { text = ('x'):rep(1001) }))",
    plain,
    plain,
    'limit-mime-edit-bytes',
  ],
  [
    'refused by the policy all the same',
    "mime.add_footer{ text = 'x' } return '550 5.7.1 no'",
    plain,
    '550 5.7.1 no',
  ],
  ['signed by us over what is sent', "mime.add_footer{ text = 'bye' } sign()", plain, 'DKIM-Signature'],
];

const { pem } = makeKey('ed25519');
const policy = `
local said
local function say(...) local words = table.pack(...) for i = 1, words.n do words[i] = tostring(words[i]) end said = table.concat(words, ' ') end
local function append(path) local f = assert(io.open(path, 'ab')) f:write('appended\\r\\n') f:close() end
local function sign() dkim.sign{ domain = 'x.example', selector = 's', key = [[${pem}]] } end
local todo = {
${cases.map(([, code]) => `function(path) ${code} end,`).join('\n')}
}
local which
function hook.mail(sender) which = tonumber(sender:match('%d+')) end
function hook.dot(path) said = nil local answer = todo[which](path) if said then syslog.info('said ' .. said) end return answer end
function hook.eoh() if which == 1 then local ok, why = pcall(mime.remove, 1) syslog.info('early ' .. tostring(why)) end end
`;

describe.each([
  ['in memory', '1000000'],
  ['on disk', '0'],
])('content changed, %s', (_title, memory) => {
  let hop: NextHop;
  let server: WholeServer;
  let client: RigClient;
  beforeAll(async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy,
      options: {
        'smtp-smart-host': hop.target,
        'spool-memory': memory,
        'limit-mime-edits': '5',
        'limit-mime-edit-bytes': '1000',
      },
    });
    client = server.inMemory();
    await client.reply();
    await client.command('EHLO client.example');
  });
  afterAll(async () => {
    await client.quit();
    await server.stop();
    await hop.close();
  });

  test.each(cases.map((item, i) => [item[0], i] as const))('%s', async (_, i) => {
    const [, , message, forwarded, said] = cases[i] as Case;
    const before = hop.connections.map((connection) => connection.contents.length);
    const lines = server.said(/said /).length;
    expect(await client.command(`MAIL FROM:<${i + 1}@x.example>`)).toMatch(/^250/);
    expect(await client.command('RCPT TO:<b@example.net>')).toMatch(/^250/);
    expect(await client.command('DATA')).toMatch(/^354/);
    client.send(`${crlf(message)}.\r\n`);
    const reply = await client.reply();
    const contents = hop.connections
      .flatMap((connection, n) => connection.contents.slice(before[n] ?? 0))
      .map(String);
    if (said !== undefined) expect(server.said(/said /).slice(lines).join()).toContain(said);
    if (/^\d{3} /.test(forwarded)) {
      expect(reply).toContain(forwarded);
      expect(contents).toEqual([]);
      return;
    }
    expect(reply).toMatch(/^250/);
    const sent = contents[0]?.replaceAll('\r\n', '\n') ?? '';
    if (forwarded === 'DKIM-Signature') {
      expect(sent).toMatch(/^DKIM-Signature: /);
      expect(sent.endsWith(plain.replace('hello\n', 'hello\nbye\n'))).toBe(true);
    } else if (forwarded !== '') expect(sent).toBe(forwarded);
  });

  test('what was asked for too early raises an error', () => {
    expect(server.said(/early /).join()).toContain('only in hook.dot');
  });

  test('the log says what was changed and what was not', () => {
    expect(server.said(/content of the message changed/)[0]).toMatch(/"changes":1,"bytes":41,"became":46/);
    expect(server.said(/content of the message not changed/).join('\n')).toMatch(
      /"change":"remove\(2\)","cause":"unclosed_multipart","outcome":"refused"/,
    );
  });
});
