// SMTP replies (RFC 5321 section 4.2): a code and the complete text with its line ends, latin1. What a policy or a next hop wrote is put
// into the form of the RFC here, so that a client can always tell where a reply ends.

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** All lines, each with CRLF. */
  readonly text: string;
}

/** The longest reply that is sent, bytes. */
export const MAX_REPLY = 16_384;

/** RFC 5321 section 4.5.3.1.5: a reply line, code and CRLF included. What is echoed is cut so that this holds. */
export const MAX_LINE = 512;

/** A reply of one line. `text` may be empty. */
export function reply(code: number, text: string): Reply {
  return { code, text: text === '' ? `${code}\r\n` : `${code} ${text}\r\n` };
}

/** A reply of several lines (at least one). */
export function multiline(code: number, lines: readonly string[]): Reply {
  const last = lines.length - 1;
  return { code, text: lines.map((line, i) => `${code}${i < last ? '-' : ' '}${line}\r\n`).join('') };
}

/** Text of the client for a reply: control characters (line ends above all) become `?`, and it is cut at `max` characters. */
export function echo(text: string, max = 400): string {
  const cut = text.length > max ? text.slice(0, max) : text;
  return cut.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '?');
}

export type ParsedReply =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** No code, or one below 200: the default reply is meant. */
  | { readonly kind: 'none' }
  /** A code of 600 or more, or not of three digits. */
  | { readonly kind: 'bad-code' }
  | { readonly kind: 'too-long' };

const NONE: ParsedReply = { kind: 'none' };
const BAD_CODE: ParsedReply = { kind: 'bad-code' };
const TOO_LONG: ParsedReply = { kind: 'too-long' };

/** The usual case: one line, nothing to put right. */
const PLAIN = /^[2-5]\d\d(?: [^\0-\x08\x0a-\x1f\x7f]*)?(?:\r\n)?$/;

/**
 * The reply that a text written by a policy or a next hop means. Leading blanks go, a NUL cuts the text, every kind of line end becomes
 * CRLF, each line gets the code of the first one and `-` or a blank behind it as its place demands; other control characters become `?`.
 */
export function parseReply(text: string): ParsedReply {
  if (text.length > MAX_REPLY) return TOO_LONG;
  if (PLAIN.test(text)) {
    const code = Number(text.slice(0, 3));
    return { kind: 'reply', reply: { code, text: text.endsWith('\r\n') ? text : `${text}\r\n` } };
  }
  const nul = text.indexOf('\0');
  const start = (nul < 0 ? text : text.slice(0, nul)).replace(/^[ \t\r\n]+/, '');
  const digits = /^\d+/.exec(start)?.[0] ?? '';
  const code = Number(digits);
  if (code < 200) return NONE;
  if (digits.length !== 3 || code > 599) return BAD_CODE;
  const lines = start.replace(/[\r\n]+$/, '').split(/\r\n|\r|\n/);
  const texts = lines.map((line) => {
    const body = line.startsWith(digits) ? line.slice(3).replace(/^[ -]/, '') : line;
    return body.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '?');
  });
  const only = texts[0];
  if (texts.length === 1 && only !== undefined) return { kind: 'reply', reply: reply(code, only) };
  return { kind: 'reply', reply: multiline(code, texts) };
}

/** 2xx: the command is done, and the state of the session changes. */
export function isPositive(code: number): boolean {
  return code >= 200 && code < 300;
}
