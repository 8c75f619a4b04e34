// A text in the place of a part, which says what was removed.
import type { PartEdit } from './footer-edit.ts';
import type { PlacedPart } from './part-map.ts';
import { bodyFor } from './replacement-edit.ts';

/** `text` with CRLF. */
export function noticeEdit(part: PlacedPart, text: string): PartEdit {
  const { body, encoding } = bodyFor(Buffer.from(text, 'utf8'), 'identity', true, true, part);
  const type = 'text/plain; charset=utf-8';
  if (part.parent === undefined) {
    const from = part.bodyAt ?? part.bodyEnd;
    return { splices: [{ from, to: part.end, with: body }], headers: { type, encoding: encoding ?? '7bit' } };
  }
  const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding ?? '7bit'}\r\n\r\n`;
  return {
    splices: [{ from: part.at, to: part.end, with: Buffer.concat([Buffer.from(head, 'latin1'), body]) }],
    headers: undefined,
  };
}

/** What a notice says when the policy gives no text; the name is the sender's, in UTF-8, already without what could be no name. */
export function defaultNotice(name: string | undefined, type: string): string {
  const what = name === undefined ? `A part of type ${type}` : `The attachment "${name}"`;
  return `${what} was removed from this message.`;
}
