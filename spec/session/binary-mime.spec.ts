// Messages with BODY=BINARYMIME (RFC 3030 section 3) through the whole server: octet for octet to a next hop that offers it, and nowhere else; what
// hooks, edits and smtp.* make of them.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

const BINARY: HopScript = {
  ehlo: '250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 SIZE\r\n',
};
const BOTH: HopScript = { ehlo: '250-sink\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 8BITMIME\r\n' };
const NO_BINARY: HopScript = { ehlo: '250-sink\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE\r\n' };
const NO_CHUNKS: HopScript = { ehlo: '250-sink\r\n250-BINARYMIME\r\n250 8BITMIME\r\n' };
const MAIL = 'MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n';
const RCPT = 'RCPT TO:<c@d.example>\r\n';
const OPEN = `EHLO c.example\r\n${MAIL}${RCPT}`;
const REFUSED = /^554 5\.6\.3 .*BINARYMIME/m;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function hopOf(script: HopScript): Promise<NextHop> {
  const hop = await NextHop.start(script);
  ends.push(() => hop.close());
  return hop;
}

async function serverOf(settings: WholeServerSettings): Promise<WholeServer> {
  const server = await WholeServer.start({
    ...settings,
    options: { 'smtp-binarymime': '+', 'limit-small-chunks': '0', ...settings.options },
  });
  ends.push(() => server.stop());
  return server;
}

async function start(script: HopScript, settings: WholeServerSettings = {}) {
  const hop = await hopOf(script);
  return {
    hop,
    server: await serverOf({ ...settings, options: { 'smtp-smart-host': hop.target, ...settings.options } }),
  };
}

/** What is said to `wire`, sent in these segments. */
async function say(server: WholeServer, ...segments: readonly string[]): Promise<string> {
  const client = server.inMemory();
  client.send(...segments.filter((text) => text !== ''));
  const text = await client.rest();
  client.stream.end();
  await client.over;
  expect(server.app.spools.size).toBe(0);
  return text;
}

const codes = (text: string): string => (text.match(/^\d{3}(?= )/gm) ?? []).join(' ');
const contents = (hop: NextHop): readonly string[] =>
  hop.connections.flatMap((one) => one.contents.map((content) => content.toString('latin1')));
