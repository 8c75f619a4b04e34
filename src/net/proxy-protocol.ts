// The header of the PROXY protocol that a connection begins with (proxy-protocol.txt of HAProxy, versions 1 and 2), in any split. Pure: octets
// are pushed until the header is whole or something is wrong with it, which is said with the octet that shows it. What is behind the header
// is not looked at.
import { Octets } from '../base/octets.ts';
import type { ProxyHeader } from './proxy-facts.ts';
import { LONGEST_V1, readProxyV1 } from './proxy-v1.ts';
import { FIXED_V2, readProxyV2, SIGNATURE_V2, wrongV2 } from './proxy-v2.ts';

export type ProxyProgress =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly rest: Buffer }
  | { readonly kind: 'refused'; readonly cause: string };

const INCOMPLETE: ProxyProgress = { kind: 'incomplete' };
const PREFIX_V1 = Buffer.from('PROXY ');
const LF = 10;

export type ProxyLikeness = 'no' | 'perhaps' | 'yes';

/** Whether octets that a connection begins with are, or may become, the beginning of a header. */
export function likeProxy(head: Buffer): ProxyLikeness {
  for (const beginning of [PREFIX_V1, SIGNATURE_V2]) {
    const length = Math.min(head.length, beginning.length);
    if (head.compare(beginning, 0, length, 0, length) === 0) {
      return length === beginning.length ? 'yes' : 'perhaps';
    }
  }
  return 'no';
}

/** Octets that likeProxy needs to be sure. */
export const PROXY_BEGINNING = SIGNATURE_V2.length;

export class ProxyReader {
  readonly #held = new Octets();

  /** The octets that came next. Not to be asked again once it has said more than 'incomplete'. */
  push(chunk: Buffer): ProxyProgress {
    this.#held.add(chunk);
    const held = this.#held.view;
    if (likeProxy(held) === 'no') return refused('no PROXY header');
    return held[0] === PREFIX_V1[0] ? readLine(held) : readBlock(held);
  }
}

function readLine(held: Buffer): ProxyProgress {
  const end = held.subarray(0, LONGEST_V1).indexOf(LF);
  if (end < 0)
    return held.length < LONGEST_V1 ? INCOMPLETE : refused(`version 1: longer than ${LONGEST_V1} octets`);
  const line = held.toString('latin1', 0, end);
  // A CR anywhere else belongs to no header.
  if (line.indexOf('\r') !== line.length - 1) return refused('version 1: does not end in CRLF');
  return done(readProxyV1(line.slice(0, -1)), held.subarray(end + 1));
}

function readBlock(held: Buffer): ProxyProgress {
  const wrong = wrongV2(held);
  if (wrong !== undefined) return refused(wrong);
  if (held.length < FIXED_V2) return INCOMPLETE;
  const length = FIXED_V2 + held.readUInt16BE(FIXED_V2 - 2);
  if (held.length < length) return INCOMPLETE;
  return done(readProxyV2(held.subarray(0, length)), held.subarray(length));
}

function done(header: ProxyHeader | string, rest: Buffer): ProxyProgress {
  return typeof header === 'string' ? refused(header) : { kind: 'header', header, rest };
}

function refused(cause: string): ProxyProgress {
  return { kind: 'refused', cause };
}
