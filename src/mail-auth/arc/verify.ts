// Verifies the ARC chain of a message that was taken in (RFC 8617 5.2): the newest signature over the message and all seals, in order. Then, for
// a chain that passes, from which set on the message is as it was. Nothing that a stranger sent makes it throw or reject.
import { isSigned } from '../algorithm.ts';
import { canonicalText, FieldDigest } from '../canonical-header.ts';
import type { DkimCause } from '../dkim/result.ts';
import type { VerifySetup } from '../dkim/verify.ts';
import { judgeSignature } from '../judge-signature.ts';
import type { FoundKey } from '../key-finder.ts';
import type { ReceivedMessage } from '../received.ts';
import type { Signature } from '../signature.ts';
import { keyWork, Turns } from '../turns.ts';
import type { ArcSeal, ArcSet } from './fields.ts';

export const arcResults = ['none', 'pass', 'fail'] as const;
export type ArcResultWord = (typeof arcResults)[number];

/** `temperror`: a key could not be asked for, so that it may pass later. ARC has no result of that name. */
export type ArcCause = 'ok' | 'structure' | 'temperror' | Exclude<DkimCause, 'dns'>;

export interface ArcSealer {
  readonly instance: number;
  readonly domain: string;
  readonly selector: string;
  readonly result: 'pass' | 'fail';
  /** What it recorded in ARC-Authentication-Results, behind `i=N;`. Written by a stranger: trust decides whether it means something. */
  readonly results: string;
}

export interface ArcResult {
  readonly result: ArcResultWord;
  readonly cause: ArcCause;
  /** The highest; 0 for none. */
  readonly instance: number;
  /** From the newest; empty for what is no chain. */
  readonly sealers: readonly ArcSealer[];
  /** For a chain that passes: the oldest set whose signature over the message is still right; 0 for all of them. Else undefined. */
  readonly oldestPass: number | undefined;
  /** The chain has failed, and its newest seal says so itself: nobody seals it again. */
  readonly isRecorded: boolean;
}

const noChain: ArcResult = {
  result: 'none',
  cause: 'ok',
  instance: 0,
  sealers: [],
  oldestPass: undefined,
  isRecorded: false,
};

export async function verifyArc(message: ReceivedMessage, setup: VerifySetup): Promise<ArcResult> {
  const { arc } = message;
  switch (arc.kind) {
    case 'none':
      return noChain;
    case 'broken':
      return {
        ...noChain,
        result: 'fail',
        cause: arc.cause,
        instance: arc.highest,
        isRecorded: arc.isRecorded,
      };
    case 'sets':
      return verifySets(message, arc.sets, setup);
  }
}

async function verifySets(
  message: ReceivedMessage,
  sets: readonly ArcSet[],
  setup: VerifySetup,
): Promise<ArcResult> {
  const newest = sets.at(-1);
  if (newest === undefined) return noChain;
  if (newest.message.kind === 'signature') setup.keys.ask(newest.message);
  for (const { seal } of sets) setup.keys.ask({ ...seal, isSubdomain: false });
  const turns = new Turns();
  const messageCause = await judgeMessage(message, newest, setup);
  let cause: ArcCause = messageCause;
  const sealers: ArcSealer[] = [];
  const chain = new FieldDigest('sha256');
  for (const { instance, seal, messageField, resultsField, results } of sets) {
    const before = chain.octets;
    // Each seal signs all sets up to its own; itself last, without its b= (RFC 8617 5.1.1).
    chain.add(message.headers.octets('relaxed', resultsField));
    chain.add(message.headers.octets('relaxed', messageField));
    const digest = chain.soFar(canonicalText('relaxed', seal.unsigned));
    chain.add(message.headers.octets('relaxed', seal.field));
    const sealCause = judgeSeal(seal, digest, await setup.keys.find({ ...seal, isSubdomain: false }), setup);
    if (cause === 'ok') cause = sealCause;
    const { domain, selector } = seal;
    sealers.unshift({ instance, domain, selector, result: sealCause === 'ok' ? 'pass' : 'fail', results });
    const turn = turns.done(chain.octets - before + keyWork);
    if (turn !== undefined) await turn;
  }
  return {
    result: cause === 'ok' ? 'pass' : 'fail',
    cause,
    instance: newest.instance,
    sealers,
    oldestPass: cause === 'ok' ? await oldestPass(message, sets, setup, turns) : undefined,
    isRecorded: false,
  };
}

/** From the newest but one down, until one is not right any more. */
async function oldestPass(
  message: ReceivedMessage,
  sets: readonly ArcSet[],
  setup: VerifySetup,
  turns: Turns,
): Promise<number> {
  for (const set of sets.slice(0, -1).reverse()) {
    const before = message.headers.work;
    if ((await judgeMessage(message, set, setup)) !== 'ok') return set.instance + 1;
    const turn = turns.done(message.headers.work - before + keyWork);
    if (turn !== undefined) await turn;
  }
  return 0;
}

async function judgeMessage(
  message: ReceivedMessage,
  { message: read, messageField }: ArcSet,
  setup: VerifySetup,
): Promise<ArcCause> {
  if (read.kind === 'fault') return read.fault;
  if (isExpired(read, setup)) return 'expired';
  const found = await setup.keys.find(read);
  const { cause } = judgeSignature(message, messageField, read, found, setup.minBits);
  return cause === 'dns' ? 'temperror' : cause;
}

const isExpired = ({ facts }: Signature, { now }: VerifySetup): boolean =>
  facts.expires !== undefined && facts.expires < now;

function judgeSeal(seal: ArcSeal, digest: Buffer, found: FoundKey, { minBits }: VerifySetup): ArcCause {
  switch (found.kind) {
    case 'dns':
      return 'temperror';
    case 'unusable':
      return found.fault;
    case 'key': {
      const { key } = found;
      if (key.kind === 'too-big') return 'weak_key';
      if (!isSigned(key, seal.algorithm.hash, digest, seal.signature)) return 'bad_signature';
      return key.kind === 'rsa' && key.bits < minBits ? 'weak_key' : 'ok';
    }
  }
}
