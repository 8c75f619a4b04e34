import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeSpamd, spamdReply, startSpamd } from '../../../src/bench/ports/spamd-server.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Rig, serviceRig } from '../../fakes/service-rig.ts';

const MESSAGE = 'Subject: hello\r\nX-A: 1\r\n\r\nbody line\r\n';
const LINE = 'Return-Path: <alice@example.com>\r\n';

let message: MessageSession;
let rig: Rig;
const servers: FakeSpamd[] = [];

async function spamd(...args: Parameters<typeof startSpamd>): Promise<FakeSpamd> {
  const server = await startSpamd(...args);
  servers.push(server);
  return server;
}

beforeEach(async () => {
  message = await messageSession(MESSAGE);
  rig = serviceRig({ message });
});

afterEach(async () => {
  rig.close();
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
  await message.dispose();
});

describe('service.spamd', () => {
  it('sends an exact request and takes the reply apart', async () => {
    const server = await spamd(() => 'SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\n');
    expect(await rig.call('spamd', message.spool.path, server.host, undefined, 'bob@example.org', 10)).toBe(
      true,
    );
    const { spamd: result } = await rig.wait();
    expect(server.server.connections[0]?.received.toString('latin1')).toBe(
      `CHECK SPAMC/1.5\r\nContent-length: ${LINE.length + MESSAGE.length}\r\nUser: bob@example.org\r\n\r\n${LINE}${MESSAGE}`,
    );
    expect(result).toEqual({
      service_name: 'spamd',
      service_host: server.host,
      elapsed_time: expect.any(Number),
      file: message.spool.path,
      reply: 'SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\n',
      is_spam: true,
      score: 15,
      threshold: 5,
      entries: [expect.objectContaining({ is_spam: true })],
    });
    expect(await message.files()).toEqual([]);
  });

  it('asks for symbols and reports', async () => {
    const server = await spamd(({ method }) =>
      method === 'SYMBOLS'
        ? spamdReply(false, -1.9, 'ALL_TRUSTED,BAYES_00')
        : spamdReply(true, 9, 'long report\r\n'),
    );
    await rig.call('spamd', message.spool.path, server.host, 'symbols');
    expect((await rig.wait()).spamd).toMatchObject({
      is_spam: false,
      score: -1.9,
      symbols: ['ALL_TRUSTED', 'BAYES_00'],
    });
    for (const method of ['REPORT', 'REPORT_IFSPAM']) {
      await rig.call('spamd', message.spool.path, server.host, method);
      expect((await rig.wait()).spamd).toMatchObject({ is_spam: true, symbols: [] });
    }
    expect(server.commands.map((command) => command.method)).toEqual(['SYMBOLS', 'REPORT', 'REPORT_IFSPAM']);
  });

  it('reads a reply without Content-length up to the end of the connection', async () => {
    const server = await spamd(async (_command, connection) => {
      await connection.drip('SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n\r\nlong report\r\n');
      connection.end();
      return undefined;
    });
    await rig.call('spamd', message.spool.path, server.host, 'REPORT');
    expect((await rig.wait()).spamd).toMatchObject({
      is_spam: true,
      reply: expect.stringMatching(/long report\r\n$/),
    });
  });

  it('sends any file as it is, over a unix socket too', async () => {
    const server = await spamd(() => spamdReply(false, 0, ''), join(message.directory, 's.sock'));
    const path = join(message.directory, 'other.eml');
    await writeFile(path, Buffer.from('X: \xff\n\nb\0dy', 'latin1'));
    await rig.call('spamd', path, server.host);
    expect((await rig.wait()).spamd).toMatchObject({ file: path, is_spam: false, service_host: server.host });
    expect(server.commands[0]?.message.toString('latin1')).toBe('X: \xff\n\nb\0dy');
    // PROCESS of such a file changes nothing.
    await rig.call('spamd', path, server.host, 'PROCESS');
    expect((await rig.wait()).spamd).not.toHaveProperty('replaced');
    expect((await message.content()).toString()).toBe(MESSAGE);
  });

  it('judges a long message by its beginning', async () => {
    rig.set('spamd-max-size', '50');
    const server = await spamd(() => spamdReply(false, 0, ''));
    await rig.call('spamd', message.spool.path, server.host);
    expect((await rig.wait()).spamd).toMatchObject({ is_spam: false, truncated: true });
    expect(server.commands[0]?.message.toString()).toBe((LINE + MESSAGE).slice(0, 50));
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    expect((await rig.wait()).spamd?.error).toBe(
      'the message is larger than option spamd-max-size (50 bytes)',
    );
    expect((await message.content()).toString()).toBe(MESSAGE);
  });

  it.each([
    [
      ['/x', 'h', 'LEARN'],
      'unknown spamd method "LEARN": one of CHECK, SYMBOLS, REPORT, REPORT_IFSPAM, PROCESS, HEADERS expected',
    ],
    [['/x', 'h', 'CHECK', 'a\r\nContent-length: 1'], 'a spamd user must not contain control characters'],
    [['/x', 'h', 'CHECK', 'u', -1], 'a timeout must be more than 0 seconds, got -1'],
    [[], "bad argument #1 to 'service.spamd' (string expected, got no value)"],
  ])('refuses arguments %j', (args, text) => {
    expect(() => rig.start('spamd', ...args)).toThrow(text);
  });
});

