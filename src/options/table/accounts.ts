// Accounts of domains and users, as Rumble has them. Rows of option-table.ts.
import { atStart, flag, integer, type OptionSpec, text, untilRestart, word } from './option-spec.ts';

const fixed = <S extends OptionSpec>(spec: S): S => untilRestart(atStart(spec));

export const accountsOptions = {
  'rumble-database': fixed(
    text(
      '',
      'path',
      'Directory of the database of accounts (LMDB), made when it is not there: domains, users, passwords and aliases, for smtp-smart-host=accounts:, for AUTH, for smtpe accounts ' +
        'and for scripts of Rumble. Nobody else may read it. Empty: there are no accounts.',
    ),
  ),
  'rumble-storage': fixed(
    text(
      '',
      'path',
      'Directory of the mail of accounts, made when it is not there: a Maildir DOMAIN/USER for each, which an IMAP server can serve. Empty: `mail` beside rumble-database.',
    ),
  ),
  'rumble-relay': flag(
    false,
    'Mail for other domains than those of the accounts is taken with smtp-smart-host=accounts: from clients that have logged in, and from scripts, and goes to the other next hops of smtp-smart-host. So does that of accounts which are aliases to such addresses, or of type relay.',
  ),
  'rumble-password': fixed(
    word(
      'sha256',
      ['sha256', 'scrypt'],
      'How passwords of accounts are kept. sha256: as scripts give them, the SHA-256 of the password in hexadecimal digits. scrypt: what scrypt makes of that, with salt; scripts that compare digests themselves do not work then (Mailman.checkPassword does). Those that are there stay as they are.',
    ),
  ),
  'rumble-send-rate': fixed(
    integer(
      60,
      0,
      1_000_000,
      'mails',
      'Mails that a script may send in a minute by Mailman.sendMail, in each process; more gives false. 0 is no limit.',
    ),
  ),
  'rumble-read-max': fixed(
    integer(
      10_485_760,
      1024,
      1_073_741_824,
      'bytes',
      'Of a letter that is larger Mailman.readMail gives only so much of all bodies together, and says so (truncated).',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
