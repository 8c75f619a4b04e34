// AUTH: who knows users and passwords, and what a guesser may do. Rows of option-table.ts.
import { integer, type OptionSpec, seconds, text } from './option-spec.ts';

export const logInOptions = {
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
