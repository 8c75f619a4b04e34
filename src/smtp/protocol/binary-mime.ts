// A message that is no lines of text (BINARYMIME, RFC 3030 section 3): how one is known, and what is said where it cannot go. It is never made
// lines of: nobody could make it what it was again. Pure.
import type { MailParameters } from './parameters.ts';

export function isBinaryMime(parameters: MailParameters | undefined): boolean {
  return parameters?.BODY === 'BINARYMIME';
}

/** Of a next hop that does not offer it and CHUNKING, or is not sent chunks. */
export const BINARY_MESSAGE = { code: 554, text: '554 5.6.3 the next hop does not take BINARYMIME' } as const;
