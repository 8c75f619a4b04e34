// Where the mail of a user lies, as a userdb says it (Dovecot's mail_location): `maildir:PATH`, with `:KEY=VALUE` for what only readers need. Pure.
import { isAbsolute, normalize } from 'node:path';

/** The absolute path of a Maildir; undefined: it is not said, or is none that smtpe can deliver into. `~/` and `%h` are the `home` of the user. */
export function maildirOf(fields: ReadonlyMap<string, string>): string | undefined {
  const [, location] = /^maildir:([^:]+)/i.exec(fields.get('mail') ?? '') ?? [];
  if (location === undefined || location.includes('\0')) return undefined;
  const home = fields.get('home') ?? '';
  const path = location.replace(/^(?:~|%h)(?=\/|$)/, isAbsolute(home) ? home : '%h');
  // Other variables are Dovecot's to know.
  return isAbsolute(path) && !path.includes('%') ? normalize(path) : undefined;
}
