// Whether a password is the stored one. What is cheap is answered at once; what is expensive waits for its turn, one at a time, so that any
// number of log-ins costs others at most one processor and the event loop never more than a few milliseconds in a row.
//
// Must never write a password, or the stored one, anywhere: causes are about form and size only.
import type { Clock } from '../../base/clock.ts';
import type { Maybe } from '../../base/maybe.ts';
import { Turns } from '../../base/turns.ts';
import { checkDigest, digestSchemes } from './digest-schemes.ts';
import { type ExpensiveForm, expensiveSchemes, MAX_PASSWORD, readExpensive } from './expensive-forms.ts';
import { HashThread, type ThreadForm } from './hash-thread.ts';
import { md5Crypt } from './md5-crypt.ts';
import { sameOctets, sameSecret } from './same.ts';
import { shaCrypt } from './sha-crypt.ts';
import { decodeData, readStored, type StoredPassword } from './stored-password.ts';

export type PasswordVerdict =
  | { readonly kind: 'match' }
  | { readonly kind: 'mismatch' }
  /** `{scheme}` is none of ours. */
  | { readonly kind: 'unknown-scheme'; readonly scheme: string }
  /** What is stored is not what its scheme wants, or wants more work than is done for anybody. */
  | { readonly kind: 'invalid'; readonly scheme: string; readonly cause: string }
  /** It could not be checked now. */
  | { readonly kind: 'unavailable'; readonly cause: string };

const plainSchemes: ReadonlySet<string> = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT']);

/** All that `{SCHEME}` may be, in capitals; each may have `.HEX` or `.B64` behind it. */
export const passwordSchemes: readonly string[] = [
  ...plainSchemes,
  ...digestSchemes,
  'MD5',
  ...expensiveSchemes,
].sort();

/** Milliseconds of the event loop in a row. */
const SLICE = 2;
/** Checks that wait for their turn; each has a client that waits. */
const MAX_WAITING = 200;

/** The scheme MD5 of old databases is the $1$ form or a plain digest, by how the data looks. */
function sorted(stored: StoredPassword): StoredPassword {
  if (stored.scheme !== 'MD5') return stored;
  const decoded = decodeData(stored.data, stored.encoding ?? 'none');
  const data = decoded.kind === 'octets' ? decoded.octets.toString('latin1') : '';
  return data.startsWith('$1$')
    ? { scheme: 'MD5-CRYPT', encoding: undefined, data }
    : { ...stored, scheme: 'LDAP-MD5' };
}

export class PasswordCheck {
  readonly #clock: Clock;
  readonly #turns = new Turns(1);
  readonly #thread: HashThread;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#thread = new HashThread(clock);
  }

  /** `stored` and `password`: latin1, one character an octet. When the signal aborts a check that waits for its turn is not begun; what it gives then nobody needs. Never rejects. */
  verify(stored: string, password: string, signal: AbortSignal): Maybe<PasswordVerdict> {
    const read = sorted(readStored(stored));
    const { scheme } = read;
    const secret = Buffer.from(password, 'latin1');
    if (plainSchemes.has(scheme)) {
      const decoded = decodeData(read.data, read.encoding ?? 'none');
      if (decoded.kind === 'invalid') return { ...decoded, scheme };
      return { kind: sameSecret(decoded.octets, secret) ? 'match' : 'mismatch' };
    }
    const digest = checkDigest(read, secret);
    if (digest !== undefined) return digest.kind === 'invalid' ? { ...digest, scheme } : digest;
    return this.#expensive(read, secret, signal);
  }

  close(): void {
    this.#thread.close();
  }

  #expensive(read: StoredPassword, secret: Buffer, signal: AbortSignal): Maybe<PasswordVerdict> {
    const { scheme } = read;
    const decoded = decodeData(read.data, read.encoding ?? 'none');
    if (decoded.kind === 'invalid') return { ...decoded, scheme };
    const form = readExpensive({ ...read, data: decoded.octets.toString('latin1') });
    if (form === undefined) return { kind: 'unknown-scheme', scheme };
    if (form.kind === 'invalid') return { ...form, scheme };
    if (secret.length > MAX_PASSWORD) return { kind: 'mismatch' };
    if (this.#waiting >= MAX_WAITING) {
      return { kind: 'unavailable', cause: `${MAX_WAITING} passwords are being checked` };
    }
    return this.#inTurn(form.form, secret, signal);
  }

  async #inTurn(form: ExpensiveForm, secret: Buffer, signal: AbortSignal): Promise<PasswordVerdict> {
    this.#waiting++;
    try {
      return await this.#turns.take(signal, () => this.#work(form, secret, signal));
    } catch {
      return { kind: 'unavailable', cause: 'the client is gone' };
    } finally {
      this.#waiting--;
    }
  }

  async #work(form: ExpensiveForm, secret: Buffer, signal: AbortSignal): Promise<PasswordVerdict> {
    switch (form.form) {
      case 'md5-crypt':
        return this.#compare(md5Crypt(secret, form.salt), form.text, signal);
      case 'sha-crypt':
        return this.#compare(shaCrypt(form.digest, secret, form.salt, form.rounds), form.text, signal);
      default:
        return this.#thread.check(form satisfies ThreadForm, secret);
    }
  }

  /** Rejects when the signal aborts. */
  async #compare(
    work: Generator<undefined, string>,
    wanted: string,
    signal: AbortSignal,
  ): Promise<PasswordVerdict> {
    for (;;) {
      const end = this.#clock.monotonic() + SLICE;
      do {
        const step = work.next();
        if (step.done === true) {
          const same = sameOctets(Buffer.from(step.value, 'latin1'), Buffer.from(wanted, 'latin1'));
          return { kind: same ? 'match' : 'mismatch' };
        }
      } while (this.#clock.monotonic() < end);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
  }
}

/** What to tell whoever has stored it; undefined for a match. Without the stored text and the password. */
export function verdictText(verdict: PasswordVerdict): string | undefined {
  switch (verdict.kind) {
    case 'match':
      return undefined;
    case 'mismatch':
      return 'Password mismatch';
    case 'unknown-scheme':
      return `Unknown scheme ${verdict.scheme}`;
    case 'invalid':
      return `Password data is not valid for scheme ${verdict.scheme}: ${verdict.cause}`;
    case 'unavailable':
      return verdict.cause;
  }
}
