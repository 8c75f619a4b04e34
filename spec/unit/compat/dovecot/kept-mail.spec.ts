// What push scripts are told of small messages is kept in memory, within bounds, and of larger ones it is read from where they lie.
import { describe, expect, it } from 'vitest';
import { beginningOf } from '../../../../src/compat/dovecot/message/message-facts.ts';
import { type KeptMail, MailMemory, ROOM, SMALL } from '../../../../src/compat/dovecot/push/kept-mail.ts';
import type { MailContent } from '../../../../src/mailbox/port/mail.ts';

const flags = { flags: [], keywords: [] };

function taken(kept: KeptMail, content: MailContent, uid?: number): MailContent {
  const event = {
    ...{ name: 'message_new' as const, mailbox: 'INBOX', uid, uidValidity: 1, content, ...flags },
  };
  const [told] = kept.take({ user: 'bob', events: [event] }).events;
  if (told === undefined || !('content' in told)) throw new Error('no message');
  return told.content;
}

/** A message in memory that lies in a file, too. */
const filed = (octets: Buffer, fromFile = 'from the file'): MailContent => ({
  ...{ pieces: [octets.subarray(0, 1), octets.subarray(1)], isFiled: true },
  read: async function* () {
    yield Buffer.from(fromFile);
  },
});

describe('MailMemory', () => {
  it('keeps a copy of a small message, and gives the room back once', async () => {
    const memory = new MailMemory();
    const kept = memory.open();
    const octets = Buffer.alloc(SMALL, 'x');
    const content = taken(kept, filed(octets));
    octets.fill('y');
    expect(memory.kept).toBe(SMALL);
    expect((await beginningOf(content)).toString()).toBe('x'.repeat(SMALL));
    kept.release();
    kept.release();
    expect(memory.kept).toBe(0);
  });

  it.each([
    ['one octet too large', SMALL + 1, 0],
    ['small, with no room left', SMALL, ROOM / SMALL],
  ])('reads the file of a message that is %s', async (_, size, others) => {
    const memory = new MailMemory();
    const kept = memory.open();
    for (let n = 0; n < others; n++) taken(kept, filed(Buffer.alloc(SMALL)));
    const before = memory.kept;
    const content = taken(memory.open(), filed(Buffer.alloc(size)));
    expect(content.pieces).toBeUndefined();
    expect((await beginningOf(content)).toString()).toBe('from the file');
    expect(memory.kept).toBe(before);
    kept.release();
    expect(taken(memory.open(), filed(Buffer.alloc(SMALL))).pieces).toBeDefined();
  });

  it('holds nothing of a large message that is only in memory: who wants it finds it by its uid', async () => {
    const octets = Buffer.alloc(SMALL + 1);
    const { isFiled: _, ...content } = filed(octets);
    const memory = new MailMemory();
    await expect(beginningOf(taken(memory.open(), content, 7))).rejects.toThrow('from the mailbox');
    // Nobody could find it: it stays as it is.
    expect(taken(memory.open(), content)).toBe(content);
    expect(memory.kept).toBe(0);
  });

  it('leaves alone what is not in memory', () => {
    const content: MailContent = { ...filed(Buffer.alloc(1)), pieces: undefined };
    expect(taken(new MailMemory().open(), content)).toBe(content);
  });
});
