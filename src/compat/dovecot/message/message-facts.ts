// What scripts are told of a message that was put into a mailbox: fields of message_new and message_append. Of a long message the beginning counts.
import type { LuaRecord } from '../../../lua-api/value.ts';
import type { MailContent } from '../../../mailbox/port/mail.ts';
import { readFirstAddress } from './first-address.ts';
import { decodeHeader } from './header-text.ts';
import { firstValue, readEntity } from './header-values.ts';
import { readMessageDate } from './message-date.ts';
import { snippetOf } from './snippet.ts';

/** Octets of a message that are looked at: text behind them makes no snippet. */
export const mostOctets = 1_048_576;

/** The beginning of a content; rejects as reading it does. */
export async function beginningOf(content: MailContent): Promise<Buffer> {
  const kept: Buffer[] = [];
  let left = mostOctets;
  for await (const piece of content.pieces ?? content.read()) {
    kept.push(Buffer.from(piece.subarray(0, left)));
    left -= piece.length;
    if (left <= 0) break;
  }
  return Buffer.concat(kept);
}

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Text is UTF-8 in latin1. What is absent is '', but `subject` and `message_id`, which are not there then. */
export function messageFacts(message: Buffer): LuaRecord {
  const entity = readEntity(message);
  const [from = '', to = ''] = [firstValue(entity, 'from'), firstValue(entity, 'to')];
  const [sender, recipient] = [readFirstAddress(from), readFirstAddress(to)];
  const subject = firstValue(entity, 'subject');
  const date = readMessageDate(firstValue(entity, 'date') ?? '');
  return {
    date: date?.seconds ?? 0,
    tz: date?.zoneMinutes ?? 0,
    ...{ from, to },
    from_address: sender.address,
    from_display_name: decodeHeader(sender.name),
    to_address: recipient.address,
    to_display_name: decodeHeader(recipient.name),
    subject: subject === undefined ? undefined : decodeHeader(subject),
    message_id: firstValue(entity, 'message-id'),
    snippet: octets(snippetOf(entity)),
  };
}
