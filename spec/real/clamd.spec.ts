import clamav from 'node-clamav';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MessageSession, messageSession } from '../fakes/message-session.ts';
import { Program } from '../fakes/program.ts';
import { type Rig, serviceRig } from '../fakes/service-rig.ts';
import { describeWith } from './needs.ts';
import { EICAR, otherUser, type Scanner, startRealClamd } from './scanners.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const mail = (body: Buffer | string) =>
  Buffer.concat([
    Buffer.from('From: a@example.com\r\nTo: b@example.net\r\nSubject: test\r\nMIME-Version: 1.0\r\n'),
    Buffer.isBuffer(body) ? Buffer.concat([Buffer.from('\r\n'), body]) : Buffer.from(body, 'latin1'),
  ]);
const attachment = Buffer.from(`${EICAR}`).toString('base64');

/** What is sent, and whether it is infected. */
const messages: readonly (readonly [string, Buffer, boolean])[] = [
  ['plain text', mail(Buffer.from('hello\r\n')), false],
  ['EICAR as the body', mail(Buffer.from(EICAR)), true],
  [
    'EICAR as a base64 attachment',
    mail(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${attachment}\r\n--b--\r\n`,
    ),
    true,
  ],
  ['every byte', mail(Buffer.concat(Array.from({ length: 1000 }, () => everyByte))), false],
  ['every byte, then EICAR', mail(Buffer.concat([everyByte, Buffer.from('\r\n'), Buffer.from(EICAR)])), true],
  ['empty', Buffer.alloc(0), false],
];

describeWith(['clamd'], 'clamd', () => {
  let clamd: Scanner;
  let rig: Rig;
  let message: MessageSession | undefined;

  beforeAll(async () => {
    clamd = await startRealClamd();
  });
  afterAll(() => clamd.stop());
  afterEach(async () => {
    rig.close();
    await message?.dispose();
    message = undefined;
  });

  async function scan(content: Buffer, host: string, memoryLimit?: number) {
    message = await messageSession(content, 'a@example.com', memoryLimit);
    rig = serviceRig({ message });
    expect(await rig.call('clamd', message.spool.path, host, 20)).toBe(true);
    const { clamd: result } = await rig.wait();
    expect((await message.content()).equals(content)).toBe(true);
    return result;
  }

  it.each(messages)(
    '%s: the same by path, by stream, by socket, and by node-clamav',
    async (_what, content, infected) => {
      const signature = infected ? 'Eicar-Test-Signature.UNOFFICIAL' : undefined;
      for (const host of [clamd.host, `localhost:${clamd.port}`, clamd.socket]) {
        const result = await scan(content, host);
        expect(result?.error).toBeUndefined();
        expect(result).toMatchObject({ is_infected: infected, service_host: host });
        expect(result?.signature).toBe(signature);
        rig.close();
        await message?.dispose();
      }
      const other = await clamav.createScanner('127.0.0.1', clamd.port).scanBuffer(content, 10_000);
      expect(other).toBe(`stream: ${infected ? `${signature} FOUND` : 'OK'}\0`);
    },
  );

  it('scans by path where it may, with the path in the reply', async () => {
    const result = await scan(mail(Buffer.from(EICAR)), clamd.socket);
    expect(result?.reply).toBe(`${message?.spool.path}: Eicar-Test-Signature.UNOFFICIAL FOUND\n`);
  });

  it('gives the reply when the message is larger than StreamMaxLength', async () => {
    const result = await scan(mail(Buffer.alloc(20_000_000, 'x')), `localhost:${clamd.port}`, 0);
    expect(result).toMatchObject({
      error: 'clamd said: INSTREAM size limit exceeded. ERROR',
    });
  });

  it('scans twenty messages at once', async () => {
    message = await messageSession(mail(Buffer.from(EICAR)));
    rig = serviceRig({ message });
    for (let i = 0; i < 20; i++)
      await rig.call('clamd', message.spool.path, i % 2 === 0 ? clamd.host : `localhost:${clamd.port}`);
    const { clamd: result } = await rig.wait();
    expect(result?.entries).toHaveLength(20);
    expect(result?.entries.every((entry) => entry.is_infected === true)).toBe(true);
  });

  it('says why a file that is not there cannot be scanned', async () => {
    message = await messageSession('');
    rig = serviceRig({ message });
    await rig.call('clamd', '/nonexistent/file', clamd.host);
    const { clamd: result } = await rig.wait();
    expect(result?.error).toBe('cannot read "/nonexistent/file": no such file');
  });

  describeWith(['clamdscan'], 'clamdscan', () => {
    it('is of the same opinion', async () => {
      for (const [, content, infected] of messages.slice(0, 5)) {
        message = await messageSession(content, 'a@example.com', 0);
        await message.spool.onDisk();
        const program = new Program('clamdscan', [
          '-c',
          `${clamd.directory}/clamd.conf`,
          '--no-summary',
          '--stream',
          message.spool.path,
        ]);
        const { code, stdout } = await program.ended;
        expect([code, stdout.trim()]).toEqual(
          infected
            ? [1, `${message.spool.path}: Eicar-Test-Signature.UNOFFICIAL FOUND`]
            : [0, `${message.spool.path}: OK`],
        );
        await message.dispose();
      }
    });
  });
});

const another = otherUser('clamav');
describe.skipIf(another === undefined)('clamd as another user (needs root and the user clamav)', () => {
  it('is sent the message that it may not read, and at once the next time', async () => {
    const clamd = await startRealClamd('clamav');
    const message = await messageSession(mail(Buffer.from(EICAR)), 'a@example.com', 0);
    const rig = serviceRig({ message });
    try {
      for (let i = 0; i < 2; i++) {
        expect(await rig.call('clamd', message.spool.path, clamd.host)).toBe(true);
        expect((await rig.wait()).clamd).toMatchObject({
          is_infected: true,
          reply: 'stream: Eicar-Test-Signature.UNOFFICIAL FOUND\n',
        });
      }
    } finally {
      rig.close();
      await message.dispose();
      await clamd.stop();
    }
  });
});
