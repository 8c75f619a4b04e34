// Who has a message already when its sender tries it again: same message or another one, same way or another one, how long, how many.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { type Copies, DeliveredMemory } from '../../../src/delivery/delivered-memory.ts';
import { messageKey } from '../../../src/delivery/message-key.ts';
import type { DeliveryOutcome, Received } from '../../../src/delivery/port/delivery.ts';
import { type Recipient, recipientOf } from '../../../src/smtp/protocol/recipient.ts';
import { source, streamed, to } from '../smtp/client/support.ts';

const RECIPIENTS = to('a@example.org', 'b@example.org', 'c@example.org');
const MESSAGE = 'Received: by x\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\r\nbody\r\n';

const delivery = (changes: { sender?: string; text?: string; received?: Received } = {}) => ({
  received: changes.received,
  sender: changes.sender ?? 's@example.com',
  recipients: RECIPIENTS,
  message: source(changes.text ?? MESSAGE),
});

const outcome = (...codes: readonly number[]): DeliveryOutcome => ({
  ...{ kind: 'delivered', host: 'way', code: 250, text: '250 ok' },
  rcpts: codes.map((code, i) => ({ recipient: RECIPIENTS[i] ?? recipientOf('x'), code, text: String(code) })),
});

async function remembered(
  ...codes: readonly number[]
): Promise<{ memory: DeliveredMemory; clock: FakeClock }> {
  const clock = new FakeClock();
  const memory = new DeliveredMemory(clock);
  await memory.remember(delivery(), outcome(...codes));
  return { memory, clock };
}

const names = async (memory: DeliveredMemory, way = 'way', changes = {}): Promise<readonly string[]> =>
  (await memory.whoHas(['unknown', way], delivery(changes))).map(({ address }) => address);

