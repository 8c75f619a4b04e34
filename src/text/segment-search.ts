// Where does a segment of a text.find pattern first match? Always in time linear in the text: one element after the other for short
// segments, Knuth-Morris-Pratt for octets that must be there, and for classes the bit-parallel Shift-And method (Baeza-Yates and Gonnet),
// whose cost for each octet grows with the segment in steps of 32 elements; that is why such segments have a limit.
import { type Element, elementMatches } from './wildcard.ts';

/** The most elements between two asterisks when one of them is a class, a `?`, a blank or a letter without regard to case. */
export const MAX_CLASS_SEGMENT = 4096;

const SHORT = 32;

export function segmentMatchesAt(text: string, at: number, segment: readonly Element[]): boolean {
  for (let k = 0; k < segment.length; k++)
    if (!elementMatches(segment[k] ?? 0, text.charCodeAt(at + k))) return false;
  return true;
}

function findShort(text: string, from: number, to: number, segment: readonly Element[]): number {
  for (let i = from; i <= to - segment.length; i++) if (segmentMatchesAt(text, i, segment)) return i;
  return -1;
}

function findOctets(text: string, from: number, to: number, octets: readonly number[]): number {
  const border = new Int32Array(octets.length);
  for (let i = 1, k = 0; i < octets.length; i++) {
    while (k > 0 && octets[i] !== octets[k]) k = border[k - 1] ?? 0;
    if (octets[i] === octets[k]) k++;
    border[i] = k;
  }
  for (let i = from, k = 0; i < to; i++) {
    const octet = text.charCodeAt(i);
    while (k > 0 && octet !== octets[k]) k = border[k - 1] ?? 0;
    if (octet === octets[k]) k++;
    if (k === octets.length) return i - k + 1;
  }
  return -1;
}

function fillRow(masks: Uint32Array, row: number, segment: readonly Element[], octet: number): void {
  for (let k = 0; k < segment.length; k++)
    if (elementMatches(segment[k] ?? 0, octet)) {
      const word = row + (k >> 5);
      masks[word] = (masks[word] ?? 0) | (1 << (k & 31));
    }
}

function findClasses(text: string, from: number, to: number, segment: readonly Element[]): number {
  const words = (segment.length + 31) >> 5;
  // Row for each octet: bit k says that element k takes it. A row is made when its octet is first seen.
  const masks = new Uint32Array(256 * words);
  const made = new Uint8Array(256);
  const state = new Uint32Array(words);
  const last = words - 1;
  const done = 1 << ((segment.length - 1) & 31);
  for (let i = from; i < to; i++) {
    const octet = text.charCodeAt(i);
    const row = octet * words;
    if (made[octet] === 0) {
      made[octet] = 1;
      fillRow(masks, row, segment, octet);
    }
    let carry = 1;
    for (let w = 0; w < words; w++) {
      const before = state[w] ?? 0;
      state[w] = ((before << 1) | carry) & (masks[row + w] ?? 0);
      carry = before >>> 31;
    }
    if (((state[last] ?? 0) & done) !== 0) return i - segment.length + 1;
  }
  return -1;
}

/** The first offset from `from` on where the segment matches and ends at or before `to`; -1 when there is none. */
export function findSegment(text: string, from: number, to: number, segment: readonly Element[]): number {
  if (to - from < segment.length) return -1;
  if (segment.length <= SHORT) return findShort(text, from, to, segment);
  const octets = segment.filter((element) => typeof element === 'number');
  if (octets.length === segment.length) return findOctets(text, from, to, octets);
  return findClasses(text, from, to, segment);
}
