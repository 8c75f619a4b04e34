import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { findMessageFile } from '../../../src/modules/service/message-file.ts';
import {
  messageWithHeaders,
  outgoingMessage,
  processedMessage,
  returnPath,
  withCrlf,
} from '../../../src/service/spamd-message.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';

const open: MessageSession[] = [];
afterEach(async () => {
  for (const message of open.splice(0)) await message.dispose();
});

async function session(...args: Parameters<typeof messageSession>): Promise<MessageSession> {
  const message = await messageSession(...args);
  open.push(message);
  return message;
}

async function sent(
  message: MessageSession,
  limit = 0,
): Promise<{ text: string; size: number; truncated: boolean }> {
  const found = findMessageFile(message.spool.path, message.session, message.store);
  if (found.kind !== 'found') throw new Error(found.error);
  const outgoing = await outgoingMessage(found.file, limit);
  if (outgoing.kind !== 'message') throw new Error(outgoing.error);
  const pieces: Buffer[] = [];
  for await (const piece of outgoing.content()) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  expect(whole.length).toBe(outgoing.size);
  return { text: whole.toString('latin1'), size: outgoing.size, truncated: outgoing.truncated };
}

describe('outgoingMessage', () => {
  const received = 'Subject: hello\r\nX-A: 1\r\n\r\nbody \xe9\0line\r\n';

  it('puts the sender in front of the message as stored', async () => {
    expect((await sent(await session(received))).text).toBe(
      `Return-Path: <alice@example.com>\r\n${received}`,
    );
    expect((await sent(await session(received, ''))).text).toBe(`Return-Path: <>\r\n${received}`);
  });

  it.each([262_144, 0])(
    'takes the edited headers and the body as stored (memory limit %d)',
    async (limit) => {
      const message = await session(received, 'a@b.c', limit);
      message.headers.delete('subject', 1);
      message.headers.insert('X-First: 1', 1);
      message.headers.add('X-Folded: a\r\n b');
      expect((await sent(message)).text).toBe(
        'Return-Path: <a@b.c>\r\nX-First: 1\r\nX-A: 1\r\nX-Folded: a\r\n b\r\n\r\nbody \xe9\0line\r\n',
      );
    },
  );

  it('handles messages without empty line, without headers, and empty ones', async () => {
    const noBody = await session('Subject: a\r\n');
    expect((await sent(noBody)).text).toBe('Return-Path: <alice@example.com>\r\nSubject: a\r\n');
    noBody.headers.add('X: 1');
    expect((await sent(noBody)).text).toBe('Return-Path: <alice@example.com>\r\nSubject: a\r\nX: 1\r\n\r\n');
    const noHeaders = await session('\r\nbody\r\n');
    noHeaders.headers.add('X: 1');
    expect((await sent(noHeaders)).text).toBe('Return-Path: <alice@example.com>\r\nX: 1\r\n\r\nbody\r\n');
    expect((await sent(await session(''))).text).toBe('Return-Path: <alice@example.com>\r\n');
  });

  it('leaves the end out beyond the limit', async () => {
    const message = await session(`A: b\r\n\r\n${'x'.repeat(200_000)}`);
    const line = 'Return-Path: <alice@example.com>\r\n';
    const whole = line.length + 8 + 200_000;
    expect(await sent(message, whole)).toMatchObject({ size: whole, truncated: false });
    expect(await sent(message, whole - 1)).toMatchObject({ size: whole - 1, truncated: true });
    expect(await sent(message, 10)).toEqual({ text: line.slice(0, 10), size: 10, truncated: true });
  });

  it('cannot be given a line end by the sender', () => {
    expect(returnPath('a@b\r\nX: y')).toBe('');
  });
});

describe('withCrlf', () => {
  it('changes bare line feeds only', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\r\n', '\n', '\0', '\xff', '\r\r\n')), (parts) => {
        const text = parts.join('');
        const expected = text.replace(/(?<!\r)\n/g, '\r\n');
        expect(withCrlf(Buffer.from(text, 'latin1')).toString('latin1')).toBe(expected);
      }),
    );
  });

  it('takes linear time', () => {
    expect(withCrlf(Buffer.alloc(2_000_000, '\n')).length).toBe(4_000_000);
  });
});

describe('processedMessage', () => {
  const line = 'Return-Path: <a@b.c>\r\n';
  it.each([
    [`${line}X-Spam: yes\r\nA: b\r\n\r\n${line}body\r\n`, `X-Spam: yes\r\nA: b\r\n\r\n${line}body\r\n`],
    [`X-Spam: yes\r\n${line}A: b\r\n\r\nbody`, 'X-Spam: yes\r\nA: b\r\n\r\nbody'],
    ['Received: x\nA: b\n\nbody\n', 'Received: x\r\nA: b\r\n\r\nbody\r\n'],
    // In an attached original it is part of the content.
    [`A: b\r\n\r\n--x\r\n${line}C: d\r\n`, `A: b\r\n\r\n--x\r\n${line}C: d\r\n`],
    ['Return-Path: <other@b.c>\r\nA: b\r\n\r\n', 'Return-Path: <other@b.c>\r\nA: b\r\n\r\n'],
  ])('%j', (body, expected) => {
    const outcome = processedMessage(Buffer.from(body, 'latin1'), line);
    expect(outcome.kind === 'filtered' ? outcome.content.toString('latin1') : outcome.error).toBe(expected);
  });

  it('refuses an empty one', () => {
    expect(processedMessage(Buffer.alloc(0), line).kind).toBe('unusable');
    expect(processedMessage(Buffer.from(line), line).kind).toBe('unusable');
  });
});

describe('messageWithHeaders', () => {
  const before = { headers: ['A: b', 'Content-Type: text/plain;\r\n charset=x'], size: 100 };
  const body = Buffer.from('body \xff\r\n', 'latin1');
  const made = (block: string) => {
    const outcome = messageWithHeaders(
      Buffer.from(block, 'latin1'),
      body,
      before,
      'Return-Path: <a@b.c>\r\n',
    );
    return outcome.kind === 'filtered' ? outcome.content.toString('latin1') : outcome.error;
  };

  it('puts the new headers in front of the old body', () => {
    const expected = 'X-Spam-Flag: NO\r\nA: b\r\ncontent-type: text/plain; charset=x\r\n\r\nbody \xff\r\n';
    expect(
      made('Return-Path: <a@b.c>\r\nX-Spam-Flag: NO\r\nA: b\r\ncontent-type: text/plain; charset=x\r\n\r\n'),
    ).toBe(expected);
    expect(made('X-Spam-Flag: NO\nA: b\ncontent-type: text/plain; charset=x\n\n')).toBe(expected);
    expect(made('X-Spam-Flag: NO\r\nA: b\r\ncontent-type: text/plain; charset=x\r\n')).toBe(expected);
  });

  it('refuses headers of a wrapped message, and none', () => {
    expect(made('A: b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n')).toContain(
      'report_safe',
    );
    expect(made('\r\n')).toContain('no headers');
    expect(made('')).toContain('no headers');
  });
});
