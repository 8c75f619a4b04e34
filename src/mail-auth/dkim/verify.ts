// Verifies the DKIM signatures of a message that was taken in (RFC 6376 6.1, 8301, 8463). Nothing that a stranger sent makes it throw or
// reject; keys are asked for all at once, and work is given turns.

import { chain, firstOf, type Maybe } from '../../base/maybe.ts';
import { judgeSignature, type SignatureVerdict } from '../judge-signature.ts';
import type { KeyFinder } from '../key-finder.ts';
import type { ReceivedMessage, ReceivedSignature } from '../received.ts';
import type { SignatureFault } from '../signature.ts';
import { keyWork, Turns } from '../turns.ts';
import type { DkimResult, DkimResultWord } from './result.ts';

export interface VerifySetup {
  readonly keys: KeyFinder;
  /** Seconds since the Epoch. */
  readonly now: number;
  /** Keys with fewer bits never pass; at least 1024 (RFC 8301 3.2; option dkim-min-bits). */
  readonly minBits: number;
}

/** What a signature that is not looked at counts for: there may be thousands. */
const faultWork = 512;

/** One result for each DKIM-Signature, from the top; at once where the keys are at hand. */
export function verifyDkim(message: ReceivedMessage, setup: VerifySetup): Maybe<DkimResult[]> {
  for (const { read } of message.signatures)
    if (read.kind === 'signature' && !isExpired(read.facts.expires, setup)) setup.keys.ask(read);
  const turns = new Turns();
  const results: DkimResult[] = [];
  const done = firstOf(message.signatures, (signature) => {
    const before = message.headers.work;
    return chain(verifyOne(message, signature, setup), (result) => {
      results.push(result);
      const more = signature.read.kind === 'signature' ? keyWork : faultWork;
      return turns.done(message.headers.work - before + more);
    });
  });
  return chain(done, () => results);
}

const isExpired = (expires: number | undefined, { now }: VerifySetup): boolean =>
  expires !== undefined && expires < now;

function verifyOne(
  message: ReceivedMessage,
  { field, read }: ReceivedSignature,
  setup: VerifySetup,
): Maybe<DkimResult> {
  const say = (
    result: DkimResultWord,
    cause: DkimResult['cause'],
    verdict?: SignatureVerdict,
  ): DkimResult => ({
    result,
    cause,
    ...read.facts,
    bits: verdict?.bits,
    testing: verdict?.isTesting ?? false,
    unsignedBytes: verdict?.unsignedBytes ?? 0,
  });
  if (read.kind === 'fault') return say(faultResult(read.fault), read.fault);
  if (isExpired(read.facts.expires, setup)) return say('policy', 'expired');
  return chain(setup.keys.find(read), (key) => {
    const verdict = judgeSignature(message, field, read, key, setup.minBits);
    return say(verdict.result, verdict.cause, verdict);
  });
}

function faultResult(fault: SignatureFault): DkimResultWord {
  return fault === 'limit' ? 'policy' : 'permerror';
}
