// What is done with a held transaction when the content comes: over it when it fits, from the beginning when it does not, and never both.
import { expect, it } from 'vitest';
import { Asking } from '../../../src/delivery/asking.ts';
import type { DeliveryOutcome } from '../../../src/delivery/port/delivery.ts';
import type { AskLimits, Held, HeldContent } from '../../../src/delivery/port/held.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { recipientOf } from '../../../src/smtp/protocol/recipient.ts';
import { delivery } from '../smtp/client/support.ts';

const limits: AskLimits = { until: 1000, signal: new AbortController().signal };
const { hosts: _, ...message } = delivery([]);
const taken: DeliveryOutcome = { kind: 'delivered', host: 'h', code: 250, text: '250 ok', rcpts: [] };
const lost: DeliveryOutcome = {
  kind: 'failed',
  host: 'h',
  stage: 'data',
  code: 130,
  error: 'closed',
  rcpts: [],
};
const unsure: DeliveryOutcome = { ...lost, stage: 'dot' };
const refused: DeliveryOutcome = { ...taken, kind: 'refused', stage: 'dot', code: 550, text: '550 no' };

interface Case {
  readonly fits?: boolean;
  readonly isFor?: boolean;
  readonly alive?: boolean;
  readonly outcome?: DeliveryOutcome;
  readonly now?: number;
  /** What the policy sets between MAIL and the content. */
  readonly option?: readonly [string, string];
}

async function play(one: Case) {
  const { alive = true, fits = true, isFor = true, now = 0, option, outcome = taken } = one;
  const options = createOptions({});
  const done: string[] = [];
  const seen: HeldContent[] = [];
  const held: Held = {
    host: 'h',
    alive,
    rcpt: () => Promise.resolve({ kind: 'yes', host: 'h', code: 250, text: '250 ok' }),
    fits: (content) => {
      seen.push(content);
      return fits;
    },
    content: () => {
      done.push('content');
      return Promise.resolve(outcome);
    },
    giveBack: () => void done.push('give back'),
    handOver: () => void done.push('hand over'),
  };
  const asking = new Asking({
    places: () => [{ open: () => Promise.resolve({ kind: 'open', place: { kind: 'held', held } }) }],
    forward: () => {
      done.push('forward');
      return Promise.resolve(taken);
    },
    whoHas: () => [],
    remember: (_delivery, ended) => Promise.resolve(ended),
    isFor: () => isFor,
    values: () => options.values,
    monotonic: () => now,
  });
  await asking.mail(limits);
  if (option !== undefined) expect(options.set(...option, 'spec').kind).toBe('set');
  const ended = await asking.content({ ...message, utf8Headers: true }, limits);
  asking.giveBack();
  return { done: done.join(', '), ended, seen };
}

it.each<[string, Case, string, DeliveryOutcome]>([
  ['it fits', {}, 'content', taken],
  ['it does not', { fits: false }, 'hand over, forward', taken],
  ['the next hops are others now', { isFor: false }, 'give back, forward', taken],
  ['the connection has gone', { alive: false }, 'give back, forward', taken],
  ['it is lost before the dot', { outcome: lost }, 'content, forward', taken],
  ['it is lost behind the dot', { outcome: unsure }, 'content', unsure],
  ['it is refused', { outcome: refused }, 'content', refused],
  ['there is no time left', { outcome: lost, now: 1000 }, 'content', lost],
])('%s', async (_name, given, done, ended) => {
  expect(await play(given)).toMatchObject({ done, ended });
});

it('all that is known of the message by now is held against what MAIL said', async () => {
  const { seen } = await play({});
  expect(seen).toEqual([
    { message: message.message, eightBit: false, recipients: message.recipients, utf8Headers: true },
  ]);
});

it.each([
  ['smtp-forward-tls', 'must', 'give back, forward'],
  ['smtp-forward-tls-pin', `sha256:${'0'.repeat(64)}`, 'give back, forward'],
  ['smtp-forward-user', 'u', 'give back, forward'],
  ['smtp-forward-xclient', '+', 'give back, forward'],
  ['smtp-forward-proxy', 'v2', 'give back, forward'],
  ['smtp-forward-chunking', '-', 'give back, forward'],
  ['smtp-eight-bit', 'refuse', 'give back, forward'],
  ['smtp-forward-tls', 'may', 'content'],
  ['smtp-dot-timeout', '10', 'content'],
])('a policy sets %s=%s behind MAIL: %s', async (name, text, done) => {
  expect((await play({ option: [name, text] })).done).toBe(done);
});

it('and behind MAIL, before RCPT: another connection is asked', async () => {
  const options = createOptions({});
  const done: string[] = [];
  const held = (which: string): Held => ({
    ...{ host: 'h', alive: true, fits: () => true, handOver: () => undefined },
    rcpt: () =>
      Promise.resolve({ kind: 'yes', host: 'h', code: 250, text: `250 ${done.push(`rcpt ${which}`)}` }),
    content: () => Promise.resolve(taken),
    giveBack: () => void done.push(`give back ${which}`),
  });
  let opened = 0;
  const asking = new Asking({
    places: () => [
      {
        open: () => Promise.resolve({ kind: 'open', place: { kind: 'held', held: held(String(++opened)) } }),
      },
    ],
    forward: () => Promise.resolve(taken),
    whoHas: () => [],
    remember: (_delivery, ended) => Promise.resolve(ended),
    isFor: () => true,
    values: () => options.values,
    monotonic: () => 0,
  });
  const [bob, eve] = ['bob@x.example', 'eve@x.example'].map(recipientOf);
  if (bob === undefined || eve === undefined) throw new Error('there are two');
  await asking.mail(limits);
  expect(await asking.rcpt(bob, [], limits)).toBeUndefined();
  options.set('smtp-forward-tls', 'must', 'spec');
  expect(await asking.rcpt(eve, [bob], limits)).toBeUndefined();
  expect(done).toEqual(['rcpt 1', 'give back 1', 'rcpt 2', 'rcpt 2']);
});
