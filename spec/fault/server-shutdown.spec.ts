// Stopping the whole server (SIGTERM in the daemon) while sessions are at every step: idle ones get 421, transactions finish, whoever does not
// within the grace is cut off with 421, and then nothing is left. The signals themselves are in spec/real/start.spec.ts.
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { type Holdings, WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
let before: Holdings;
const toClose: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await server.stop();
  for (const one of toClose.splice(0)) await one.close();
});

const policy = `
function hook.dot() syslog.info('dot') dns.open() dns.query(dns.class.IN, dns.type.A, client.id_trans .. '.slow.example') dns.wait(true) syslog.info('dot done') end
function hook.close(code) syslog.info('close ' .. code) end
`;

async function start(hopScript = {}): Promise<{ dns: FakeDnsServer; hop: NextHop }> {
  const dns = await FakeDnsServer.start([], { tcp: false });
  dns.script((query) => query.name.endsWith('.slow.example'), { kind: 'hold' });
  const hop = await NextHop.start(hopScript);
  toClose.push(dns, hop);
  server = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'smtp-smart-host': hop.target, 'spool-memory': '0' },
  });
  before = await server.settled();
  return { dns, hop };
}

const refused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });

async function nothingLeft(): Promise<void> {
  const now = await server.holdings();
  expect(now).toMatchObject({ sessions: 0, connections: 0, spools: 0, files: [], openFiles: 0 });
  expect([now.threads, now.anchored]).toEqual([before.threads, before.anchored]);
}

describe('close with a grace', () => {
  it('says 421 at once to whoever is between messages, and takes no new connections', async () => {
    await start();
    const { port } = server;
    const idle = [await server.greeted(), await server.greeted()];
    await idle[1]?.command('EHLO c');
    const closed = server.server.close(30);
    for (const client of idle) {
      expect(await client.reply()).toBe('421 4.3.2 mx.example shutting down\r\n');
      await client.closed();
      client.destroy();
    }
    await closed;
    expect(await refused(port)).toBe(true);
    expect(server.said(/^info close 0/)).toHaveLength(2);
    await nothingLeft();
  });

  it('lets a transaction finish: what has begun is answered, forwarded, and then comes 421', async () => {
    const { dns, hop } = await start();
    const early = await server.greeted();
    await early.command('EHLO c');
    await early.command('MAIL FROM:<a@b.example>');
    const late = await server.greeted();
    late.write('EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n');
    await dns.seen(1);
    for (let i = 0; i < 4; i++) await late.reply();
    let over = false;
    const closed = server.server.close(30).then(() => {
      over = true;
    });
    dns.release();
    expect(await late.reply()).toMatch(/^250 /);
    expect(await late.reply()).toMatch(/^421 4\.3\.2 /);
    expect(over).toBe(false);
    // The other one is at RCPT and goes on to the end.
    expect(await early.command('RCPT TO:<c@d.example>')).toMatch(/^250/);
    expect(await early.command('DATA')).toMatch(/^354/);
    early.write('y\r\n.\r\n');
    await dns.seen(2);
    dns.release();
    expect(await early.reply()).toMatch(/^250 /);
    expect(await early.reply()).toMatch(/^421 4\.3\.2 /);
    early.destroy();
    late.destroy();
    await closed;
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(2);
    await nothingLeft();
  });

  it('cuts off with 421 who is not done in time: a hook that waits, a message that does not come', async () => {
    await start();
    const waiting = await server.greeted();
    waiting.write('EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n');
    for (let i = 0; i < 4; i++) await waiting.reply();
    await server.line(/^info dot /);
    const half = await server.greeted();
    half.write('EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhalf');
    for (let i = 0; i < 4; i++) await half.reply();
    const closed = server.server.close(1);
    for (const client of [waiting, half]) {
      expect(await client.reply()).toMatch(/^421 4\.3\.2 /);
      await client.closed();
      client.destroy();
    }
    await closed;
    expect(server.said(/^info dot done/)).toEqual([]);
    expect(server.said(/^info close 0/)).toHaveLength(2);
    await nothingLeft();
  });

  it('cuts off forwarding that hangs: 421, the client keeps its message', async () => {
    const { dns, hop } = await start({ dot: { end: 'hang' } });
    const client = await server.greeted();
    client.write('EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n');
    for (let i = 0; i < 4; i++) await client.reply();
    await dns.seen(1);
    dns.release();
    await hop.until(({ connections }) => connections.some((one) => one.contents.length > 0));
    const closed = server.server.close(1);
    expect(await client.reply()).toMatch(/^4[25]1 4\.\d\.\d /);
    client.destroy();
    await closed;
    await hop.allClosed();
    await nothingLeft();
  });
});

describe('close at once', () => {
  it('ends a hundred sessions at every step', async () => {
    const { dns } = await start();
    const steps = [
      '',
      'EHLO c\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<c@d.example>\r\n',
      'DATA\r\n',
      'x\r\n.\r\n',
    ];
    // Greeted: who only waits in the system's queue hears nothing.
    const clients = await Promise.all(Array.from({ length: 102 }, () => server.greeted()));
    for (const [i, client] of clients.entries())
      client.write(steps.slice(0, (i % steps.length) + 1).join(''));
    await dns.seen(17);
    await server.server.close(0);
    for (const client of clients) {
      let last = '';
      for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) last = reply;
      expect(last).toMatch(/^421 /);
      client.destroy();
    }
    expect(server.said(/^info close \d/)).toHaveLength(102);
    await nothingLeft();
  });
});
