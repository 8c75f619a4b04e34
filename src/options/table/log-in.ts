// AUTH: who knows users and passwords, and what a guesser may do. Rows of option-table.ts.
import { atStart, flag, forListener, integer, type OptionSpec, seconds, text } from './option-spec.ts';

export const logInOptions = {
  'auth-script': forListener(
    atStart(
      text(
        '',
        'any',
        'Lua scripts as Dovecot has them for authentication (doc/dovecot.md): AUTH is offered, and each is a passdb, asked in this order; hook.auth may still refuse. Separated by blanks.',
      ),
    ),
  ),
  'auth-script-settings': atStart(
    text('', 'any', 'What script_init of an auth-script gets: words `key=value`, a table in Lua.'),
  ),
  'auth-username-chars': text(
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@',
    'any',
    'Characters that a name may have which an auth-script is asked about; others are unknown without asking. Empty: all but control characters.',
  ),
  'rcpt-userdb': flag(
    false,
    'Recipients are asked about in auth_userdb_lookup of the auth-scripts: who is unknown there gets 550 5.1.1.',
  ),
  'rcpt-userdb-domains': text(
    '',
    'any',
    'Domains whose recipients rcpt-userdb asks about, separated by blanks. Empty: all recipients of clients that have not logged in.',
  ),
  'smtp-auth-dovecot': text(
    '',
    'path',
    'The auth socket of Dovecot (doc/submission.md), such as /run/dovecot/auth-client: AUTH is offered, and checked by Dovecot; hook.auth may still refuse. Empty: hook.auth alone decides, and AUTH is offered when it exists.',
  ),
  'smtp-auth-timeout': seconds(
    30,
    'Waiting for the answer of smtp-auth-dovecot; then 454. Dovecot makes a client that guesses wait up to 17 s.',
  ),
  'smtp-auth-delay': integer(
    2000,
    0,
    60_000,
    'ms',
    'A refused AUTH is answered not before so much time has passed since it was asked: who guesses loses time, and does not learn from it whether the user exists.',
  ),
  'limit-auth': integer(
    5,
    0,
    1000,
    'log-ins',
    'Refused log-ins of a session (5xx to AUTH); at the next AUTH 421. 0 is no limit.',
  ),
} as const satisfies Record<string, OptionSpec>;
