// Accounts as a source of log-ins (users/auth-source): a mailbox, by `user@domain` and its password. Others are none of ours, but it takes as long to say
// so. A refusal is held back by who asks (smtp-auth-delay).
import type { AuthAnswer, AuthQuestion, AuthSource, Credentials } from '../users/auth-source.ts';
import type { AccountsPort } from './place.ts';

export class AccountsLogIn implements AuthSource {
  readonly name = 'accounts';
  readonly #place: Pick<AccountsPort, 'isNamed' | 'open'>;

  constructor(place: Pick<AccountsPort, 'isNamed' | 'open'>) {
    this.#place = place;
  }

  isOn(): boolean {
    return this.#place.isNamed;
  }

  async verify({ authorize, password, user }: Credentials, { signal }: AuthQuestion): Promise<AuthAnswer> {
    const opened = await this.#place.open();
    if (opened.kind === 'none') return { kind: 'unknown' };
    if (opened.kind === 'refused') return { kind: 'unavailable', cause: opened.problem };
    const at = user.lastIndexOf('@');
    const [local, domain] = [user.slice(0, Math.max(0, at)), user.slice(at + 1)];
    const checked = await opened.accounts.checkPassword(domain, local, password, signal);
    if (checked.kind === 'failed') return { kind: 'unavailable', cause: checked.cause };
    const { account } = checked.value;
    switch (checked.value.kind) {
      case 'unavailable':
        return { kind: 'unavailable', cause: checked.value.cause };
      case 'mismatch':
        return account === undefined ? { kind: 'unknown' } : { kind: 'refused', why: 'mismatch' };
      case 'match': {
        if (account === undefined) return { kind: 'unknown' };
        const name = `${account.user}@${account.domain}`;
        // Nobody acts for another.
        const isHimself = authorize === '' || authorize.toLowerCase() === name;
        return isHimself ? { kind: 'accepted', user: name } : { kind: 'refused', why: 'mismatch' };
      }
    }
  }
}
