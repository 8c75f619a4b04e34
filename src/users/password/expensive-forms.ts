// Stored passwords that are made to be expensive: what form they have, and whether the work is within bounds. Whoever can write into the user
// database may be a stranger (a form to change one's password), so that what a stored text demands is never simply done. Pure.
import type { StoredPassword } from './stored-password.ts';

/** Rounds of the $5$ and $6$ forms: the largest default that programs have is 656,000. */
export const MAX_ROUNDS = 1_000_000;
export const MAX_PBKDF2_ROUNDS = 1_000_000;
/** Of bcrypt, the logarithm of its rounds: each more doubles the work, about 4 s at 15. */
export const MAX_COST = 15;
/** Of Argon2, KiB. */
export const MAX_MEMORY = 262_144;
/** Of Argon2, memory in KiB times passes: about 10 s. */
export const MAX_WORK = 2_097_152;
/** Octets of a password for the forms of crypt(3): their work grows with its square. libxcrypt has the same bound. */
export const MAX_PASSWORD = 512;
/** Octets of a password that bcrypt looks at. */
const BCRYPT_PASSWORD = 72;

export type ExpensiveForm =
  | { readonly form: 'md5-crypt'; readonly salt: Buffer; readonly text: string }
  | {
      readonly form: 'sha-crypt';
      readonly digest: '5' | '6';
      readonly rounds: number;
      readonly salt: Buffer;
      readonly text: string;
    }
  /** `text` is the whole of it; no more octets of a password than `most` count. */
  | { readonly form: 'bcrypt'; readonly text: string; readonly most: number }
  | {
      readonly form: 'argon2';
      readonly variant: 'i' | 'id' | 'd';
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
      readonly salt: Buffer;
      readonly digest: Buffer;
    }
  | { readonly form: 'pbkdf2'; readonly rounds: number; readonly salt: Buffer; readonly digest: Buffer }
  /** What a server keeps for SCRAM (RFC 5802 section 3), of which a password can be held against both keys. */
  | {
      readonly form: 'scram';
      readonly algorithm: 'sha1' | 'sha256';
      readonly rounds: number;
      readonly salt: Buffer;
      readonly storedKey: Buffer;
      readonly serverKey: Buffer;
    };

export type ReadForm =
  | { readonly kind: 'form'; readonly form: ExpensiveForm }
  | { readonly kind: 'invalid'; readonly cause: string };

const invalid = (cause: string): ReadForm => ({ kind: 'invalid', cause });
const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

const MD5 = /^\$1\$([^$]{0,64})\$([./0-9A-Za-z]{22})$/;
const SHA = /^\$([56])\$(?:rounds=(\d{1,10})\$)?([^$]{0,64})\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/;
const ARGON2 =
  /^\$argon2(i|d|id)\$v=(\d{1,3})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]{1,256})\$([A-Za-z0-9+/]{1,256})$/;
const PBKDF2 = /^\$1\$([^$]{1,256})\$(\d{1,10})\$([0-9A-Fa-f]{40})$/;

function md5(data: string): ReadForm {
  const [, salt = '', text = ''] = MD5.exec(data) ?? [];
  if (text === '') return invalid('right would be $1$SALT$ and 22 characters');
  return { kind: 'form', form: { form: 'md5-crypt', salt: octetsOf(salt), text } };
}

function sha(data: string): ReadForm {
  const [, digest, written, salt = '', text = ''] = SHA.exec(data) ?? [];
  if ((digest !== '5' && digest !== '6') || text.length !== (digest === '5' ? 43 : 86)) {
    return invalid('right would be $5$SALT$ and 43 characters, or $6$SALT$ and 86');
  }
  const rounds = Number(written ?? 5000);
  if (rounds < 1000 || rounds > MAX_ROUNDS) {
    return invalid(`it asks for ${rounds} rounds; right would be 1000 to ${MAX_ROUNDS}`);
  }
  return { kind: 'form', form: { form: 'sha-crypt', digest, rounds, salt: octetsOf(salt), text } };
}

function bcrypt(data: string): ReadForm {
  const [, written] = BCRYPT.exec(data) ?? [];
  if (written === undefined) return invalid('right would be $2y$COST$ and 53 characters');
  const cost = Number(written);
  if (cost < 4 || cost > MAX_COST) return invalid(`its cost is ${cost}; right would be 4 to ${MAX_COST}`);
  return { kind: 'form', form: { form: 'bcrypt', text: data, most: BCRYPT_PASSWORD } };
}

