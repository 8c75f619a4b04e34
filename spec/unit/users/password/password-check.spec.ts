// Stored passwords against passwords. The crypt forms are the published examples of "Unix crypt using SHA-256 and SHA-512" and what crypt(3)
// of libxcrypt gave; the rest was made by `doveadm pw`. spec/real/password-schemes.spec.ts asks the two again.
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import {
  MAX_COST,
  MAX_MEMORY,
  MAX_PBKDF2_ROUNDS,
  MAX_ROUNDS,
} from '../../../../src/users/password/expensive-forms.ts';
import {
  PasswordCheck,
  passwordSchemes,
  verdictText,
} from '../../../../src/users/password/password-check.ts';

const check = new PasswordCheck(systemClock);
afterAll(() => check.close());
const alive = new AbortController().signal;
const kindOf = async (stored: string, password: string) => (await check.verify(stored, password, alive)).kind;

const longText = 'a very much longer text to encrypt.  This one even stretches over morethan one line.';

describe('a password that is the stored one', () => {
  it.each([
    ['secret', 'secret'],
    ['{PLAIN}secret', 'secret'],
    ['{plain}sec ret', 'sec ret'],
    ['{CLEARTEXT}secret', 'secret'],
    ['{CLEAR}s\xe9cret', 's\xe9cret'],
    ['{PLAINsecret', '{PLAINsecret'],
    ['{PLAIN.B64}c2VjcmV0', 'secret'],
    ['{PLAIN.HEX}736563726574', 'secret'],
    ['{PLAIN}{SHA}x', '{SHA}x'],
    ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'secret'],
    ['{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ', 'secret'],
    ['{SHA.HEX}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4', 'secret'],
    ['{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4', 'secret'],
    ['{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=', 'secret'],
    [
      '{SHA512.HEX}bd2b1aaf7ef4f09be9f52ce2d8d599674d81aa9d6a4421696dc4d93dd0619d682ce56b4d64a9ef097761ced99e0f67265b5f76085e5b0ee7ca4696b2ad6fe2b2',
      'secret',
    ],
    ['{SSHA}nzXdOpLtr1VycwlNiTRtCLLE/DcL0TT6', 'secret'],
    ['{SSHA.HEX}6b0e70a9f8744e79f90ede34264480ee6f57ee85a3239610', 'secret'],
    ['{SSHA256}4VcIAgSowAx6bCfnLxSW8fT9kCruUESk49QWOr39bl1bw0gt', 'secret'],
    [
      '{SSHA512}P+imA/U29lDWE1oYpOo0okSwVnKh8WlRvuPWvSy0FHpwtT+oDeNqR6jOyWNHO/ZRqfqyweGMOzFG45eRUytx3ywgQtw=',
      'secret',
    ],
    ['{SMD5}/v2TYDLjAxVfFkQLAacY1DEIlPo=', 'secret'],
    ['{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69', 'secret'],
    ['{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', 'secret'],
    ['{LDAP-MD5.HEX}5ebe2294ecd0e0f08eab7690d2a6ee69', 'secret'],
    ['{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69', 'secret'],
    ['{MD5}$1$saltsalt$9xy1btjgzLYfb7hivXtC//', 'secret'],
    [`{MD5.HEX}2431247361${Buffer.from('ltsalt$9xy1btjgzLYfb7hivXtC//').toString('hex')}`, 'secret'],
    ['{CRYPT}$1$a$zN1d.eicivKo9Ipjde.Xc1', 'x'.repeat(70)],
    ['{MD5-CRYPT}$1$abcdefgh$M55TzYaaccxVGbptZWaxX/', ''],
    ['{SHA256-CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    [
      '{CRYPT}$5$rounds=10000$saltstringsaltstring$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
      'Hello world!',
    ],
    [
      '{CRYPT}$5$rounds=5000$toolongsaltstring$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5',
      'This is just a test',
    ],
    ['{CRYPT}$5$rounds=1400$anotherlongsaltstring$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1', longText],
    ['{CRYPT}$5$s$u9jS/E6rlpZoj8KCMVhpLKJh2MrO5hc9UBdfKCcvVU7', ''],
    [
      '{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    [
      '{CRYPT}$6$rounds=10000$saltstringsaltstring$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
      'Hello world!',
    ],
    [
      '{CRYPT}$6$rounds=1400$anotherlongsaltstring$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
      longText,
    ],
    [
      '{CRYPT}$6$rounds=1000$q$vylBKmz2y1t47FEjGaX0qARwD81MEkv0bXVT1LgvigzvkdCvbYHeGXJ1SKVLCf4ugQFD8AnPk26Id47MPra.G0',
      'p'.repeat(100),
    ],
    ['{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a', 'secret'],
    // What is behind the 72nd octet does not count. libxcrypt was given UTF-8.
    [
      '{CRYPT}$2y$04$abcdefghijklmnopqrstuuKiIlCeXB6chNXkLyAo8C7XcLPzh6zUe',
      Buffer.from('é'.repeat(80)).toString('latin1'),
    ],
    ['{CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    [
      '{SCRAM-SHA-1}4096,ENKHzJZApaB/re87BAqDEQ==,MCzdigOhc27JzJfLOdBue27a93g=,WFJZx3IplvbcH46DrN8RGtT0qeY=',
      'secret',
    ],
    [
      '{SCRAM-SHA-256}4096,Tdt9BzzUnVxuaMwHMFkJ+A==,mrk1WHJbTz/q2AkHNJaXLRkIp8UZh0Nf0AWtapSfpLM=,RjTzL24MSwIplQsi8ukNYvj08bwJ2WI2JMon2G4Agms=',
      'secret',
    ],
    ['{PBKDF2}$1$dHeiI4nbZ1soroQT$5000$27e00150c2179ba31f075d18733fbc644bcf3ae3', 'secret'],
    [
      '{ARGON2ID}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
      'password',
    ],
  ])('%s', async (stored, password) => {
    expect(await check.verify(stored, password, alive)).toEqual({ kind: 'match' });
    expect(await kindOf(stored, `${password.slice(0, 60)}x`)).toBe('mismatch');
    expect(await kindOf(stored, password.slice(1))).toBe(password === '' ? 'match' : 'mismatch');
  });
});

