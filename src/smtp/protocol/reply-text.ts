// What a policy wrote as a reply, put into the form of RFC 5321 section 4.2, so that a client can always tell where it ends. Pure and linear.
import { withoutEnd } from '../../base/ascii.ts';
import { multiline, type Reply, reply } from './reply.ts';

/** The longest reply that is sent, bytes. */
export const MAX_REPLY = 16_384;

export type ParsedReply =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `why`: what is wrong with it, as the rest of a sentence about the reply. */
  | { readonly kind: 'wrong'; readonly why: string }
  | { readonly kind: 'too-long' };

const wrong = (why: string): ParsedReply => ({ kind: 'wrong', why });
const NUL = wrong('contains NUL');
const NO_CODE = wrong('does not begin with a code from 200 to 599 and a blank');
const CODES_DIFFER = wrong('has lines with different codes');
const TOO_LONG: ParsedReply = { kind: 'too-long' };

/** The usual case: one line, nothing to put right. */
const PLAIN = /^[2-5]\d\d(?: [^\0-\x08\x0a-\x1f\x7f]*)?(?:\r\n)?$/;

/** A code that stands by itself; a line of a long string may be indented. */
const CODE = /^[ \t]*(\d{3})(?=[ \t-]|$)/;

/**
 * The reply that a text written by a policy means. Leading blanks go, every kind of line end becomes CRLF, each line gets the code of the
 * first one and `-` or a blank behind it as its place demands; other control characters become `?`. What does not begin with a code of its
 * own from 200 to 599, contains NUL, or has lines with another code, is no reply.
 */
export function parseReply(text: string): ParsedReply {
  if (text.length > MAX_REPLY) return TOO_LONG;
  if (PLAIN.test(text)) {
    const code = Number(text.slice(0, 3));
    return { kind: 'reply', reply: { code, text: text.endsWith('\r\n') ? text : `${text}\r\n` } };
  }
  if (text.includes('\0')) return NUL;
  const lines = withoutEnd(text.replace(/^[ \t\r\n]+/, ''), '\r\n').split(/\r\n|\r|\n/);
  const digits = CODE.exec(lines[0] ?? '')?.[1] ?? '';
  const code = Number(digits);
  if (code < 200 || code > 599) return NO_CODE;
  const texts: string[] = [];
  for (const line of lines) {
    const [head = '', own] = CODE.exec(line) ?? [];
    if (own !== undefined && own !== digits) return CODES_DIFFER;
    const body = own === undefined ? line : line.slice(head.length).replace(/^[ -]/, '');
    texts.push(body.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '?'));
  }
  const only = texts[0];
  if (texts.length === 1 && only !== undefined) return { kind: 'reply', reply: reply(code, only) };
  return { kind: 'reply', reply: multiline(code, texts) };
}
