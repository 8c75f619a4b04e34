// What a policy sees of the parameters of MAIL and RCPT, and of addresses in UTF-8, in the whole engine; and how they go on.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { type WrittenLog, writtenLog } from '../fakes/written-log.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');

const policy = `
local function show(t)
  if t == nil then return 'nil' end
  local words = {}
  for name, value in pairs(t) do words[#words + 1] = name .. '=' .. tostring(value) end
  table.sort(words)
  return '{' .. table.concat(words, ' ') .. '}'
end
function hook.mail(sender, domain)
  return '250 ' .. show(client.parameters) .. ' ' .. tostring(client.smtputf8) .. ' ' .. show(client.rcpt_parameters)
end
function hook.rcpt(recipient, domain)
  return '250 ' .. show(client.rcpt_parameters) .. ' ' .. show(client.parameters)
end
function hook.noop()
  return '250 ' .. show(client.parameters) .. ' ' .. tostring(client.smtputf8) .. ' ' .. show(client.rcpt_parameters)
end
`;

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    policy,
    options: { 'smtp-utf8': '+', 'smtp-lenient': '+', 'smtp-max-size': '0' },
  });
});
afterAll(() => server.stop());

async function greeted(of = server): Promise<RigClient> {
  const client = of.inMemory();
  await client.reply();
  await client.command('EHLO c.example');
  return client;
}