describe('what is stored wrongly lets nobody in', () => {
  it.each([
    ['{FOO}secret', 'Unknown scheme FOO'],
    ['{}secret', 'Unknown scheme '],
    ['{SHA.XYZ}secret', 'Unknown scheme SHA.XYZ'],
    ['{CRAM-MD5}0123', 'Unknown scheme CRAM-MD5'],
    ['{DES-CRYPT}yX6cEbTCZdIAs', 'Unknown scheme DES-CRYPT'],
    ['{SHA}!!!', "Password data is not valid for scheme SHA: Input isn't valid base64 encoded data"],
    ['{SHA.HEX}zz', "Password data is not valid for scheme SHA: Input isn't valid HEX encoded data"],
    ['{PLAIN.HEX}abc', "Password data is not valid for scheme PLAIN: Input isn't valid HEX encoded data"],
    ['{SHA}', 'Password data is not valid for scheme SHA: it has 0 octets, and not 20'],
    ['{SSHA}c2hvcnQ=', 'Password data is not valid for scheme SSHA: it has 5 octets, and not 20 or more'],
    ['{CRYPT}yX6cEbTCZdIAs', /this form of crypt is not supported; right would be \$1\$/],
    ['{CRYPT}', /this form of crypt is not supported/],
    ['{CRYPT}$y$j9T$abc$def', /this form of crypt is not supported/],
    ['{MD5-CRYPT}$1$salt$short', /right would be \$1\$SALT\$ and 22 characters/],
    ['{SHA512-CRYPT}$5$salt$x', /right would be \$5\$SALT/],
    [
      `{CRYPT}$5$rounds=${MAX_ROUNDS + 1}$s$${'a'.repeat(43)}`,
      `Password data is not valid for scheme CRYPT: it asks for ${MAX_ROUNDS + 1} rounds; right would be 1000 to ${MAX_ROUNDS}`,
    ],
    [`{CRYPT}$5$rounds=9999999999$s$${'a'.repeat(43)}`, /it asks for 9999999999 rounds/],
    [`{CRYPT}$5$rounds=10$s$${'a'.repeat(43)}`, /it asks for 10 rounds/],
    [`{BLF-CRYPT}$2y$31$${'a'.repeat(53)}`, new RegExp(`its cost is 31; right would be 4 to ${MAX_COST}`)],
    ['{BLF-CRYPT}$2y$05$short', /right would be \$2y\$COST\$ and 53 characters/],
    [
      '{ARGON2ID}$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$nf65EOgLrQMR',
      new RegExp(`it asks for 4194304 KiB; right would be at most ${MAX_MEMORY}`),
    ],
    ['{ARGON2ID}$argon2id$v=19$m=65536,t=99999,p=1$c29tZXNhbHQ$nf65EOgLrQMR', /m times t is 6553534464/],
    ['{ARGON2ID}$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR', /its version is 16/],
    ['{ARGON2ID}$argon2id$v=19$m=8,t=1,p=4$c29tZXNhbHQ$nf65EOgLrQMR', /do not go together/],
    ['{ARGON2I}secret', /right would be \$argon2id/],
    [
      `{PBKDF2}$1$salt$${MAX_PBKDF2_ROUNDS + 1}$${'0'.repeat(40)}`,
      new RegExp(`right would be 1 to ${MAX_PBKDF2_ROUNDS}`),
    ],
    [
      `{SCRAM-SHA-256}${MAX_PBKDF2_ROUNDS + 1},c2FsdA==,mrk1WHJbTz/q2AkHNJaXLRkIp8UZh0Nf0AWtapSfpLM=,RjTzL24MSwIplQsi8ukNYvj08bwJ2WI2JMon2G4Agms=`,
      new RegExp(`right would be 1 to ${MAX_PBKDF2_ROUNDS}`),
    ],
    [
      '{SCRAM-SHA-256}4096,c2FsdA==,MCzdigOhc27JzJfLOdBue27a93g=,WFJZx3IplvbcH46DrN8RGtT0qeY=',
      /keys of 32 octets$/,
    ],
    ['{SCRAM-SHA-1}4096', /right would be ROUNDS,SALT,KEY,KEY in base64 with keys of 20 octets/],
    ['{PBKDF2}$2$salt$1000$00', /right would be \$1\$SALT\$ROUNDS/],
  ])('%s', async (stored, message) => {
    for (const password of ['secret', '', stored, stored.replace(/^\{[^}]*\}/, '')]) {
      const verdict = await check.verify(stored, password, alive);
      expect(['unknown-scheme', 'invalid']).toContain(verdict.kind);
      expect(verdictText(verdict)).toEqual(
        typeof message === 'string' ? message : expect.stringMatching(message),
      );
    }
  });

  it('an empty stored password is the empty password, in every scheme none other', async () => {
    expect(await kindOf('', 'secret')).toBe('mismatch');
    for (const scheme of passwordSchemes)
      expect(await kindOf(`{${scheme}}`, 'secret'), scheme).not.toBe('match');
  });
});

