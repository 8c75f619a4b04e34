// Too much of everything: lines without end, recipients, headers, tiny chunks, NULs. Memory stays bounded, the time is linear, others are
// served meanwhile, and the client gets a reply.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const MB = 1_048_576;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes outside of the JavaScript heap that buffers hold after a collection. V8 gives them back a little later: poll. */
function buffers(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

let server: WholeServer;
let hop: NextHop | undefined;
afterEach(async () => {
  await server.stop();
  await hop?.close();
  hop = undefined;
});

/** Writes `piece` again and again, as fast as it is taken, until `bytes` were sent. */
async function flood(client: SmtpClient, piece: Buffer, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += piece.length) {
    await new Promise<void>((resolve, reject) =>
      client.socket.write(piece, (error) => (error ? reject(error) : resolve())),
    );
  }
}

/** A client with an open message. */
async function inMessage(): Promise<SmtpClient> {
  const client = await server.connect();
  expect((await client.envelope()).at(-1)).toMatch(/^354/);
  return client;
}

/** The longest that the event loop stood still while `work` ran, milliseconds. */
async function stall(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let over = false;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  await work();
  over = true;
  return longest;
}

describe('a line without end', () => {
  it('as a command: kept up to limit-line-length, refused when it ends; others are served', async () => {
    server = await WholeServer.start();
    const client = await server.greeted();
    const before = buffers();
    await flood(client, Buffer.alloc(MB, 0x61), 64 * MB);
    await expect.poll(() => buffers() - before, { timeout: 10_000 }).toBeLessThan(4 * MB);
    const other = await server.greeted();
    expect(await other.command('NOOP')).toMatch(/^250/);
    client.write('\r\nNOOP\r\n');
    expect(await client.reply()).toMatch(/^500 5\.5\.2 line longer than 16384 bytes/);
    expect(await client.reply()).toMatch(/^250/);
    client.destroy();
    other.destroy();
  });

  it('in a message: on disk up to smtp-max-size, refused at dot', async () => {
    server = await WholeServer.start({ options: { 'smtp-max-size': String(8 * MB) } });
    const client = await inMessage();
    client.write('Subject: x\r\n\r\n');
    const before = buffers();
    await flood(client, Buffer.alloc(MB, 0x61), 64 * MB);
    await expect.poll(() => buffers() - before, { timeout: 10_000 }).toBeLessThan(4 * MB);
    client.write('\r\n.\r\n');
    expect(await client.reply()).toMatch(/^552 5\.3\.4 message size exceeds 8388608/);
    await expect.poll(async () => (await server.holdings()).files).toEqual([]);
    client.destroy();
  });

  it('in the headers: kept up to limit-header-bytes, refused at dot', async () => {
    server = await WholeServer.start({ policy: 'function hook.header() end' });
    const client = await inMessage();
    const before = buffers();
    await flood(client, Buffer.alloc(MB, 0x61), 32 * MB);
    await expect.poll(() => buffers() - before, { timeout: 10_000 }).toBeLessThan(4 * MB);
    client.write('\r\n.\r\n');
    expect(await client.reply()).toMatch(/^552 5\.3\.4 message headers exceed 1048576 bytes/);
    client.destroy();
  });
});

describe('recipients', () => {
  /** `count` RCPTs in one go; the replies, counted by code. */
  async function rcpts(client: SmtpClient, count: number): Promise<Readonly<Record<string, number>>> {
    const lines = Array.from({ length: count }, (_, i) => `RCPT TO:<r${i}@d.example>\r\n`);
    client.write(lines.join(''));
    const codes: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const code = (await client.reply()).slice(0, 3);
      codes[code] = (codes[code] ?? 0) + 1;
      if (code === '421' || code === '') break;
    }
    return codes;
  }

  it('100,000 of them with the limits as they are: 452, and soon 421', async () => {
    server = await WholeServer.start();
    const client = await server.greeted();
    await client.command('EHLO c');
    await client.command('MAIL FROM:<a@b.example>');
    const codes = await rcpts(client, 100_000);
    // As many as EHLO tells (LIMITS RCPTMAX); refused ones are errors, and limit-errors allows 50.
    expect(codes).toEqual({ '250': 1000, '452': 50, '421': 1 });
    await client.closed();
  });

  it('100,000 of them without the limits of the session: 1000 are accepted, the rest gets 452', async () => {
    server = await WholeServer.start({ options: { 'limit-commands': '0', 'limit-errors': '0' } });
    const client = await server.greeted();
    await client.command('EHLO c');
    await client.command('MAIL FROM:<a@b.example>');
    expect(await rcpts(client, 100_000)).toEqual({ '250': 1000, '452': 99_000 });
    expect(await client.command('NOOP')).toMatch(/^250/);
    client.destroy();
  });

  it('20,000 accepted ones go to the next hop, each once', async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy: 'function hook.forward(path, sender, recipients) syslog.info("recipients " .. #recipients) end',
      options: {
        'limit-commands': '0',
        'limit-recipients': '1000000',
        'smtp-smart-host': hop.target,
      },
    });
    const client = await server.greeted();
    await client.command('EHLO c');
    await client.command('MAIL FROM:<a@b.example>');
    expect(await rcpts(client, 20_000)).toEqual({ '250': 20_000 });
    expect(await client.command('DATA')).toMatch(/^354/);
    expect(await client.command('x\r\n.')).toMatch(/^250 /);
    expect(server.said(/^info recipients 20000/)).toHaveLength(1);
    const asked = hop.commands.filter((line) => line.startsWith('RCPT'));
    expect(new Set(asked).size).toBe(20_000);
    expect(asked).toHaveLength(20_000);
    client.destroy();
  });
});

