// What a message is known again by when its sender tries it once more: its Message-ID, and its body. Headers are not part of it: whoever
// stands in front of us, and a policy, adds other ones each time. Without a Message-ID two messages can have the same body, each day's report
// that nothing has happened: what its writer has put there of it (Date, From, Subject) has to be the same then. With neither Message-ID nor
// Date the same octets may be a message or its second try: such a key says so.
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
  let own: Identity | undefined;
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
    own = identity(all.subarray(0, length));
    hash.update(own.text).update(all.subarray(length));
    head = undefined;
  }
  if (head !== undefined) {
    const all = Buffer.concat(head);
    own = identity(all);
    hash.update(own.text);
    // Nothing but headers, or lines that are none: they are all there is of it.
    if (!own.isOwn) hash.update(all);
  }
  return `${own?.isOwn === true ? '' : DOUBTFUL}${hash.digest('base64')}`;
}

const DOUBTFUL = '?';

/** Another message may have the same key. */
export function isDoubtful(key: string): boolean {
  return key.startsWith(DOUBTFUL);
}

/** Where the body begins to be told apart: at the empty line. -1 when it has not come. */
function endOfHeaders(text: Buffer): number {
  return text[0] === CR && text[1] === LF ? 0 : text.indexOf(END);
}

interface Identity {
  readonly text: string;
  /** No other message has it. */
  readonly isOwn: boolean;
}

/** The first Message-ID, or what stands for it. Lines are put an end to, so that none can be taken for another. */
function identity(headers: Buffer): Identity {
  let others = '';
  let isOwn = false;
  for (const [, name = '', value = ''] of headers.toString('latin1').matchAll(FIELD)) {
    const text = value.replace(/\s+/g, '');
    const field = name.toLowerCase();
    if (field !== 'message-id') others += `${field}:${text}\n`;
    else if (text !== '') return { text: `${text}\n`, isOwn: true };
    isOwn ||= field === 'date' && text !== '';
  }
  return { text: `\n${others}\n`, isOwn };
}
