import { writeFile } from 'node:fs/promises';
import Spamc from 'spamc';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type MessageSession, messageSession } from '../fakes/message-session.ts';
import { Program } from '../fakes/program.ts';
import { type Rig, serviceRig } from '../fakes/service-rig.ts';
import { describeWith } from './needs.ts';
import { GTUBE, type Scanner, startRealSpamd } from './scanners.ts';

const HEAD =
  'Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.net; Fri, 20 Nov 2026 10:00:00 +0000\r\n' +
  'From: Alice <alice@example.com>\r\nTo: bob@example.net\r\nSubject: test\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n' +
  'Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n' +
  'Content-Transfer-Encoding: 8bit\r\n';
const HAM = `${HEAD}\r\nHello Bob,\r\n\r\n.dots at the start\r\ncaf\xe9, \xff and trailing blanks  \r\n\r\n\r\n`;
const SPAM = `${HEAD}\r\n${GTUBE}\r\n`;

describeWith(['spamd'], 'spamd', () => {
  let spamd: Scanner;
  let rig: Rig;
  let message: MessageSession;

  beforeAll(async () => {
    spamd = await startRealSpamd('report_safe 0', 'rewrite_header Subject [SPAM]');
  });
  afterAll(() => spamd.stop());
  afterEach(async () => {
    rig.close();
    await message.dispose();
  });

  async function ask(content: string, method = 'CHECK', host = spamd.host, user?: string) {
    message = await messageSession(content);
    rig = serviceRig({ message });
    expect(await rig.call('spamd', message.spool.path, host, method, user, 60)).toBe(true);
    const { spamd: result } = await rig.wait();
    expect(result?.error).toBeUndefined();
    return result;
  }

  /** The file as it is, for a comparison with who sends nothing but the message. */
  async function askPlain(content: string, method: string) {
    message = await messageSession('');
    rig = serviceRig({ message });
    const path = `${message.directory}/plain.eml`;
    await writeFile(path, Buffer.from(content, 'latin1'));
    await rig.call('spamd', path, spamd.host, method, undefined, 60);
    return { path, result: (await rig.wait()).spamd };
  }

  it('finds GTUBE, over TCP and the unix socket', async () => {
    for (const host of [spamd.host, spamd.socket]) {
      const result = await ask(SPAM, 'CHECK', host);
      expect(result).toMatchObject({ is_spam: true, threshold: 5, service_host: host });
      expect(result?.score).toBeGreaterThan(900);
      expect(result?.reply).toMatch(/^SPAMD\/1\.1 0 EX_OK\r\nSpam: True ; \d+\.\d \/ 5\.0\r\n\r\n$/);
      rig.close();
      await message.dispose();
    }
    expect(await ask(HAM)).toMatchObject({ is_spam: false });
  });

  it('gives symbols and reports', async () => {
    const symbols = await ask(SPAM, 'SYMBOLS');
    expect(symbols?.symbols).toContain('GTUBE');
    expect(symbols?.symbols).toEqual(String(symbols?.reply).split('\r\n\r\n')[1]?.split(','));
    rig.close();
    await message.dispose();
    const report = await ask(SPAM, 'REPORT');
    expect(report?.symbols).toContain('GTUBE');
    expect(report?.reply).toContain('Content analysis details');
    rig.close();
    await message.dispose();
    expect(await ask(SPAM, 'REPORT_IFSPAM')).toMatchObject({
      is_spam: true,
      symbols: expect.arrayContaining(['GTUBE']),
    });
    rig.close();
    await message.dispose();
    expect(await ask(HAM, 'REPORT_IFSPAM')).toMatchObject({ is_spam: false, symbols: [] });
  });

  it('takes a user name', async () => {
    expect(await ask(SPAM, 'CHECK', spamd.host, 'nobody')).toMatchObject({ is_spam: true });
  });

  it.each([
    ['ham', HAM],
    ['spam', SPAM],
  ])('PROCESS of %s adds headers and loses no byte', async (what, content) => {
    const result = await ask(content, 'PROCESS');
    expect(result?.replaced).toBe(true);
    const now = (await message.content()).toString('latin1');
    expect(now).toMatch(/^X-Spam-Checker-Version: /);
    expect(now).not.toMatch(/^Return-Path:/m);
    expect(now.replace(/\r\n/g, '')).not.toMatch(/[\r\n]/);
    // Without what spamd added, it is the message.
    const rest = now
      .replace(/^X-Spam-[^\r]*\r\n([ \t][^\r]*\r\n)*/gm, '')
      .replace(/^Subject: \[SPAM\] /m, 'Subject: ');
    expect(rest).toBe(content);
    expect(message.headers.find('X-Spam-Flag', 1)?.value).toBe(what === 'spam' ? 'YES' : undefined);
    expect(message.headers.find('Subject', 1)?.value).toBe(what === 'spam' ? '[SPAM] test' : 'test');
  });

  it('HEADERS does the same and sends less back', async () => {
    const result = await ask(SPAM, 'HEADERS');
    expect(result?.replaced).toBe(true);
    expect(String(result?.reply)).not.toContain(GTUBE);
    const now = (await message.content()).toString('latin1');
    expect(now.endsWith(`\r\n\r\n${GTUBE}\r\n`)).toBe(true);
    expect(message.headers.find('X-Spam-Flag', 1)?.value).toBe('YES');
    expect(now).not.toMatch(/^Return-Path:/m);
  });

  it('sees the edits of the policy, and the sender', async () => {
    message = await messageSession(HAM, 'sender@example.com');
    rig = serviceRig({ message });
    message.headers.add(`X-Policy: ${GTUBE}`);
    message.headers.delete('Subject', 1);
    await rig.call('spamd', message.spool.path, spamd.host, 'SYMBOLS', undefined, 60);
    const symbols = (await rig.wait()).spamd?.symbols;
    expect(symbols).toContain('MISSING_SUBJECT');
  });

  it('is told the exact length: 8-bit, NUL, without final line end, empty', async () => {
    for (const content of [`${HEAD}\r\n\xff\0\xe9`, `${HEAD}\r\n`, HEAD, '\r\n', '']) {
      expect((await ask(content))?.is_spam).toBeTypeOf('boolean');
      rig.close();
      await message.dispose();
    }
  });

  it('judges ten messages at once', async () => {
    message = await messageSession(SPAM);
    rig = serviceRig({ message });
    for (let i = 0; i < 10; i++)
      await rig.call('spamd', message.spool.path, spamd.host, 'CHECK', undefined, 60);
    expect((await rig.wait()).spamd?.entries.map((entry) => entry.is_spam)).toEqual(Array(10).fill(true));
  });

  it('npm spamc is of the same opinion', async () => {
    for (const content of [SPAM, `${HEAD}\r\nhello\r\n`]) {
      const { result } = await askPlain(content, 'SYMBOLS');
      // It adds a line end of its own, and loses scores below 0 and the last symbol.
      const other = await new Promise<{ isSpam?: boolean; spamScore?: number; matches?: readonly string[] }>(
        (resolve, reject) => {
          new Spamc('127.0.0.1', spamd.port, 60).symbols(content.slice(0, -2), (error, answer) =>
            error === null ? resolve(answer) : reject(error),
          );
        },
      );
      if (Number(result?.score) >= 0)
        expect([other.isSpam, other.spamScore]).toEqual([result?.is_spam, result?.score]);
      const symbols = result?.symbols as readonly string[];
      expect(symbols.slice(0, -1)).toEqual(other.matches ?? []);
      rig.close();
      await message.dispose();
    }
  });

  describeWith(['spamc'], 'spamc', () => {
    it('is of the same opinion about the same bytes', async () => {
      for (const content of [SPAM, HAM]) {
        const { result } = await askPlain(content, 'CHECK');
        const program = new Program('spamc', ['-d', '127.0.0.1', '-p', String(spamd.port), '-c']);
        program.end(content);
        const { code, stdout } = await program.ended;
        const [, score, threshold] = /^(-?[\d.]+)\/([\d.]+)/.exec(stdout) ?? [];
        expect([Number(score), Number(threshold)]).toEqual([result?.score, result?.threshold]);
        expect(code).toBe(result?.is_spam === true ? 1 : 0);
        rig.close();
        await message.dispose();
      }
    });

    it('makes of the message what PROCESS makes of it', async () => {
      await ask(SPAM, 'PROCESS');
      const program = new Program('spamc', ['-d', '127.0.0.1', '-p', String(spamd.port)]);
      program.end(`Return-Path: <alice@example.com>\r\n${SPAM}`);
      const { stdout } = await program.ended;
      const [ours, theirs] = [(await message.content()).toString('latin1'), stdout].map((text) =>
        text
          .replace('Return-Path: <alice@example.com>\r\n', '')
          .replace(/^(X-Spam-Checker-Version: ).*\r\n.*$/m, '$1'),
      );
      expect(ours).toBe(theirs);
    });
  });
});

