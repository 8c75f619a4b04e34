// How we prove to a next hop who we are: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and SCRAM-SHA-256 (RFC 7677, 5802), as what
// is answered to each challenge. Pure: no I/O, and what takes time, the derivation of a key, is asked for. A dialogue has one Mechanism.
//
// It must never answer more challenges than its mechanism has, take a server for authenticated that has not proved itself where the
// mechanism lets it, or have a secret in a text of an error.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface Credentials {
  /** UTF-8, without NUL. */
  readonly user: string;
  /** Octets, without NUL. */
  readonly password: Buffer;
}

export type Answer =
  /** Octets to be sent in base64; an empty one is sent as an empty line. */
  | { readonly kind: 'response'; readonly octets: Buffer }
  /** PBKDF2 with HMAC-SHA-256, 32 octets; then `derived`. */
  | {
      readonly kind: 'derive';
      readonly password: Buffer;
      readonly salt: Buffer;
      readonly iterations: number;
    }
  /** The other side does not keep to the mechanism. */
  | { readonly kind: 'broken'; readonly error: string };

export interface Mechanism {
  readonly name: string;
  /** Goes with the command AUTH; undefined: the first challenge is waited for. */
  readonly initial: Buffer | undefined;
  /** The answer to the next challenge. */
  challenge(octets: Buffer): Answer;
  derived(key: Buffer): Answer;
  /** Why a 235 is not to be believed now; undefined when it is. */
  readonly unproved: string | undefined;
}

/** RFC 7677 section 4 wants 4096; more than a million would keep a core busy for a second. */
const LEAST_ITERATIONS = 4096;
const MOST_ITERATIONS = 1_000_000;
const LONGEST_SALT = 1024;

/** The strongest first. */
const names = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;

/** The strongest that is offered (what stands behind AUTH in EHLO), or undefined. `nonce`: printable, without comma, unpredictable. */
export function chooseMechanism(
  offered: string,
  credentials: Credentials,
  nonce: () => string,
): Mechanism | undefined {
  const words = offered.toUpperCase().split(/[\s=]+/);
  switch (names.find((name) => words.includes(name))) {
    case 'SCRAM-SHA-256':
      return new Scram(credentials, nonce());
    case 'PLAIN':
      return new Plain(credentials);
    case 'LOGIN':
      return new Login(credentials);
    case undefined:
      return undefined;
  }
}

const broken = (error: string): Answer => ({ kind: 'broken', error });
const response = (octets: Buffer): Answer => ({ kind: 'response', octets });
const TOO_MANY = 'more challenges than the mechanism has';

class Plain implements Mechanism {
  readonly name = 'PLAIN';
  readonly initial: Buffer;
  readonly unproved = undefined;

  constructor({ user, password }: Credentials) {
    this.initial = Buffer.concat([Buffer.from(`\0${user}\0`), password]);
  }

  challenge(): Answer {
    return broken(TOO_MANY);
  }

  derived(): Answer {
    return broken(TOO_MANY);
  }
}

/** Whatever the challenges say, the first is for the user and the second for the password. */
class Login implements Mechanism {
  readonly name = 'LOGIN';
  readonly initial = undefined;
  readonly unproved = undefined;
  readonly #answers: Buffer[];

  constructor({ user, password }: Credentials) {
    this.#answers = [Buffer.from(user), password];
  }

  challenge(): Answer {
    const next = this.#answers.shift();
    return next === undefined ? broken(TOO_MANY) : response(next);
  }

  derived(): Answer {
    return broken(TOO_MANY);
  }
}

/** Without a channel binding (`n,,`): with TLS below, who is there is known by the certificate. */
class Scram implements Mechanism {
  readonly name = 'SCRAM-SHA-256';
  readonly initial: Buffer;
  unproved: string | undefined = 'the server has not proved that it knows the password';
  readonly #password: Buffer;
  readonly #nonce: string;
  readonly #bare: string;
  #state: 'first' | 'deriving' | 'final' | 'over' = 'first';
  #serverFirst = '';
  #serverNonce = '';
  #serverSignature: Buffer = Buffer.alloc(0);

  constructor({ user, password }: Credentials, nonce: string) {
    this.#password = prepared(password);
    this.#nonce = nonce;
    this.#bare = `n=${user.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
    this.initial = Buffer.from(`n,,${this.#bare}`);
  }

  challenge(octets: Buffer): Answer {
    if (this.#state === 'first') return this.#first(octets.toString('latin1'));
    if (this.#state === 'final') return this.#final(octets.toString('latin1'));
    return broken(TOO_MANY);
  }

  #first(text: string): Answer {
    const match = /^r=([!-+\--~]{1,1024}),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,.*)?$/s.exec(text);
    if (match === null) return broken('the first message of SCRAM is not understood');
    const [, nonce = '', salt = '', count = ''] = match;
    if (nonce.length <= this.#nonce.length || !nonce.startsWith(this.#nonce))
      return broken('the nonce of SCRAM is not ours');
    const iterations = Number(count);
    if (iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS)
      return broken(`${iterations} iterations of SCRAM, where 4096 to 1000000 are taken`);
    const octets = Buffer.from(salt, 'base64');
    if (octets.length > LONGEST_SALT) return broken('the salt of SCRAM is too long');
    this.#state = 'deriving';
    this.#serverFirst = text;
    this.#serverNonce = nonce;
    return { kind: 'derive', password: this.#password, salt: octets, iterations };
  }

  derived(salted: Buffer): Answer {
    if (this.#state !== 'deriving') return broken(TOO_MANY);
    this.#state = 'final';
    const withoutProof = `c=biws,r=${this.#serverNonce}`;
    const all = `${this.#bare},${this.#serverFirst},${withoutProof}`;
    // The user's name may be UTF-8; what the server said is octets.
    const message = Buffer.concat([
      Buffer.from(`${this.#bare},`),
      Buffer.from(all.slice(this.#bare.length + 1), 'latin1'),
    ]);
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
    const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0)));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message);
    return response(Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'latin1'));
  }

  #final(text: string): Answer {
    this.#state = 'over';
    const match = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/s.exec(text);
    if (match === null)
      return broken(
        /^e=[\w-]{1,60}/.exec(text)?.[0].slice(2) ?? 'the last message of SCRAM is not understood',
      );
    const signature = Buffer.from(match[1] ?? '', 'base64');
    const right = signature.length === this.#serverSignature.length;
    if (!right || !timingSafeEqual(signature, this.#serverSignature))
      return broken('the server does not know the password: it is not the one it says it is');
    this.unproved = undefined;
    return response(Buffer.alloc(0));
  }
}

function hmac(key: Buffer, message: string | Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

/** As SASLprep has it for what people have as passwords: composed and without compatibility forms; what is no UTF-8 stays. */
function prepared(password: Buffer): Buffer {
  const text = password.toString('utf8');
  return Buffer.from(text).equals(password) ? Buffer.from(text.normalize('NFKC')) : password;
}
