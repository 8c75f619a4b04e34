// Passwords of accounts. Scripts store the SHA-256 of one as 64 hexadecimal digits; with rumble-password=scrypt what is kept is made of that by scrypt
// with salt, `scrypt$LOG2N$R$P$SALT$HASH` in base64, which costs who has got hold of the database a thousand times more for each guess.
//
// Must never write a password anywhere, or take less time because a name is unknown.
import { createHash, randomBytes, scrypt } from 'node:crypto';
import { Turns } from '../base/turns.ts';
import { sameOctets, sameSecret } from '../users/password/same.ts';

/** 16 MiB and some 50 ms of a thread for each. */
const LOG2_N = 14;
const R = 8;
const P = 1;
const SALT = 16;
const HASH = 32;
const MAX_MEMORY = 64 * 1024 * 1024;
/** At a time; each has a thread and memory. */
const AT_ONCE = 2;
const MAX_WAITING = 200;

export type PasswordScheme = 'sha256' | 'scrypt';
export type PasswordAnswer =
  | { readonly kind: 'match' | 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string };

interface Form {
  readonly log2n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORM =
  /^scrypt\$(1[0-6])\$([1-9]|1\d|2[0-4])\$([1-4])\$([A-Za-z0-9+/=]{8,88})\$([A-Za-z0-9+/=]{24,128})$/;

function readForm(stored: string): Form | undefined {
  const [, log2n, r, p, salt, hash] = FORM.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return {
    ...{ log2n: Number(log2n), r: Number(r), p: Number(p) },
    ...{ salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') },
  };
}

/** What scripts store. `password`: latin1. */
export const digestOf = (password: string): string =>
  createHash('sha256').update(password, 'latin1').digest('hex');

const derive = (digest: string, { hash, log2n, p, r, salt }: Form): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const cost = { N: 2 ** log2n, r, p, maxmem: MAX_MEMORY };
    scrypt(Buffer.from(digest, 'latin1'), salt, hash.length, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });

/** For a name that nobody has: it costs what another one costs. */
const nobody: Form = {
  ...{ log2n: LOG2_N, r: R, p: P },
  ...{ salt: Buffer.alloc(SALT), hash: Buffer.alloc(HASH) },
};

export class Passwords {
  readonly #turns = new Turns(AT_ONCE);
  readonly #scheme: PasswordScheme;
  #waiting = 0;

  constructor(scheme: PasswordScheme) {
    this.#scheme = scheme;
  }

  /** What is kept of `given`, the digest of a password, or what was kept before and comes back. Rejects when it cannot be made now. */
  async kept(given: string): Promise<string> {
    // Without one nobody logs in.
    if (this.#scheme === 'sha256' || given === '' || readForm(given) !== undefined) return given;
    const form: Form = { ...nobody, salt: randomBytes(SALT) };
    const key = await this.#turns.take(new AbortController().signal, () => derive(given, form));
    const parts = [LOG2_N, R, P, form.salt.toString('base64'), key.toString('base64')];
    return `scrypt$${parts.join('$')}`;
  }

  /** Whether it is the password of whom `stored` is; undefined: of nobody. Never rejects. */
  async verify(stored: string | undefined, password: string, signal: AbortSignal): Promise<PasswordAnswer> {
    const digest = digestOf(password);
    const form = stored === undefined ? undefined : readForm(stored);
    if (form === undefined && (stored !== undefined || this.#scheme === 'sha256')) {
      const isSame = sameSecret(Buffer.from(stored ?? '', 'latin1'), Buffer.from(digest, 'latin1'));
      return { kind: isSame ? 'match' : 'mismatch' };
    }
    if (this.#waiting >= MAX_WAITING)
      return { kind: 'unavailable', cause: `${MAX_WAITING} passwords are being checked` };
    this.#waiting++;
    try {
      const wanted = form ?? nobody;
      const key = await this.#turns.take(signal, () => derive(digest, wanted));
      return { kind: form !== undefined && sameOctets(key, wanted.hash) ? 'match' : 'mismatch' };
    } catch {
      return { kind: 'unavailable', cause: 'it cannot be checked now' };
    } finally {
      this.#waiting--;
    }
  }
}
