// The keys that the signatures of one message name: each name is asked for once, and a signature has one key at most (RFC 6376 6.1.2).
import { chain, type Maybe } from '../base/maybe.ts';
import type { Algorithm } from './algorithm.ts';
import { type KeyRecord, parseKeyRecord } from './key-record.ts';
import type { KeyCache, PublicKey } from './public-key.ts';
import type { TxtAnswer, TxtLookup } from './txt-lookup.ts';

export type KeyFault =
  | 'no_key'
  | 'key_revoked'
  | 'key_syntax'
  | 'key_mismatch'
  | 'key_not_for_mail'
  | 'key_strict';

export type FoundKey =
  | {
      readonly kind: 'key';
      readonly key: PublicKey & { kind: 'rsa' | 'ed25519' | 'too-big' };
      readonly isTesting: boolean;
    }
  | { readonly kind: 'unusable'; readonly fault: KeyFault; readonly isTesting: boolean }
  /** The look-up failed. */
  | { readonly kind: 'dns' };

type FoundRecord =
  | { readonly kind: 'record'; readonly record: KeyRecord }
  | { readonly kind: 'fault'; readonly fault: KeyFault }
  | { readonly kind: 'dns' };

/** Who wants a key. */
export interface KeyWish {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: Algorithm;
  /** The domain of i= is not d= itself. */
  readonly isSubdomain: boolean;
}

/** Records of a name that are looked at; where there are more, somebody plays. */
const maxRecords = 16;

export class KeyFinder {
  readonly #lookup: TxtLookup;
  readonly #cache: KeyCache;
  readonly #records = new Map<string, Maybe<FoundRecord>>();

  constructor(lookup: TxtLookup, cache: KeyCache) {
    this.#lookup = lookup;
    this.#cache = cache;
  }

  /** Starts the look-up unless it has been. */
  ask(wish: KeyWish): Maybe<FoundRecord> {
    const name = `${wish.selector}._domainkey.${wish.domain}`;
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    this.#records.set(name, found);
    return found;
  }

  find(wish: KeyWish): Maybe<FoundKey> {
    return chain(this.ask(wish), (found) => {
      switch (found.kind) {
        case 'dns':
          return found;
        case 'fault':
          return { kind: 'unusable', fault: found.fault, isTesting: false };
        case 'record':
          return this.#use(found.record, wish);
      }
    });
  }

  #find(name: string): Maybe<FoundRecord> {
    try {
      const answer = this.#lookup.txt(name);
      return answer instanceof Promise ? answer.then(keyIn, () => ({ kind: 'dns' })) : keyIn(answer);
    } catch {
      return { kind: 'dns' };
    }
  }

  #use(record: KeyRecord, { algorithm, isSubdomain }: KeyWish): FoundKey {
    const { isTesting } = record;
    const unusable = (fault: KeyFault): FoundKey => ({ kind: 'unusable', fault, isTesting });
    if (record.material === '') return unusable('key_revoked');
    if (!record.isForMail) return unusable('key_not_for_mail');
    if (record.type !== algorithm.key) return unusable('key_mismatch');
    if (record.hashes !== undefined && !record.hashes.includes(algorithm.hash))
      return unusable('key_mismatch');
    if (record.isStrict && isSubdomain) return unusable('key_strict');
    const key = this.#cache.get(algorithm.key, record.material);
    return key.kind === 'invalid' ? unusable('key_syntax') : { kind: 'key', key, isTesting };
  }
}

/** Records that are no key are passed over; of several keys it is the first. */
function keyIn(answer: TxtAnswer): FoundRecord {
  switch (answer.kind) {
    case 'failed':
      return { kind: 'dns' };
    case 'none':
      return { kind: 'fault', fault: 'no_key' };
    case 'records':
      for (const text of answer.records.slice(0, maxRecords)) {
        const record = parseKeyRecord(text);
        if (record !== undefined) return { kind: 'record', record };
      }
      return { kind: 'fault', fault: answer.records.length === 0 ? 'no_key' : 'key_syntax' };
  }
}