describe('the parameters of MAIL and RCPT in the table client', () => {
  it.each([
    ['', '{} nil nil'],
    [' SIZE=0001000', '{SIZE=0001000} nil nil'],
    [' size=99999999999999999999 body=8bitmime', '{BODY=8bitmime SIZE=99999999999999999999} nil nil'],
    [' SMTPUTF8 BODY=7BIT', '{BODY=7BIT SMTPUTF8=true} true nil'],
    // What is dropped is not there.
    [' RET=FULL SIZE=1 ENVID=x', '{SIZE=1} nil nil'],
  ])('MAIL FROM:<a@b.example>%s', async (parameters, shown) => {
    const client = await greeted();
    expect(await client.command(`MAIL FROM:<a@b.example>${parameters}`)).toBe(`250 ${shown}\r\n`);
    expect(await client.command('NOOP')).toBe(`250 ${shown}\r\n`);
    expect(await client.command('RCPT TO:<a@b.example> NOTIFY=NEVER')).toMatch(/^250 \{\} \{/);
    expect(await client.command('NOOP')).toBe(`250 ${shown}\r\n`);
    await client.command('RSET');
    expect(await client.command('NOOP')).toBe('250 nil nil nil\r\n');
    await client.quit();
  });
});

describe('addresses in UTF-8', () => {
  it('reach the hooks and the next hop octet for octet, by the smart host and by a policy that sends itself', async () => {
    const address = octets('"bü cher"@exämple.com');
    const hop = await NextHop.start({ ehlo: '250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n' });
    for (const own of [false, true]) {
      const sends = `function hook.forward(path, mail, rcpts)
        local ok = smtp.sendfile({ '${hop.target}' }, mail, rcpts, path)
        return ok and '250 sent' or '451 not sent'
      end`;
      const other = await WholeServer.start({
        policy: `function hook.mail(sender, domain) seen = sender .. ' ' .. domain end
          function hook.rcpt(recipient, domain) seen = seen .. ' ' .. recipient .. ' ' .. domain end
          function hook.noop() return '250 ' .. seen end
          ${own ? sends : ''}`,
        options: { 'smtp-utf8': 'auto', 'smtp-smart-host': hop.target },
      });
      // The first message makes known what the next hop offers.
      const first = await greeted(other);
      for (const line of ['MAIL FROM:<>', 'RCPT TO:<a@b.example>', 'DATA']) await first.command(line);
      expect(await first.command('A: 1\r\n\r\nx\r\n.')).toMatch(/^250/);
      await first.quit();
      const client = await greeted(other);
      expect(await client.command(`MAIL FROM:<${address}> SMTPUTF8`)).toBe(
        `250 2.1.0 sender <${address}> OK\r\n`,
      );
      await client.command(`RCPT TO:<${address}>`);
      const domain = octets('exämple.com');
      expect(await client.command('NOOP')).toBe(`250 ${address} ${domain} ${address} ${domain}\r\n`);
      await client.command('DATA');
      expect(await client.command('A: 1\r\n\r\nx\r\n.')).toMatch(/^250/);
      const sent = hop.commands.filter((line) => /^(MAIL|RCPT)/.test(line)).slice(-2);
      expect(sent).toEqual([expect.stringContaining(`MAIL FROM:<${address}>`), `RCPT TO:<${address}>`]);
      expect(sent[0]).toMatch(/ BODY=8BITMIME SMTPUTF8$/);
      await client.quit();
      await other.stop();
    }
    await hop.close();
  });

  it('a next hop without SMTPUTF8: the client hears what cannot be said, and why', async () => {
    const hop = await NextHop.start({ ehlo: '250-sink\r\n250 8BITMIME\r\n' });
    const other = await WholeServer.start({
      policy:
        "function hook.mail(sender) smtpe.setoption('smtp-forward-at', sender:find('dot') and 'dot' or 'auto') end",
      options: { 'smtp-utf8': '+', 'smtp-smart-host': hop.target },
    });
    const client = await greeted(other);
    const send = async (sender: string, header: string): Promise<string> => {
      for (const line of [`MAIL FROM:<${sender}> SMTPUTF8`, 'RCPT TO:<a@b.example>', 'DATA'])
        await client.command(line);
      return client.command(`Subject: ${header}\r\n\r\nx\r\n.`);
    };
    const refusal = '554 5.6.7 the next hop does not take SMTPUTF8\r\n';
    expect(await client.command(`MAIL FROM:<${octets('ü@b.example')}> SMTPUTF8`)).toBe(refusal);
    expect(await client.command('RSET')).toMatch(/^250/);
    expect(await send(octets('ü.dot@b.example'), 'x')).toBe(refusal);
    expect(await send('a@b.example', octets('ü'))).toBe(refusal);
    expect(await send(octets('a@ü.example'), 'x')).toMatch(/^250/);
    expect(hop.commands.filter((line) => line.startsWith('MAIL')).at(-1)).toBe(
      'MAIL FROM:<a@xn--tda.example>',
    );
    await client.command('MAIL FROM:<a@b.example> SMTPUTF8');
    expect(await client.command(`RCPT TO:<${octets('ü@b.example')}>`)).toMatch(/^553 5\.6\.7 /);
    expect(await client.command(`RCPT TO:<${octets('b@ü.example')}>`)).toMatch(/^250/);
    expect(hop.commands.filter((line) => line.startsWith('RCPT')).at(-1)).toBe('RCPT TO:<b@xn--tda.example>');
    await client.quit();
    await other.stop();
    await hop.close();
  });

  it('log lines have escapes', async () => {
    const written = writtenLog();
    const other = await WholeServer.start({ options: { 'smtp-utf8': '+' }, writeTo: written.log });
    const client = await greeted(other);
    await client.command(`MAIL FROM:<${octets('ü\u00e4')}@b.example> SMTPUTF8`);
    await client.command(`RCPT TO:<${octets('ü')}@c\xff.example>`);
    await client.quit();
    await other.stop();
    const lines = written.lines.filter((line) => line.includes('@c'));
    expect(lines.length).toBeGreaterThan(0);
    expect(written.lines.join('')).not.toMatch(/[^ -~]/);
    expect(lines.join('')).toContain('\\xc3\\xbc@c\\xff.example');
  });
});

describe('DSN', () => {
  const show = `
    local function show(value) return value == nil and 'nil' or (value:gsub('[^ -~]', function(c) return ('%%%02X'):format(c:byte()) end)) end
    function hook.mail() return '250 ' .. show(client.envid) .. ' ' .. show(client.ret) .. ' ' .. show(client.parameters.ENVID) end
    function hook.rcpt() return '250 ' .. show(client.notify) .. ' ' .. show(client.orcpt) end`;

  async function serve(
    script: HopScript,
    lua = '',
  ): Promise<readonly [NextHop, WholeServer, RigClient, WrittenLog]> {
    const hop = await NextHop.start(script);
    const written = writtenLog();
    const other = await WholeServer.start({
      policy: lua,
      options: { 'smtp-dsn': '+', 'smtp-utf8': '+', 'smtp-smart-host': hop.target },
      writeTo: written.log,
    });
    return [hop, other, await greeted(other), written];
  }
  const said = (hop: NextHop): readonly string[] => hop.commands.filter((line) => /^(MAIL|RCPT)/.test(line));

  it('its values are decoded for the policy', async () => {
    const [hop, other, client] = await serve({}, show);
    for (const [line, shown] of [
      ['MAIL FROM:<a@b.example> RET=hdrs ENVID=a+2bb+0D+0A', 'a+b%0D%0A HDRS a+2bb+0D+0A'],
      ['RCPT TO:<a@b.example> NOTIFY=success,Delay ORCPT=rfc822;+0D+0Ax', 'SUCCESS,DELAY rfc822;%0D%0Ax'],
      ['RCPT TO:<a@b.example> ORCPT=utf-8;b\\x{FC}@x', 'nil utf-8;b%C3%BC@x'],
      ['RCPT TO:<a@b.example>', 'nil nil'],
    ] as const) {
      expect(await client.command(line)).toBe(`250 ${shown}\r\n`);
    }
    await client.quit();
    await other.stop();
    await hop.close();
  });

  it('its parameters reach a next hop with DSN octet for octet, with the others', async () => {
    const ehlo = '250-sink\r\n250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n';
    const [hop, other, client] = await serve({ ehlo });
    const address = octets('ü@b.example');
    await client.commands(
      `MAIL FROM:<${address}> SMTPUTF8 RET=FULL SIZE=100 ENVID=QQ+2B314159+0D+0A BODY=8BITMIME`,
      'RCPT TO:<c@d.example> ORCPT=rfc822;Bob+40example.com+0D+0ARCPT NOTIFY=SUCCESS,FAILURE',
      `RCPT TO:<e@d.example> NOTIFY=NEVER ORCPT=utf-8;${octets('ü')}\\x{2B}@x`,
      'DATA',
    );
    expect(await client.command('A: 1\r\n\r\nx\r\n.')).toMatch(/^250/);
    expect(said(hop)).toEqual([
      expect.stringMatching(
        /^MAIL FROM:<\xc3\xbc@b\.example> SIZE=\d+ BODY=8BITMIME SMTPUTF8 ENVID=QQ\+2B314159\+0D\+0A RET=FULL$/,
      ),
      'RCPT TO:<c@d.example> ORCPT=rfc822;Bob+40example.com+0D+0ARCPT NOTIFY=SUCCESS,FAILURE',
      `RCPT TO:<e@d.example> ORCPT=utf-8;${octets('ü')}\\x{2B}@x NOTIFY=NEVER`,
    ]);
    expect(hop.connections.length).toBe(1);
    await client.quit();
    await other.stop();
    await hop.close();
  });

  it('a next hop without DSN hears nothing of it, and who asked for success hears from us, once', async () => {
    const [hop, other, client, written] = await serve({ ehlo: '250-sink\r\n250 8BITMIME\r\n' });
    await client.commands(
      'MAIL FROM:<a@b.example> ENVID=e+0D+0Avil RET=FULL',
      'RCPT TO:<c@d.example> NOTIFY=SUCCESS ORCPT=rfc822;x+0D+0A.+0D+0AQUIT',
      'RCPT TO:<e@d.example> NOTIFY=FAILURE',
      'DATA',
    );
    expect(await client.command('A: 1\r\n\r\nsecret\r\n.')).toMatch(/^250/);
    await hop.until(({ connections }) => connections.flatMap(({ contents }) => contents).length === 2);
    expect(said(hop)).toEqual([
      ...['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@d.example>'],
      ...['MAIL FROM:<>', 'RCPT TO:<a@b.example>'],
    ]);
    const report = String(hop.connections.flatMap(({ contents }) => contents)[1]);
    expect(report).toContain('\r\nOriginal-Envelope-Id: e??vil\r\n');
    expect(report).toContain('\r\nOriginal-Recipient: rfc822; x??.??QUIT\r\n');
    expect(report).toContain('\r\nFinal-Recipient: rfc822; c@d.example\r\nAction: relayed\r\n');
    expect(report).toContain('\r\nA: 1\r\n');
    expect(report).not.toMatch(/e@d\.example|secret/);
    while (!written.lines.some((line) => line.includes('report of a relayed message sent')))
      await new Promise((resolve) => setImmediate(resolve));
    // The report is a message of ours, without one of its own.
    await client.quit();
    await other.stop();
    expect(hop.connections.flatMap(({ contents }) => contents).length).toBe(2);
    expect(written.lines.join('')).not.toMatch(/[\r\n]/);
    await hop.close();
  });

  it('a maildir delivers, and the report says so', async () => {
    const place = await mkdtemp(join(tmpdir(), 'smtpe-dsn-'));
    const other = await WholeServer.start({
      options: { 'smtp-dsn': '+', 'smtp-smart-host': `maildir:${place}` },
    });
    const client = await greeted(other);
    const lines = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example> NOTIFY=SUCCESS', 'DATA'];
    await client.commands(...lines);
    expect(await client.command('A: 1\r\n\r\nx\r\n.')).toMatch(/^250/);
    const stored = async (): Promise<readonly string[]> =>
      Promise.all(
        (await readdir(join(place, 'new'))).map((name) => readFile(join(place, 'new', name), 'latin1')),
      );
    while ((await stored()).length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect((await stored()).join('')).toContain('Action: delivered');
    await client.quit();
    await other.stop();
    await rm(place, { recursive: true });
  });
});
