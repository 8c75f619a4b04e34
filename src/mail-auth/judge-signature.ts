// Whether one signature over a message is right, with the key at hand (RFC 6376 6.1.3). The same for DKIM-Signature and ARC-Message-Signature.
// A signature that is wrong is wrong, whatever its key and algorithm; only one that is right is then held against what is too weak.
import { isSigned } from './algorithm.ts';
import type { FoundKey, KeyFault } from './key-finder.ts';
import type { ReceivedMessage } from './received.ts';
import type { Signature } from './signature.ts';

export interface SignatureVerdict {
  readonly result: 'pass' | 'fail' | 'policy' | 'temperror' | 'permerror';
  readonly cause:
    | 'ok'
    | 'bad_signature'
    | 'body_changed'
    | 'length'
    | 'syntax'
    | 'limit'
    | 'weak_key'
    | 'weak_algorithm'
    | 'dns'
    | KeyFault;
  readonly bits: number | undefined;
  readonly isTesting: boolean;
  readonly unsignedBytes: number;
}

/** `field` is the number of the signature's own field. */
export function judgeSignature(
  message: Pick<ReceivedMessage, 'headers' | 'body' | 'isHeadOnly'>,
  field: number,
  signature: Signature,
  found: FoundKey,
  minBits: number,
): SignatureVerdict {
  const body = message.body.digest(signature.body);
  const verdict = (
    result: SignatureVerdict['result'],
    cause: SignatureVerdict['cause'],
    bits?: number,
  ): SignatureVerdict => ({
    result,
    cause,
    bits,
    isTesting: found.kind !== 'dns' && found.isTesting,
    unsignedBytes: body?.unsignedBytes ?? 0,
  });
  if (found.kind === 'dns') return verdict('temperror', 'dns');
  if (found.kind === 'unusable') return verdict('permerror', found.fault);
  if (body === undefined) return verdict('policy', 'limit');
  const { key } = found;
  const { bits } = key;
  if (!body.isWhole) return verdict('permerror', 'length', bits);
  if (!body.digest.equals(signature.bodyHash)) {
    // Headers without the empty line behind them have no body that anybody changed: that is no message.
    return message.isHeadOnly ? verdict('permerror', 'syntax', bits) : verdict('fail', 'body_changed', bits);
  }
  if (key.kind === 'too-big') return verdict('policy', 'weak_key', bits);
  const { headers } = message;
  const selected = headers.fields.select(signature.facts.signedHeaders, field);
  const digest = headers.digest(signature.header, signature.algorithm.hash, selected, signature.unsigned);
  if (!isSigned(key, signature.algorithm.hash, digest, signature.signature))
    return verdict('fail', 'bad_signature', bits);
  if (signature.algorithm.hash === 'sha1') return verdict('policy', 'weak_algorithm', bits);
  // The strength of an ed25519 key is not in its bits.
  if (key.kind === 'rsa' && key.bits < minBits) return verdict('policy', 'weak_key', bits);
  return verdict('pass', 'ok', bits);
}
