// URIs in the headers of the message (mime_part 0) and of its parts: every value is searched, encoded words (RFC 2047) decoded. What people read (Subject
// and the like) is searched as text is. In all other headers only what is written out as a URI counts: names of hosts and addresses are
// in every Received, From and Message-ID and would fill the list with the names of those who carried the mail. Called by mime-reader.ts.

import { decodeWords } from '../mime/encoded-words.ts';
import { hrefCandidate } from './attribute.ts';
import type { UriCollector } from './collector.ts';
import { candidates } from './token.ts';

const readByPeople: ReadonlySet<string> = new Set([
  'subject',
  'comments',
  'keywords',
  'organization',
  'thread-topic',
]);

/** Encoded words as UTF-8 octets, in whatever charset they are; blanks between two of them vanish. */
function decodedOctets(value: string): string {
  if (!value.includes('=?')) return value;
  return Buffer.from(decodeWords(value), 'utf8').toString('latin1');
}

/** What separates the tokens of a header value; semicolons and commas are left to the trimming of the URI, as in text. */
const delimiters = /[\0-\x20"<>{}\\^`]+/;

/** How much of one value is searched: it is done at once, and nobody reads more. */
const longestValue = 262_144;

/** `name` in lower case, `value` unfolded, as latin1. */
export function searchHeader(collector: UriCollector, name: string, value: string, part: number): void {
  const text = readByPeople.has(name);
  if (collector.full(part) || (!text && !/:|=\?/.test(value))) return;
  const decoded = decodedOctets(value);
  if (!text && !/:\/\/|mailto:/i.test(decoded)) return;
  if (decoded.length > longestValue) collector.leaveOut();
  const searched = decoded.slice(0, longestValue);
  // <...> holds a URI as attributes do, List-Unsubscribe for one; blanks in it are nothing (RFC 2369 section 2). It is read whole.
  const rest = searched.replace(/<([^<>]*)>/g, (all, url: string) => {
    const candidate = /^\s*(?:[a-z][\w+.-]*:[/\\]|mailto:)/i.test(url)
      ? hrefCandidate(url.replace(/\s+/g, ''), '')
      : undefined;
    return candidate !== undefined && collector.offer(candidate, part, 'header') !== undefined ? ' ' : all;
  });
  const context = { html: false, charset: '' };
  for (const token of new Set(rest.split(delimiters))) {
    if (token.length < 3 || !/[.:%&\x80-\xff]/.test(token)) continue;
    for (const candidate of candidates(token, context)) {
      if (text || /:\/\/|^mailto:/i.test(candidate.raw)) collector.offer(candidate, part, 'header');
    }
  }
}
