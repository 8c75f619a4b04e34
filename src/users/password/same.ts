// Comparison that takes as long whatever is wrong.
import { hash, timingSafeEqual } from 'node:crypto';

/** Whether both have the same octets; the time tells nothing of where they differ. */
export function sameOctets(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether two secrets of any length are the same; the time does not tell the length of the other either. */
export function sameSecret(a: Buffer, b: Buffer): boolean {
  const digest = (octets: Buffer): Buffer => hash('sha256', octets, 'buffer');
  return timingSafeEqual(digest(a), digest(b)) && a.length === b.length;
}
