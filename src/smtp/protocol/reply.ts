// SMTP replies (RFC 5321 section 4.2), those that we give and those of a next hop: a code and the complete text as it stands on the wire,
// latin1. Lines are made of it only where they are asked for. Reading them is in reply-parser (bytes) and reply-text (a policy's text).
import { isUtf8Text } from '../../text/utf8.ts';

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** All lines, each with its code and CRLF. */
  readonly text: string;
}

/** A reply of one line. `text` may be empty. */
export function reply(code: number, text: string): Reply {
  return { code, text: text === '' ? `${code}\r\n` : `${code} ${text}\r\n` };
}

/** A reply of several lines (at least one). */
export function multiline(code: number, lines: readonly string[]): Reply {
  const last = lines.length - 1;
  let text = '';
  for (let i = 0; i <= last; i++) text += `${code}${i < last ? '-' : ' '}${lines[i] ?? ''}\r\n`;
  return { code, text };
}

/** Whole lines with their code, without line ends. */
export function linesOf({ text }: Reply): readonly string[] {
  return text.slice(0, -2).split('\r\n');
}

/** The whole reply, lines joined by LF: for logs and for policies. */
export function replyText({ text }: Reply): string {
  const end = text.length - 2;
  return text.indexOf('\r\n') === end ? text.slice(0, end) : text.slice(0, end).replaceAll('\r\n', '\n');
}

/**
 * Text of the client for a reply: control characters (line ends above all) and octets above 127 become `?`, and it is cut at `max` octets, so
 * that the line has no more than 512 (RFC 5321 section 4.5.3.1.5). `utf8`: to a client that has said SMTPUTF8 (RFC 6531 section 3.7.4.1)
 * UTF-8 goes as it is.
 */
export function echo(text: string, max = 400, utf8 = false): string {
  const cut = text.length > max ? text.slice(0, max) : text;
  if (!utf8) return isPrintable(cut) ? cut : cut.replace(/[\0-\x08\x0a-\x1f\x7f-\xff]/g, '?');
  // What the cut has left of a character goes, too.
  const whole = cut.length < text.length ? cut.replace(/[\xc0-\xff][\x80-\xbf]*$/, '') : cut;
  return isUtf8Text(whole) ? whole.replace(/[\0-\x08\x0a-\x1f\x7f]/g, '?') : echo(whole, max);
}

/** Printable ASCII, as nearly everything that is echoed: to look at it is cheaper than to replace nothing. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** 2xx: the command is done, and the state of the session changes. */
export function isPositive(code: number): boolean {
  return code >= 200 && code < 300;
}

/** RFC 5321 section 3.8: who says it closes the connection, whatever the command was. */
export function isClosing(code: number): boolean {
  return code === 421;
}
