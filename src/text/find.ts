// Matching a wildcard pattern: text.find. The segments between asterisks are looked for one after the other, each at its first place;
// an earlier place of one never spoils those behind it, so nothing is tried twice and the time is linear in the text.
import { findSegment, MAX_CLASS_SEGMENT, segmentMatchesAt } from './segment-search.ts';
import { type Element, parsePattern } from './wildcard.ts';

export type FindOutcome =
  /** `offset` from 0: the first octet matched by something else than a leading asterisk. */
  | { readonly kind: 'found'; readonly offset: number }
  | { readonly kind: 'not-found' }
  /** A segment with classes is longer than MAX_CLASS_SEGMENT. */
  | { readonly kind: 'too-long'; readonly length: number };

const notFound: FindOutcome = { kind: 'not-found' };

export function findPattern(text: string, patternText: string, caseless: boolean): FindOutcome {
  const pattern = parsePattern(patternText, caseless);
  if (pattern === undefined) return notFound;
  const { segments, leadingStar, trailingStar } = pattern;
  for (const segment of segments)
    if (segment.length > MAX_CLASS_SEGMENT && segment.some((element) => typeof element !== 'number'))
      return { kind: 'too-long', length: segment.length };
  if (segments.length === 0) {
    return leadingStar || text === '' ? { kind: 'found', offset: 0 } : notFound;
  }
  return matchSegments(text, segments, leadingStar, trailingStar);
}

function matchSegments(
  text: string,
  segments: readonly (readonly Element[])[],
  leadingStar: boolean,
  trailingStar: boolean,
): FindOutcome {
  const tail = trailingStar ? undefined : segments[segments.length - 1];
  // Where the last segment has to be when the match ends with the text.
  const tailAt = text.length - (tail?.length ?? 0);
  if (tail !== undefined && (tailAt < 0 || !segmentMatchesAt(text, tailAt, tail))) return notFound;
  const middle = tail === undefined ? segments : segments.slice(0, -1);
  let offset = -1;
  let at = 0;
  for (const segment of middle) {
    let found: number;
    if (offset < 0 && !leadingStar) {
      found = segment.length <= tailAt && segmentMatchesAt(text, 0, segment) ? 0 : -1;
    } else found = findSegment(text, at, tailAt, segment);
    if (found < 0) return notFound;
    if (offset < 0) offset = found;
    at = found + segment.length;
  }
  if (offset >= 0) return { kind: 'found', offset };
  // A single segment up to the end of the text.
  return leadingStar || tailAt === 0 ? { kind: 'found', offset: tailAt } : notFound;
}
