// What OK and FAIL of Dovecot mean. OK says that the password is right and not that the user may come in: `nologin` and `proxy` take it back
// (Dovecot, "OK Does Not Mean Access Granted"). FAIL does not tell an unknown user from a wrong password. Pure.
import type { AuthAnswer, AuthRefusal } from '../../users/auth-source.ts';
import type { Fields } from './tab-fields.ts';

/** Codes of FAIL; versions before 2.3 have them as fields of their own. */
const FAILURES: Readonly<Record<string, AuthRefusal | 'temporary'>> = {
  temp_fail: 'temporary',
  temp: 'temporary',
  user_disabled: 'disabled',
  login_disabled: 'disabled',
  pass_expired: 'expired',
};

export function answerToOk({ values, twice }: Fields): AuthAnswer {
  if (values.has('nologin') || values.has('proxy')) {
    return { kind: 'refused', why: 'disabled', reason: values.get('reason') };
  }
  const user = values.get('user') ?? '';
  if (user === '' || twice.includes('user') || /[\0-\x1f\x7f]/.test(user)) {
    return { kind: 'unavailable', cause: 'Dovecot said OK without one user' };
  }
  return { kind: 'accepted', user };
}

export function answerToFail({ values }: Fields): AuthAnswer {
  const names = [values.get('code') ?? '', ...values.keys()];
  const meant = names.map((name) => (Object.hasOwn(FAILURES, name) ? FAILURES[name] : undefined));
  // Whatever else stands there: come again.
  if (meant.includes('temporary'))
    return { kind: 'unavailable', cause: 'Dovecot said that it cannot tell now' };
  const why = meant.find((one) => one !== undefined && one !== 'temporary') ?? 'mismatch';
  return why === 'expired'
    ? { kind: 'refused', why, reason: values.get('reason') }
    : { kind: 'refused', why };
}
