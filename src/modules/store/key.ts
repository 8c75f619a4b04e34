// Keys of the store from what strangers have sent: no part can look like two, and none is too long. Pure.
import { createHash } from 'node:crypto';
import { MAX_KEY } from '../../store/store.ts';

/** A longer part is given by its digest. */
const LONGEST_PART = 200;
const UNSAFE = /[\x00-\x20\x7f%:]/g;

const escaped = (text: string): string =>
  text.replace(UNSAFE, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** A part cannot begin so by itself. */
const digest = (text: string): string => `%s${createHash('sha256').update(text, 'latin1').digest('hex')}`;

/** latin1 strings, joined by `:`. */
export function joinKey(parts: readonly string[]): string {
  const safe = parts.map((part) => {
    const text = escaped(part);
    return text.length <= LONGEST_PART ? text : digest(part);
  });
  const key = safe.join(':');
  return key.length <= MAX_KEY ? key : `${safe[0] ?? ''}:${digest(key)}`;
}