describe('what is expensive', () => {
  const slow = '{CRYPT}$5$rounds=10000$saltstringsaltstring$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA';

  it('lets the event loop come round meanwhile', async () => {
    let turns = 0;
    let over = false;
    const turn = (): void => {
      turns++;
      if (!over) setImmediate(turn);
    };
    turn();
    const verdict = await check.verify(slow, 'Hello world!', alive);
    over = true;
    expect(verdict.kind).toBe('match');
    expect(turns).toBeGreaterThan(2);
  });

  it('is not begun, and not ended, for a client that is gone', async () => {
    const gone = new AbortController();
    const first = check.verify(slow, 'x', gone.signal);
    const second = check.verify(slow, 'x', gone.signal);
    const third = check.verify('{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//', 'secret', alive);
    gone.abort();
    expect(await Promise.all([first, second, third])).toEqual([
      { kind: 'unavailable', cause: 'the client is gone' },
      { kind: 'unavailable', cause: 'the client is gone' },
      { kind: 'match' },
    ]);
  });

  it('is refused when too many wait, and goes on afterwards', async () => {
    const other = new PasswordCheck(systemClock);
    const md5 = '{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//';
    const gone = Array.from({ length: 200 }, () => new AbortController());
    const waiting = gone.map(({ signal }) => other.verify(md5, 'x', signal));
    expect(other.verify(md5, 'secret', alive)).toEqual({
      kind: 'unavailable',
      cause: '200 passwords are being checked',
    });
    for (const one of gone) one.abort();
    await Promise.all(waiting);
    expect(await other.verify(md5, 'secret', alive)).toEqual({ kind: 'match' });
  });

  it('never works on a password without a bound', async () => {
    const verdict = await check.verify(
      '{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//',
      'x'.repeat(100_000),
      alive,
    );
    expect(verdict).toEqual({ kind: 'mismatch' });
  });

  it('goes on when its thread is closed', async () => {
    const other = new PasswordCheck(systemClock);
    const stored = '{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
    const cut = other.verify(stored, 'secret', alive);
    // Its turn comes first, then the thread is there.
    await Promise.resolve();
    other.close();
    expect(await cut).toEqual({ kind: 'unavailable', cause: 'the process ends' });
    expect(await other.verify(stored, 'secret', alive)).toEqual({ kind: 'match' });
    other.close();
  });
});