describe('who has it', () => {
  it('those whom it was delivered to, when others were not', async () => {
    const { memory } = await remembered(250, 452, 251);
    expect(await names(memory)).toEqual(['a@example.org', 'c@example.org']);
  });

  it.each([
    ['another way', 'other', {}],
    ['another sender', 'way', { sender: 't@example.com' }],
    ['another Message-ID', 'way', { text: MESSAGE.replace('<1@x>', '<2@x>') }],
    ['no Message-ID', 'way', { text: MESSAGE.replace('Message-ID', 'X') }],
    ['another body', 'way', { text: `${MESSAGE}more\r\n` }],
    ['a body with another Message-ID in it', 'way', { text: '\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n' }],
  ])('%s: nobody', async (_, way, changes) => {
    const { memory } = await remembered(250, 452, 251);
    expect(await names(memory, way, changes)).toEqual([]);
  });

  it.each([
    [
      'trace headers of its own each time',
      MESSAGE.replace('by x', 'by y; later').replace('Subject', 'X-Spam: 1\r\nSubject'),
    ],
    ['a Message-ID that is folded', MESSAGE.replace('Message-ID: ', 'message-id:\r\n\t')],
  ])('%s: the same message', async (_, text) => {
    const { memory } = await remembered(250, 452, 452);
    expect(await names(memory, 'way', { text })).toEqual(['a@example.org']);
  });

  const BARE = 'Date: 1\r\nFrom: cron@x\r\nSubject: report\r\n\r\nnothing\r\n';
  it.each([
    ['the same', BARE, ['a@example.org']],
    ['with other trace headers', `Received: by z\r\n${BARE}`, ['a@example.org']],
    ['with an empty Message-ID', `Message-ID:\r\n${BARE}`, ['a@example.org']],
    ['of another day', BARE.replace('Date: 1', 'Date: 2'), []],
    ['with another subject', BARE.replace('report', 'other report'), []],
    ['by another writer', BARE.replace('cron', 'at'), []],
    ['with a Message-ID', `Message-ID: <1@x>\r\n${BARE}`, []],
  ])('without a Message-ID, a message %s', async (_, text, who) => {
    const memory = new DeliveredMemory(new FakeClock());
    await memory.remember(delivery({ text: BARE }), outcome(250, 452, 452));
    expect(await names(memory, 'way', { text })).toEqual(who);
  });

  const SAME = 'From: disk@x\r\nSubject: full\r\n\r\nagain\r\n';
  it.each([
    ['Message-ID', MESSAGE, ['a@example.org']],
    ['Date', BARE, ['a@example.org']],
    ['neither', SAME, []],
    ['an empty Date', `Date:\r\n${SAME}`, []],
    ['no header at all', 'again\r\n', []],
    ['a Date in its body only', `${SAME}\r\nDate: 1\r\n`, []],
  ])('when all have it, one with %s that comes once more', async (_, text, who) => {
    const told: Copies[] = [];
    const memory = new DeliveredMemory(new FakeClock(), (copies) => void told.push(copies));
    const other = new DeliveredMemory(new FakeClock());
    await memory.settle(['way'], delivery({ text }));
    await memory.remember(delivery({ text }), outcome(250, 452, 452));
    await memory.settle(['way'], delivery({ text: `${text}other\r\n` }));
    await memory.settle(['way'], delivery({ text, sender: 't@example.com' }));
    expect(await names(memory, 'way', { text })).toEqual(['a@example.org']);
    await memory.settle(['other', 'way'], delivery({ text }));
    for (const copies of told) other.learn(copies);
    expect(await names(memory, 'way', { text })).toEqual(who);
    expect(await names(other, 'way', { text })).toEqual(who);
  });

  const CAME: Received = {
    sender: 's@example.com',
    recipients: ['a@example.org', 'b@example.org'],
    key: 'k',
  };
  const HIDDEN: readonly Recipient[] = RECIPIENTS.map((one) => ({ ...one, hidden: true }));
  it.each<readonly [string, Partial<Received>, readonly string[], readonly string[]]>([
    ['the same', {}, ['a@example.org'], ['a@example.org']],
    ['from another sender', { sender: 't@example.com' }, [], []],
    ['with other octets', { key: 'l' }, [], []],
    [
      'for the same in another order',
      { recipients: ['b@example.org', 'a@EXAMPLE.org'] },
      ['a@example.org'],
      ['a@example.org'],
    ],
    ['for one of them', { recipients: ['a@example.org'] }, ['a@example.org'], []],
  ])('how it was received counts, not what it has become: %s', async (_, changes, named, added) => {
    const now = {
      sender: 'verp2@example.com',
      text: 'X: 2\r\n\r\nother\r\n',
      received: { ...CAME, ...changes },
    };
    for (const [recipients, who] of [
      [RECIPIENTS, named],
      [HIDDEN, added],
    ] as const) {
      const memory = new DeliveredMemory(new FakeClock());
      const before = { ...delivery({ sender: 'verp1@example.com', received: CAME }), recipients };
      const rcpts = recipients.map((recipient, i) => ({ recipient, code: i === 0 ? 250 : 452, text: '' }));
      await memory.remember(before, { ...outcome(), rcpts } as DeliveryOutcome);
      const has = await memory.whoHas(['way'], { ...delivery(now), recipients });
      expect(has.map(({ address }) => address)).toEqual(who);
    }
  });

  it('what it remembers is told, and learnt by others, who do not tell it on', async () => {
    const clock = new FakeClock();
    const told: Copies[] = [];
    const memory = new DeliveredMemory(clock, (copies) => told.push(copies));
    await memory.remember(delivery(), outcome(250, 452, 251));
    const heard: Copies[] = [];
    const other = new DeliveredMemory(clock, (copies) => heard.push(copies));
    for (const copies of told) other.learn(JSON.parse(JSON.stringify(copies)));
    expect([told.length, heard.length]).toEqual([1, 0]);
    expect(await names(other)).toEqual(['a@example.org', 'c@example.org']);
  });

  it('a domain in upper case is the same one, a local part is not', async () => {
    const { memory } = await remembered(250, 452, 251);
    const recipients = to('a@EXAMPLE.org', 'C@example.org');
    expect(await memory.whoHas(['way'], { ...delivery(), recipients })).toEqual(recipients.slice(0, 1));
  });

  it.each([
    [250, 250, 250],
    [550, 550, 452],
  ])('%d %d %d: nothing is remembered', async (...codes) => {
    const { memory } = await remembered(...codes);
    expect(memory.whoHas(['way'], delivery())).toEqual([]);
  });

  it('for a day', async () => {
    const { clock, memory } = await remembered(250, 452, 452);
    clock.advance(86_399_000);
    expect(await names(memory)).toEqual(['a@example.org']);
    clock.advance(1001);
    expect(await names(memory)).toEqual([]);
  });

  it('of so many only', async () => {
    const { memory } = await remembered(250, 452, 452);
    const many = to(...Array.from({ length: 10_001 }, (_, i) => `${i}@example.org`));
    await memory.remember(
      { ...delivery(), recipients: many },
      {
        ...{ kind: 'delivered', host: 'way', code: 250, text: '' },
        rcpts: many.map((recipient, i) => ({ recipient, code: i === 0 ? 550 : 250, text: '' })),
      },
    );
    expect(await names(memory)).toEqual([]);
  });
});

it.each([
  ['lines that are no headers', 'one\r\n', 'two\r\n'],
  ['headers alone', 'Subject: s\r\nX-Text: one\r\n', 'Subject: s\r\nX-Text: two\r\n'],
  ['headers and body', 'Subject: s\r\n\r\none\r\n', 'Subject: s\r\n\r\ntwo\r\n'],
])('messages of %s are told apart', async (_, one, two) => {
  expect(await messageKey(source(one))).not.toBe(await messageKey(source(two)));
});

it.each([
  ['in pieces', (text: string) => streamed([...Buffer.from(text)].map((byte) => Buffer.from([byte])))],
  ['in one', (text: string) => streamed([Buffer.from(text)])],
])('a message %s has one key', async (_, make) => {
  for (const text of [MESSAGE, '\r\n\r\nx', 'no end', '', 'A: b\r\n\r\n'])
    expect(await messageKey(make(text))).toBe(await messageKey(source(text)));
});