describeWith(['spamd'], 'spamd with report_safe 1', () => {
  it('wraps spam: PROCESS takes that over, HEADERS leaves the message alone', async () => {
    const spamd = await startRealSpamd('report_safe 1');
    const message = await messageSession(SPAM);
    const rig = serviceRig({ message });
    try {
      await rig.call('spamd', message.spool.path, spamd.host, 'HEADERS', undefined, 60);
      const headers = (await rig.wait()).spamd;
      expect(headers).toMatchObject({ is_spam: true });
      expect(headers?.error).toContain('report_safe');
      expect((await message.content()).toString('latin1')).toBe(SPAM);
      await rig.call('spamd', message.spool.path, spamd.host, 'PROCESS', undefined, 60);
      expect((await rig.wait()).spamd).toMatchObject({ is_spam: true, replaced: true });
      const now = (await message.content()).toString('latin1');
      expect(message.headers.find('Content-Type', 1)?.value).toMatch(/^multipart\/mixed/);
      expect(now).toContain(`\r\n\r\nReturn-Path: <alice@example.com>\r\n${SPAM}`);
      expect(now.replace(/\r\n/g, '')).not.toMatch(/[\r\n]/);
    } finally {
      rig.close();
      await message.dispose();
      await spamd.stop();
    }
  });
});