describe.each([
  ['in memory', 262_144],
  ['on disk', 0],
])('PROCESS and HEADERS of a message %s', (_where, limit) => {
  const filtered = 'X-Spam-Status: Yes\r\nSubject: [SPAM] hello\r\nX-A: 1\r\n\r\nb\xff\0dy\r\n';

  beforeEach(async () => {
    await message.dispose();
    message = await messageSession(MESSAGE, 'alice@example.com', limit);
    rig = serviceRig({ message });
  });

  it('puts the processed message in its place, byte for byte', async () => {
    const server = await spamd(() => spamdReply(true, 9, LINE + filtered));
    message.headers.add('X-Policy: seen');
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    expect((await rig.wait()).spamd).toMatchObject({ is_spam: true, replaced: true });
    expect(server.commands[0]?.message.toString('latin1')).toContain('X-Policy: seen\r\n\r\nbody line');
    expect((await message.content()).toString('latin1')).toBe(filtered);
    expect(message.headers.find('subject', 1)?.value).toBe('[SPAM] hello');
    expect(message.headers.edited).toBe(false);
    expect((await message.files()).every((name) => name === 'ABCDEF123450000101')).toBe(true);
  });

  it('puts new headers in front of the old body', async () => {
    const server = await spamd(() =>
      spamdReply(false, 1, `${LINE}X-Spam-Status: No\r\nSubject: hello\r\nX-A: 1\r\n\r\n`),
    );
    await rig.call('spamd', message.spool.path, server.host, 'HEADERS');
    expect((await rig.wait()).spamd).toMatchObject({ is_spam: false, replaced: true });
    expect((await message.content()).toString()).toBe(
      'X-Spam-Status: No\r\nSubject: hello\r\nX-A: 1\r\n\r\nbody line\r\n',
    );
  });

  it.each<[string, (reply: Buffer) => Buffer]>([
    ['an error status', () => Buffer.from('SPAMD/1.0 76 Bad header line: x\r\n')],
    ['a reply cut in the body', (reply) => reply.subarray(0, -1)],
    ['a reply cut in the head', (reply) => reply.subarray(0, 30)],
    [
      'no Content-length',
      (reply) => Buffer.from(reply.toString('latin1').replace(/Content-length: \d+\r\n/, ''), 'latin1'),
    ],
    ['an empty message', () => spamdReply(true, 9, '')],
  ])('leaves the message as it was after %s', async (_what, change) => {
    const server = await spamd(() => change(spamdReply(true, 9, LINE + filtered)));
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    const { spamd: result } = await rig.wait();
    expect(result?.error).toEqual(expect.any(String));
    expect(result).not.toHaveProperty('replaced');
    expect((await message.content()).toString()).toBe(MESSAGE);
    expect(message.headers.all).toEqual(['Subject: hello', 'X-A: 1']);
  });

  it('leaves the message alone when the policy edited it meanwhile', async () => {
    const server = await spamd(() => {
      message.headers.add('X-Late: 1');
      return spamdReply(true, 9, LINE + filtered);
    });
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    expect((await rig.wait()).spamd).toMatchObject({
      is_spam: true,
      error: 'the message was left as it was: it was changed while spamd worked on it',
    });
    expect(message.headers.find('X-Late', 1)?.value).toBe('1');
    expect((await message.content()).toString()).toBe(MESSAGE);
  });

  it('says why the session or the disk would not have it', async () => {
    message.replaceError = new Error('no space left on device');
    const server = await spamd(() => spamdReply(true, 9, LINE + filtered));
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    expect((await rig.wait()).spamd).toMatchObject({
      is_spam: true,
      error: 'the message was left as it was: no space left on device',
    });
  });

  it('gives up a replacement when the hook ended before', async () => {
    let asked = (): void => undefined;
    let proceed = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const mayProceed = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const server = await spamd(async (_command, connection) => {
      asked();
      await mayProceed;
      await connection.send(spamdReply(true, 9, LINE + filtered));
      return undefined;
    });
    await rig.call('spamd', message.spool.path, server.host, 'PROCESS');
    await wasAsked;
    rig.endOfHook();
    proceed();
    await server.server.quiet();
    expect((await message.content()).toString()).toBe(MESSAGE);
    expect(await rig.wait()).toEqual({});
  });
});
