// Names of users before a script sees them. Pure.

/** Letters in lower case, as Dovecot has it by default. latin1: other octets stay what they are. */
export function normalised(user: string): string {
  return user.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `allowed`: the characters that names may have, option auth-username-chars; empty: all but control characters. */
export function mayBeAsked(user: string, allowed: string): boolean {
  if (user === '' || /[\x00-\x1f\x7f]/.test(user)) return false;
  if (allowed === '') return true;
  for (const character of user) if (!allowed.includes(character)) return false;
  return true;
}