const last = (text: string): string => `BDAT ${text.length} LAST\r\n${text}`;
/** `text` cut at the places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((n) => n % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

const BODY = 'a\nb\rc\0\xff\r\n\r\n.\r\nMAIL FROM:<x@y.example>\r\nlast\r';
const MESSAGE = `Subject: x\r\n\r\n${BODY}`;

describe('BINARYMIME', () => {
  it.each([
    ['smtp-binarymime', {}, true],
    ['off, as by default', { 'smtp-binarymime': '-' }, false],
    ['without smtp-chunking', { 'smtp-chunking': '-' }, false],
  ])('is offered and taken: %s', async (_, options, offered) => {
    const { server } = await start(BINARY, { options });
    const client = server.inMemory();
    await client.reply();
    expect((await client.command('EHLO c.example')).includes('250-BINARYMIME\r\n')).toBe(offered);
    expect(await client.command('MAIL FROM:<a@b.example> body=binarymime')).toMatch(
      offered ? /^250 / : /^501 5\.5\.4 .*binarymime/,
    );
    await client.quit();
  });

  it('says so in client.parameters', async () => {
    const policy = "function hook.mail() return '250 2.1.0 ' .. client.parameters.BODY end";
    const { server } = await start(BINARY, { policy });
    expect(await say(server, `EHLO c\r\n${MAIL}QUIT\r\n`)).toContain('\r\n250 2.1.0 BINARYMIME\r\n');
  });

  it('DATA is out of sequence, and BDAT goes on', async () => {
    const { hop, server } = await start(BINARY);
    const replies = await say(server, `${OPEN}DATA\r\n${last(MESSAGE)}${MAIL}DATA\r\nQUIT\r\n`);
    expect(codes(replies)).toBe('220 250 250 250 503 250 250 503 221');
    expect(replies.match(/^503 5\.5\.1 /gm)).toHaveLength(2);
    expect(contents(hop)).toEqual([MESSAGE]);
  });

  it('lasts as long as its transaction', async () => {
    const { hop, server } = await start(BINARY);
    const text = 'A: 1\r\n\r\nx\n';
    const plain = `MAIL FROM:<a@b.example>\r\n${RCPT}`;
    const wire = `${OPEN}${last(text)}${plain}${last(text)}${MAIL}RSET\r\n${plain}DATA\r\n${text}\r\n.\r\nQUIT\r\n`;
    expect(codes(await say(server, wire))).toBe(
      '220 250 250 250 250 250 250 250 250 250 250 250 354 250 221',
    );
    expect(contents(hop)).toEqual([text, 'A: 1\r\n\r\nx\r\n', 'A: 1\r\n\r\nx\r\n\r\n']);
    expect(hop.commands.filter((line) => line.includes('BODY='))).toHaveLength(2);
  });

  it('shows lines that end with LF or CRLF, and keeps the rest when headers are edited, cut anywhere', async () => {
    const policy = `
local seen = {}
local function note(line)
  seen[#seen + 1] = line:gsub('[%c\\128-\\255]', function(c) return ('<%02x>'):format(c:byte()) end)
end
hook.header, hook.body = note, note
function hook.dot()
  header.add('X-Seen: ' .. table.concat(seen, '/') .. ' ' .. client.message_length .. ' ' .. #mime.parts)
end
function hook.reset() seen = {} end`;
    const { hop, server } = await start(BINARY, { policy, options: { 'smtp-bare-newline': 'reject' } });
    for (let at = 0; at <= MESSAGE.length; at++) {
      const [one, two] = [MESSAGE.slice(0, at), MESSAGE.slice(at)];
      const chunks = `BDAT ${one.length}\r\n${one}${last(two)}`;
      expect(codes(await say(server, OPEN, ...cut(chunks, [at + 9]), 'QUIT\r\n'))).toBe(
        '220 250 250 250 250 250 221',
      );
    }
    const seen = `X-Seen: Subject: x/a/b<0d>c<00><ff>//./MAIL FROM:<x@y.example>/last<0d> ${MESSAGE.length} 1\r\n`;
    expect(new Set(contents(hop))).toEqual(new Set([`Subject: x\r\n${seen}\r\n${BODY}`]));
    expect(hop.commands.filter((line) => line.startsWith('MAIL'))).toHaveLength(MESSAGE.length + 1);
    expect(hop.commands.find((line) => line.startsWith('MAIL'))).toMatch(
      /^MAIL FROM:<a@b\.example> BODY=BINARYMIME$/,
    );
  });

  it('a Received header of ours and a file do it no harm', async () => {
    const policy = "function hook.dot(path) local f = io.open(path) f:read('a') f:close() end";
    const options = { 'smtp-received': '+', 'spool-memory': '0' };
    const { hop, server } = await start(BINARY, { policy, options });
    expect(codes(await say(server, `${OPEN}${last(MESSAGE)}QUIT\r\n`))).toBe('220 250 250 250 250 221');
    const [got = ''] = contents(hop);
    expect([got.startsWith('Received: '), got.endsWith(`\r\n${MESSAGE}`)]).toEqual([true, true]);
  });

  it.each([
    ['an LF by itself', 'A: 1\nB: 2\r\n\r\nx'],
    ['one first', '\nA: 1\r\n\r\nx'],
    ['an empty line that is an LF', 'A: 1\r\n\nx'],
    ['a CR by itself', 'A: 1\rB: 2\r\n\r\nx'],
    ['two CRs', 'A: 1\r\r\n\r\nx'],
    ['a last header without end', 'A: 1\r\nB: 2'],
    ['a last CR', 'A: 1\r\n\r'],
  ])('headers are lines: %s', async (_, text) => {
    const { hop, server } = await start(BINARY);
    for (let at = 0; at < text.length; at++) {
      const replies = await say(server, OPEN, ...cut(last(text), [at, at + 14]), 'QUIT\r\n');
      expect(replies).toMatch(/^554 5\.6\.3 headers of message \S+ are not lines of text\r$/m);
    }
    expect(contents(hop)).toEqual([]);
    expect(codes(await say(server, `${OPEN}${last('A: 1\r\n')}QUIT\r\n`))).toBe('220 250 250 250 250 221');
  });

  it.each([
    ['offers no BINARYMIME', NO_BINARY, '', 'auto'],
    ['offers no CHUNKING', NO_CHUNKS, '', 'auto'],
    ['speaks LMTP', BINARY, 'lmtp:', 'auto'],
    ['is not sent chunks', BINARY, '', '-'],
  ])('goes to no next hop that %s', async (_, script, prefix, chunking) => {
    const hop = await hopOf(script);
    const settings = { 'smtp-smart-host': prefix + hop.target, 'smtp-forward-chunking': chunking };
    for (const [at, policy, wanted] of [
      ['auto', '', '220 250 554 503 503 221'],
      ['rcpt', 'function hook.forward() end', '220 250 554 503 503 221'],
      ['dot', '', '220 250 250 250 554 221'],
    ] as const) {
      const server = await serverOf({ policy, options: { ...settings, 'smtp-forward-at': at } });
      const replies = await say(server, `${OPEN}${last('A: 1\r\n\r\nplain\r\n')}QUIT\r\n`);
      expect([
        at,
        codes(replies).replace('220 250 250 554 554', '220 250 554 503'),
        REFUSED.test(replies),
      ]).toEqual([at, wanted, true]);
    }
    expect([contents(hop), hop.commands.filter((line) => /^(MAIL|DATA|BDAT)/.test(line))]).toEqual([[], []]);
  });

  it.each(['auto', 'rcpt', 'dot'])('goes to no maildir, asked at %s', async (at) => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-binary-'));
    ends.push(() => rm(directory, { recursive: true }));
    const options = { 'smtp-smart-host': `maildir:${directory}/box`, 'smtp-forward-at': at };
    const server = await serverOf({ options });
    expect(await say(server, `${OPEN}${last(MESSAGE)}QUIT\r\n`)).toMatch(REFUSED);
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['auto', 'dot'])(
    'goes to another of the list, which is asked first when that is known: %s',
    async (at) => {
      const without = await hopOf(NO_BINARY);
      const hop = await hopOf(BINARY);
      const options = { 'smtp-smart-host': `${without.target} ${hop.target}`, 'smtp-forward-at': at };
      const server = await serverOf({ options });
      for (let i = 0; i < 2; i++)
        expect(codes(await say(server, `${OPEN}${last(MESSAGE)}QUIT\r\n`))).toBe('220 250 250 250 250 221');
      expect(contents(hop)).toEqual([MESSAGE, MESSAGE]);
      expect(without.commands.filter((line) => !/^(QUIT|RSET)/.test(line))).toEqual(['EHLO mx.example']);
      expect(
        server.log.lines.filter(({ message }) => message === 'next hop cannot have the message'),
      ).toHaveLength(1);
    },
  );

  it.each([
    ['smtp.sendfile(hosts, "a@b.example", { "c@d.example" }, path)', '554 5.6.3', 'A: 1\r\n\r\nplain\r\n'],
    ['smtp.sendstring(hosts, "a@b.example", { "c@d.example" }, text(path))', '554 5.6.3', MESSAGE],
    [
      'smtp.sendstring(hosts, "a@b.example", { "c@d.example" }, text(path) .. "x")',
      '554 5.6.3',
      'A: 1\r\n\r\na\nb',
    ],
    ['smtp.sendstring(hosts, "a@b.example", { "c@d.example" }, "A: 1\\n\\nours\\n")', '250', MESSAGE],
    [
      'smtp.sendstring(hosts, "a@b.example", { "c@d.example" }, "A: 1\\r\\n\\r\\nours\\r\\n")',
      '250',
      MESSAGE,
    ],
  ])('a policy sends lines: %s is %s', async (call, code, message) => {
    const hop = await hopOf(BINARY);
    const policy = `
local function text(path) local f = io.open(path) local all = f:read('a') f:close() return all end
function hook.forward(path)
  local hosts = { '${hop.target}' }
  local ok, count, replies, last = ${call}
  return ok and '250 2.0.0 ok' or last.text
end`;
    const server = await serverOf({ policy });
    const replies = await say(server, `${OPEN}${last(message)}QUIT\r\n`);
    expect(replies).toMatch(new RegExp(`^${code.replaceAll('.', '\\.')} `, 'm'));
    expect(codes(replies)).toBe(`220 250 250 250 ${code.slice(0, 3)} 221`);
    expect(contents(hop)).toEqual(code === '250' ? ['A: 1\r\n\r\nours\r\n'] : []);
  });

  it('any octets in any chunks arrive octet for octet at a next hop that offers it, and nowhere else', async () => {
    const { hop, server } = await start(BOTH, {
      policy: 'function hook.body() end function hook.content() end',
    });
    const without = await start(NO_BINARY, { options: { 'smtp-forward-at': 'dot' } });
    const part = fc.constantFrom(
      '\r\n',
      '\r',
      '\n',
      '.',
      '\r\n.\r\n',
      '\0',
      '\xff',
      'x',
      'QUIT\r\n',
      'RSET\r\n',
      'BDAT 1 LAST\r\n',
      '\r\n--b\r\n',
    );
    const places = fc.array(fc.nat(5000), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), places, places, async (parts, chunks, segments) => {
        const text = `A: 1\r\n\r\n${parts.join('')}`;
        const all = cut(text, chunks);
        const wire = all
          .map((one, i) => (i === all.length - 1 ? last(one) : `BDAT ${one.length}\r\n${one}`))
          .join('');
        const before = hop.commands.length;
        const whole = cut(`${OPEN}${wire}QUIT\r\n`, segments);
        expect(codes(await say(server, ...whole))).toBe(`220 250 250 250 ${'250 '.repeat(all.length)}221`);
        expect(contents(hop).at(-1)).toBe(text);
        // Nothing of it was taken for a command, here or there.
        const said = hop.commands.slice(before).filter((line) => !/^(EHLO|RSET)/.test(line));
        expect(said.map((line) => line.slice(0, 4))).toEqual(['MAIL', 'RCPT', 'BDAT']);
        expect(codes(await say(without.server, ...whole))).toBe(
          `220 250 250 250 ${'250 '.repeat(all.length - 1)}554 221`,
        );
      }),
      { numRuns: 60 },
    );
    expect(contents(without.hop)).toEqual([]);
  });
});