describe('headers', () => {
  const tiny = Buffer.from('a:\r\n'.repeat(250_000));
  const policies: readonly (readonly [string, string])[] = [
    ['no hooks', ''],
    ['hook.header', 'local n = 0 function hook.header() n = n + 1 end'],
    ['hook.header that looks for another one', "function hook.header() header.find('X-Other', 1) end"],
    [
      'hook.dot that looks for headers',
      "function hook.dot() for i = 1, 100 do header.find('X-Other', i) end header.add('X-New: 1') end",
    ],
  ];
  it.each(policies)('250,000 of them with %s: nobody else has to wait long', async (_what, policy) => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy,
      options: { 'smtp-smart-host': hop.target, 'limit-headers': '1000000' },
    });
    const client = await inMessage();
    const longest = await stall(async () => {
      client.write(tiny);
      client.write('\r\nx\r\n.\r\n');
      expect(await client.reply()).toMatch(/^250 /);
    });
    expect(longest).toBeLessThan(5000);
    expect(hop.connections[0]?.contents[0]?.length).toBeGreaterThan(tiny.length);
    client.destroy();
  });

  it('10 MB of them: refused at dot, hook.header is not called for what is beyond', async () => {
    server = await WholeServer.start({
      policy: 'function hook.header(line) syslog.info("header " .. #line) end',
    });
    const client = await inMessage();
    const line = Buffer.from(`X-Long: ${'x'.repeat(9988)}\r\n`);
    await flood(client, line, 10 * MB);
    client.write('\r\nbody\r\n.\r\n');
    expect(await client.reply()).toMatch(/^552 5\.3\.4 message headers exceed/);
    expect(server.said(/^info header /).length).toBeLessThan(110);
    expect(await client.command('NOOP')).toMatch(/^250/);
    client.destroy();
  });
});

describe('bodies', () => {
  it('a line of 16 MB with hook.body: the hook gets it or the message is refused, others are served', async () => {
    server = await WholeServer.start({
      policy:
        "local n = 0 function hook.body(line) n = n + #line end function hook.forward() return '250 2.0.0 ' .. n end",
    });
    const client = await inMessage();
    client.write('Subject: x\r\n\r\n');
    const longest = await stall(async () => {
      await flood(client, Buffer.alloc(MB, 0x61), 16 * MB);
      client.write('\r\n.\r\n');
      expect(await client.reply()).toBe(`250 2.0.0 ${16 * MB}\r\n`);
    });
    expect(longest).toBeLessThan(5000);
    client.destroy();
  });

  it('a megabyte in chunks of one byte', async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy: "function hook.dot() header.add('X-Parts: ' .. #mime.parts) end",
      options: { 'smtp-smart-host': hop.target, 'smtp-default-at-dot': '550' },
    });
    const client = server.inMemory();
    await client.reply();
    await client.openMessage();
    const content = Buffer.from(
      `Subject: x\r\n\r\n${'0123456789\r\n.\r\n'.repeat(20_000)}`.replaceAll('\r\n.', '\r\n..'),
    );
    for (let i = 0; i < content.length; i++) {
      client.stream.write(content.subarray(i, i + 1));
      if (i % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.send('.\r\n');
    expect(await client.reply()).toMatch(/^250 /);
    const arrived = hop.connections[0]?.contents[0]?.toString('latin1').replace('X-Parts: 1\r\n', '');
    expect(arrived === content.toString('latin1')).toBe(true);
    await client.quit();
  });

  it('NULs: never in a command, as they are in a message', async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy:
        "function hook.body(line) if line:find('\\0', 1, true) then syslog.info('NUL at ' .. #line) end end",
      options: { 'smtp-smart-host': hop.target },
    });
    const client = await server.greeted();
    for (const line of ['\0', 'NOOP\0', 'EHLO c\0', '\0QUIT', 'MAIL FROM:<a@b\0>']) {
      expect(await client.command(line)).toMatch(/^500 5\.5\.2 syntax error, NUL or CR in command/);
    }
    await client.command('EHLO c');
    await client.command('MAIL FROM:<a@b.example>');
    await client.command('RCPT TO:<c@d.example>');
    await client.command('DATA');
    const content = `Subject: a\0b\r\n\r\n\0\r\n.\0\r\n${'\0'.repeat(5000)}\r\n`;
    client.write(`${content}.\r\n`);
    expect(await client.reply()).toMatch(/^250 /);
    expect(hop.connections[0]?.contents[0]?.toString('latin1')).toBe(content.replace('\r\n.\0', '\r\n\0'));
    expect(server.said(/^info NUL at (1|5000) /)).toHaveLength(3);
    client.destroy();
  });
});
