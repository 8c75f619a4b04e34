// A message in chunks through the whole server: real Lua, a real next hop that is asked at MAIL and RCPT, and what it hears when the client
// changes its mind between two chunks.
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import { turns } from '../fakes/session-at-rest.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

const CHUNKING: HopScript = { ehlo: '250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n' };
const PLAIN: HopScript = { ehlo: '250-sink\r\n250 SIZE\r\n' };
const OPEN = 'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(script: HopScript, settings: WholeServerSettings = {}) {
  const hop = await NextHop.start(script);
  const server = await WholeServer.start({
    ...settings,
    options: { 'smtp-smart-host': hop.target, ...settings.options },
  });
  ends.push(() => hop.close());
  ends.push(() => server.stop());
  return { hop, server };
}

/** Everything that is said to `wire`. */
async function say(server: WholeServer, wire: string): Promise<string> {
  const client = server.inMemory();
  client.send(wire);
  const text = await client.rest();
  client.stream.end();
  await client.over;
  return text;
}

const codes = (text: string): string => (text.match(/^\d{3}(?= )/gm) ?? []).join(' ');
const contents = (hop: NextHop): string =>
  hop.connections.flatMap((one) => one.contents.map((content) => content.toString('latin1'))).join('|');
/** What the next hop heard behind EHLO. */
const heard = (hop: NextHop): string =>
  hop.commands
    .filter((line) => !/^(EHLO|QUIT)/.test(line))
    .map((line) => line.slice(0, 4))
    .join(' ');

const LOOK = `
local seen = {}
function hook.header(line) seen[#seen + 1] = 'h:' .. line end
function hook.body(line) seen[#seen + 1] = 'b:' .. line end
function hook.dot()
  header.add('X-Seen: ' .. table.concat(seen, '/') .. ' ' .. client.message_length .. ' ' .. #mime.parts)
end
function hook.reset() seen = {} end`;
const MESSAGE = 'Subject: x\r\nContent-Type: text/plain\r\n\r\n.\r\nlast';

describe('a message in chunks, for real', () => {
  it.each([
    ['a next hop with CHUNKING', CHUNKING, '.\r\nlast\r\n', 'MAIL RCPT BDAT'],
    ['a next hop without', PLAIN, '..\r\nlast\r\n', 'MAIL RCPT DATA'],
  ])('is what the policy makes of it, cut anywhere: %s', async (_, script, body, commands) => {
    const { hop, server } = await start(script, { policy: LOOK });
    for (let at = 0; at <= MESSAGE.length; at++) {
      const [one, two] = [MESSAGE.slice(0, at), MESSAGE.slice(at)];
      const replies = await say(
        server,
        `${OPEN}BDAT ${one.length}\r\n${one}BDAT ${two.length} LAST\r\n${two}QUIT\r\n`,
      );
      expect(codes(replies)).toBe('220 250 250 250 250 250 221');
    }
    const seen = 'X-Seen: h:Subject: x/h:Content-Type: text/plain/b:./b:last 47 1\r\n';
    const wanted = `Subject: x\r\nContent-Type: text/plain\r\n${seen}\r\n${body}`;
    expect(new Set(contents(hop).split('|'))).toEqual(new Set([wanted]));
    expect(heard(hop).startsWith(commands)).toBe(true);
  });

  it.each([
    ['hook.data says no', "function hook.data() return '550 5.7.1 no' end", 'BDAT 1 LAST\r\nx', '550'],
    ['the message is too long', '', 'BDAT 20\r\n12345678901234567890', '552'],
    ['RSET between chunks', '', 'BDAT 1\r\nxRSET\r\n', '250 250'],
    ['EHLO between chunks', '', 'BDAT 1\r\nxEHLO c\r\n', '250 250'],
  ])('%s: the next hop has nothing, and is ready for the next message', async (_, policy, wire, said) => {
    const { hop, server } = await start(CHUNKING, {
      policy: `local first = true\n${policy.replace('return', 'if not first then return end first = false return')}`,
      options: { 'smtp-max-size': '10' },
    });
    const client = server.inMemory();
    await client.reply();
    client.send(OPEN);
    for (let i = 0; i < 3; i++) await client.reply();
    client.send(wire);
    for (const code of said.split(' ')) expect((await client.reply()).slice(0, 3)).toBe(code);
    await hop.saw('RSET');
    while (server.app.idleConnections === 0) await turns(1);
    expect([heard(hop), contents(hop)]).toEqual(['MAIL RCPT RSET', '']);
    client.send('MAIL FROM:<e@f.example>\r\nRCPT TO:<g@h.example>\r\nBDAT 3 LAST\r\ntwoQUIT\r\n');
    expect(codes(await client.rest())).toBe('250 250 250 221');
    client.stream.end();
    await client.over;
    expect([contents(hop), hop.connections.length]).toEqual(['two\r\n', 1]);
  });

  it.each(['RST', 'FIN', 'QUIT'])(
    'is given up when the client leaves between two chunks: %s',
    async (how) => {
      const { hop, server } = await start(CHUNKING);
      const before = (await server.holdings()).sessions;
      const client = server.inMemory();
      client.send(`${OPEN}BDAT 4\r\nhalf`);
      for (let i = 0; i < 5; i++) await client.reply();
      if (how === 'RST') client.reset();
      else if (how === 'QUIT') await client.quit();
      else client.stream.end();
      await client.over;
      await hop.saw('RSET');
      await turns();
      const { files, sessions, spools } = await server.holdings();
      expect([files, sessions, spools, contents(hop)]).toEqual([[], before, 0, '']);
      expect(server.said(/mail .*"result":"lost"/)).toHaveLength(1);
    },
  );

  it('is no time for STARTTLS, AUTH or a recipient', async () => {
    const { hop, server } = await start(CHUNKING, {
      policy: "function hook.auth() return '235 2.7.0 ok' end",
    });
    const between = [
      'STARTTLS',
      'AUTH PLAIN AHgAeQ==',
      'RCPT TO:<x@y.example>',
      'DATA',
      'MAIL FROM:<>',
      'NOOP',
    ];
    const replies = await say(
      server,
      `${OPEN}BDAT 1\r\na${between.join('\r\n')}\r\nBDAT 1 LAST\r\nbQUIT\r\n`,
    );
    expect(codes(replies)).toMatch(/^220 250 250 250 250 50[23] 503 503 503 503 250 250 221$/);
    expect(contents(hop)).toBe('ab\r\n');
  });
});