function argon2(data: string): ReadForm {
  const found = ARGON2.exec(data);
  const [, variant, version, m, t, p, salt = '', digest = ''] = found ?? [];
  if (variant !== 'i' && variant !== 'id' && variant !== 'd') {
    return invalid('right would be $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$DIGEST');
  }
  if (version !== '19') return invalid(`its version is ${version}; right would be v=19`);
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)];
  if (memory > MAX_MEMORY) return invalid(`it asks for ${memory} KiB; right would be at most ${MAX_MEMORY}`);
  if (passes < 1 || lanes < 1 || memory < 8 * lanes) return invalid('m, t and p do not go together');
  if (memory * passes > MAX_WORK) {
    return invalid(`m times t is ${memory * passes}; right would be at most ${MAX_WORK}`);
  }
  const octets = { salt: Buffer.from(salt, 'base64'), digest: Buffer.from(digest, 'base64') };
  if (octets.salt.length < 8 || octets.digest.length < 4) return invalid('salt or digest are too short');
  return { kind: 'form', form: { form: 'argon2', variant, memory, passes, lanes, ...octets } };
}

function pbkdf2(data: string): ReadForm {
  const [, salt = '', written, digest = ''] = PBKDF2.exec(data) ?? [];
  if (digest === '') return invalid('right would be $1$SALT$ROUNDS$ and 40 digits of hex');
  const rounds = Number(written);
  if (rounds < 1 || rounds > MAX_PBKDF2_ROUNDS) {
    return invalid(`it asks for ${rounds} rounds; right would be 1 to ${MAX_PBKDF2_ROUNDS}`);
  }
  const form = {
    form: 'pbkdf2',
    rounds,
    salt: octetsOf(salt),
    digest: Buffer.from(digest, 'hex'),
  } as const;
  return { kind: 'form', form };
}

const SCRAM = /^(\d{1,10}),([A-Za-z0-9+/]{1,256}={0,2}),([A-Za-z0-9+/]+=*),([A-Za-z0-9+/]+=*)$/;

const scram =
  (algorithm: 'sha1' | 'sha256', size: number) =>
  (data: string): ReadForm => {
    const [, written, salt = '', stored = '', server = ''] = SCRAM.exec(data) ?? [];
    const [storedKey, serverKey] = [Buffer.from(stored, 'base64'), Buffer.from(server, 'base64')];
    if (written === undefined || storedKey.length !== size || serverKey.length !== size)
      return invalid(`right would be ROUNDS,SALT,KEY,KEY in base64 with keys of ${size} octets`);
    const rounds = Number(written);
    if (rounds < 1 || rounds > MAX_PBKDF2_ROUNDS)
      return invalid(`it asks for ${rounds} rounds; right would be 1 to ${MAX_PBKDF2_ROUNDS}`);
    const form = {
      form: 'scram',
      algorithm,
      rounds,
      salt: Buffer.from(salt, 'base64'),
      storedKey,
      serverKey,
    } as const;
    return { kind: 'form', form };
  };

/** CRYPT is whatever crypt(3) of a system takes: the prefix says what. */
function crypt(data: string): ReadForm {
  if (data.startsWith('$1$')) return md5(data);
  if (data.startsWith('$5$') || data.startsWith('$6$')) return sha(data);
  if (/^\$2[aby]\$/.test(data)) return bcrypt(data);
  if (data.startsWith('$argon2')) return argon2(data);
  return invalid('this form of crypt is not supported; right would be $1$, $5$, $6$, $2a$, $2b$, $2y$');
}

const schemes: ReadonlyMap<string, (data: string) => ReadForm> = new Map([
  ['CRYPT', crypt],
  ['MD5-CRYPT', md5],
  ['SHA256-CRYPT', sha],
  ['SHA512-CRYPT', sha],
  ['BLF-CRYPT', bcrypt],
  ['ARGON2I', argon2],
  ['ARGON2ID', argon2],
  ['PBKDF2', pbkdf2],
  ['SCRAM-SHA-1', scram('sha1', 20)],
  ['SCRAM-SHA-256', scram('sha256', 32)],
]);

export const expensiveSchemes: readonly string[] = [...schemes.keys()];

/** `data` is what the stored text stands for; undefined when its scheme is none of these. */
export function readExpensive({ scheme, data }: StoredPassword): ReadForm | undefined {
  return schemes.get(scheme)?.(data);
}
