// What a message is known again by when its sender tries it once more: its Message-ID, and its body. Headers are not part of it: whoever
// stands in front of us, and a policy, adds other ones each time. Without a Message-ID two messages can have the same body, each day's report
// that nothing has happened: what its writer has put there of it (Date, From, Subject) has to be the same then.
import { createHash } from 'node:crypto';
import type { MessageSource } from './port/delivery.ts';

const END = Buffer.from('\r\n\r\n');
const CR = 13;
const LF = 10;
/** A header block that is longer is taken for body. */
const MAX_HEADERS = 1_048_576;
const FIELD = /^(message-id|date|from|subject)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)/gim;

/** Rejects when the message cannot be read. */
export async function messageKey(message: MessageSource): Promise<string> {
  const hash = createHash('sha256');
  let head: Buffer[] | undefined = [];
  let held = 0;
  for await (const piece of message.pieces ?? message.read()) {
    if (head === undefined) {
      hash.update(piece);
      continue;
    }
    head.push(piece);
    held += piece.length;
    const all = Buffer.concat(head);
    const end = endOfHeaders(all);
    if (end < 0 && held < MAX_HEADERS) {
      head = [all];
      continue;
    }
    const length = Math.max(end, 0);
    hash.update(identity(all.subarray(0, length))).update(all.subarray(length));
    head = undefined;
  }
  if (head !== undefined) hash.update(identity(Buffer.concat(head)));
  return hash.digest('base64');
}

/** Where the body begins to be told apart: at the empty line. -1 when it has not come. */
function endOfHeaders(text: Buffer): number {
  return text[0] === CR && text[1] === LF ? 0 : text.indexOf(END);
}

/** The first Message-ID, or what stands for it. Lines are put an end to, so that none can be taken for another. */
function identity(headers: Buffer): string {
  let others = '';
  for (const [, name = '', value = ''] of headers.toString('latin1').matchAll(FIELD)) {
    const text = value.replace(/\s+/g, '');
    if (name.toLowerCase() !== 'message-id') others += `${name.toLowerCase()}:${text}\n`;
    else if (text !== '') return `${text}\n`;
  }
  return `\n${others}\n`;
}
