// What Dovecot 2.3.19.1 told its scripts of messages (spec/vectors/dovecot.json), held against ours.
import { describe, expect, it } from 'vitest';
import { messageFacts } from '../../../../src/compat/dovecot/message/message-facts.ts';
import { octets } from '../../../fakes/push-vectors.ts';
import { replayed, type VectorRow } from './vector-rows.ts';

const messageOf = ({ message, message_base64: encoded }: VectorRow): Buffer =>
  encoded === undefined ? Buffer.from(message ?? '', 'utf8') : Buffer.from(encoded, 'base64');

/** Line ends as they come over SMTP. */
const overSmtp = (message: Buffer): Buffer =>
  Buffer.from(message.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');

/** Of the mailbox, not of the message. */
const others = new Set(['name', 'mailbox', 'uid', 'uid_validity', 'flags', 'keywords']);

function wanted({ event, calls = [] }: VectorRow): Record<string, unknown> {
  const fields = event ?? calls.find(([name]) => name === 'message_new')?.[2] ?? {};
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => !others.has(name))
      .map(([name, value]) => [name, typeof value === 'string' ? octets(value) : value]),
  );
}

const told = [
  ...replayed.messages,
  ...replayed.events.filter(
    (one) => one.message !== undefined && one.calls?.some(([name]) => name === 'message_new'),
  ),
];

describe('messages as Dovecot tells of them', () => {
  it('are those of the file', () => expect(told.length).toBe(44));

  it.each(told.map((one) => [one.id, one] as const))('%s', (_id, given) => {
    const message = messageOf(given);
    const facts = wanted(given);
    const ours = messageFacts(message);
    const shown =
      given.event === undefined ? ours : Object.fromEntries(Object.keys(facts).map((k) => [k, ours[k]]));
    expect(JSON.parse(JSON.stringify(shown))).toEqual(facts);
    expect(messageFacts(overSmtp(message))).toEqual(ours);
  });
});
