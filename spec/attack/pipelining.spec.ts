// Commands sent before the reply to the last one: executed one after the other, never before the reply to a dot or behind a hook that
// still waits, and never more often than they were sent. Pipelining is not announced here, so these clients are the rude ones.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

// Says in the log when a hook begins and ends; those of `waits` ask a name server that answers when it is told to.
const policy = `
local waits = { dot = true, rcpt = true }
for name in ('mail rcpt data dot forward reset noop quit'):gmatch('%a+') do
  hook[name] = function()
    syslog.info('begin ' .. name)
    if waits[name] then dns.open() dns.query(dns.class.IN, dns.type.A, name .. '.example') dns.wait(true) end
    syslog.info('end ' .. name)
  end
end
function hook.reply(line) syslog.info('reply ' .. line:sub(1, 3)) end
`;
const MESSAGE = 'Subject: x\r\n\r\ntext\r\n.\r\n';

let dns: FakeDnsServer;
let hop: NextHop;
let server: WholeServer;
beforeEach(async () => {
  dns = await FakeDnsServer.start(['rcpt.example A 0 192.0.2.1', 'dot.example A 0 192.0.2.1']);
  hop = await NextHop.start();
  server = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'smtp-smart-host': hop.target },
  });
});
afterEach(async () => {
  await server.stop();
  await hop.close();
  await dns.close();
});

/** What the policy said since the last call. */
function steps(): readonly string[] {
  const said = server.log.lines.map((line) => line.message);
  server.log.lines.length = 0;
  return said.filter((line) => /^(begin|end|reply) /.test(line));
}

const once = (name: string): readonly string[] => [`begin ${name}`, `end ${name}`];

describe('what is sent too early', () => {
  it('behind the dot is executed after the reply to the dot, which is given after the next hop has the message', async () => {
    dns.script('dot.example', { kind: 'hold' });
    const client = server.inMemory();
    await client.reply();
    await client.openMessage();
    steps();
    client.send(`${MESSAGE}NOOP\r\nMAIL FROM:<second@b.example>\r\nQUIT\r\n`);
    await dns.seen(2);
    expect(steps()).toEqual(['begin dot']);
    expect(client.received).toBe('');
    expect(hop.connections).toHaveLength(0);
    dns.release();
    const replies = await client.rest();
    expect(replies.split('\r\n').map((line) => line.slice(0, 3))).toEqual(['250', '250', '250', '221', '']);
    expect(steps()).toEqual([
      ...['end dot', ...once('forward'), 'reply 250', ...once('reset')],
      ...[...once('noop'), 'reply 250'],
      ...[...once('mail'), 'reply 250'],
      ...[...once('quit'), 'reply 221'],
    ]);
    expect(hop.commands.filter((line) => line.startsWith('MAIL'))).toHaveLength(1);
    client.stream.end();
    await client.over;
  });

  it('behind a command whose hook waits is executed in order, one hook at a time', async () => {
    dns.script('rcpt.example', { kind: 'hold' });
    const client = server.inMemory();
    await client.reply();
    await client.command('EHLO c.example');
    steps();
    client.send(
      `MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n${MESSAGE}NOOP\r\n`,
    );
    await dns.seen(1);
    expect(steps()).toEqual([...once('mail'), 'reply 250', 'begin rcpt']);
    dns.release();
    await dns.seen(2);
    expect(steps()).toEqual(['end rcpt', 'reply 250', 'begin rcpt']);
    dns.release();
    for (const code of ['250', '250', '250', '354', '250', '250'])
      expect((await client.reply()).slice(0, 3)).toBe(code);
    expect(steps()).toEqual([
      ...['end rcpt', 'reply 250'],
      ...[...once('data'), 'reply 354'],
      ...[...once('dot'), ...once('forward'), 'reply 250', ...once('reset')],
      ...[...once('noop'), 'reply 250'],
    ]);
    expect(hop.commands.filter((line) => line.startsWith('RCPT'))).toEqual([
      'RCPT TO:<c@d.example>',
      'RCPT TO:<e@f.example>',
    ]);
    await client.quit();
  });

  it.each([1, 7, 1000])('gives the same replies in pieces of %i bytes', async (size) => {
    const bytes = Buffer.from(
      `EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n${MESSAGE}${MESSAGE}RSET\r\nQUIT\r\n`,
    );
    const client = server.inMemory();
    await client.reply();
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    client.send(...pieces);
    const replies = await client.rest();
    // The second copy of the message is not one: its lines are commands, all unknown, the empty line too.
    const codes = replies.split('\r\n').filter((line) => /^\d{3} /.test(line));
    expect(codes.map((line) => line.slice(0, 3))).toEqual(
      '250 250 250 354 250 502 502 502 502 250 221'.split(' '),
    );
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(1);
    client.stream.end();
    await client.over;
  });

  it('does not let a message through for which DATA was refused: its lines are commands', async () => {
    await server.stop();
    server = await WholeServer.start({
      policy: "function hook.data() return '550 5.7.1 no' end",
      options: { 'smtp-smart-host': hop.target },
    });
    const client = server.inMemory();
    await client.reply();
    client.send(
      `EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n${MESSAGE}QUIT\r\n`,
    );
    const replies = await client.rest();
    expect(replies.split('\r\n').filter((line) => /^5\d\d /.test(line))).toHaveLength(5);
    // It was asked about the envelope, and has no content.
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(0);
    client.stream.end();
    await client.over;
  });

  it('is kept up to limit-pipeline-bytes, then the client has to wait', async () => {
    await server.stop();
    server = await WholeServer.start({
      policy,
      options: { 'dns-servers': dns.address, 'limit-pipeline-bytes': '4096', 'limit-commands': '0' },
    });
    dns.script('rcpt.example', { kind: 'hold' });
    const client = await server.greeted();
    await client.command('EHLO c.example');
    await client.command('MAIL FROM:<a@b.example>');
    client.write('RCPT TO:<c@d.example>\r\n');
    await dns.seen(1);
    // Far more than all socket buffers hold: our own write cannot complete.
    const flood = Buffer.from('NOOP\r\n'.repeat(3_000_000));
    let sent = false;
    client.socket.write(flood, () => {
      sent = true;
    });
    const heap = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(sent).toBe(false);
    expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(8_000_000);
    client.destroy();
    // Nobody reads now, so that it has gone is noticed when the hook is done.
    dns.release();
    await server.quiet();
  });
});
