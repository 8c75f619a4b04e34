// Who may log in and which recipients there are, in a case: what its test has said, in the place of a user database (options auth-script,
// smtp-auth-dovecot, rcpt-userdb).
//
// It must never say anything about somebody of whom the test says nothing: that fails the case.
import { lowerAscii } from '../base/ascii.ts';
import { asksUserdb } from '../users/asks-userdb.ts';
import type { AuthAnswer, AuthSource } from '../users/auth-source.ts';
import type { RecipientAnswer, RecipientSource } from '../users/recipient-source.ts';
import type { Fakes, UserFake } from './fakes.ts';
import { quoted } from './lua-text.ts';
import type { CaseRecord } from './record.ts';

const NOBODY_SAYS = 'no fake answers it';

export class CaseUsers {
  readonly authSource: AuthSource;
  readonly recipientSource: RecipientSource;
  readonly #fakes: Fakes;
  readonly #record: CaseRecord;

  /** `recorded`: what a recording says of recipients, instead of a test. */
  constructor(fakes: Fakes, record: CaseRecord, recorded?: (address: string) => RecipientAnswer | undefined) {
    this.#fakes = fakes;
    this.#record = record;
    this.authSource = {
      name: 't.users',
      isOn: (values) =>
        values['auth-script'] !== '' || values['smtp-auth-dovecot'] !== '' || !fakes.users.isEmpty,
      verify: ({ password, user }) => Promise.resolve(this.#verify(user, password)),
    };
    this.recipientSource = {
      name: 't.users',
      isOn: (values) => recorded !== undefined || values['rcpt-userdb'],
      look: (question) =>
        recorded?.(question.address) ??
        (asksUserdb(question) ? this.#look(question.address) : { kind: 'foreign' }),
    };
  }

  /** `sample`: what would be there, for the line to paste. */
  #find(name: string, sample: string): UserFake | undefined {
    const { users } = this.#fakes;
    const fake = users.find(lowerAscii(name)) ?? users.usual;
    if (fake === undefined)
      this.#record.missing(`who ${name} is`, `t.users { [${quoted(name)}] = ${sample} }`);
    return fake;
  }

  #verify(name: string, password: string): AuthAnswer {
    const fake = this.#find(name, quoted(password));
    switch (fake?.kind) {
      case undefined:
        return { kind: 'unavailable', cause: NOBODY_SAYS };
      case 'unavailable':
        return { kind: 'unavailable', cause: 't.timeout' };
      case 'unknown':
        return { kind: 'unknown' };
      case 'user':
        if (fake.password !== password) return { kind: 'refused', why: 'mismatch' };
        return fake.isDisabled
          ? { kind: 'refused', why: 'disabled' }
          : { kind: 'accepted', user: name, fields: fake.fields };
    }
  }

  #look(address: string): RecipientAnswer {
    const fake = this.#find(address, 'true');
    switch (fake?.kind) {
      case undefined:
        return { kind: 'unavailable', cause: NOBODY_SAYS };
      case 'unavailable':
        return { kind: 'unavailable', cause: 't.timeout' };
      case 'unknown':
        return { kind: 'unknown' };
      case 'user':
        return { kind: 'known', maildir: fake.maildir };
    }
  }
}
