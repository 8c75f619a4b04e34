// What option smtp-lenient lets through: the one list that the parsers obey, that doc/reference/lenient.md is made from and that a spec tries
// row by row. Each row is something that old or careless clients send and that can be read in one way only; nobody loses a recipient, a
// sender or a promise by it. REQUIRETLS, SMTPUTF8 and an unknown BODY are never let through: dropping them would break what was asked for.

export interface LenienceSpec {
  /** A command that is refused without the option and taken with it. */
  readonly example: string;
  /** What it is, for the documentation. */
  readonly text: string;
  /** What becomes of it, for the documentation. */
  readonly effect: string;
  /** The option that refuses it even so. */
  readonly unless?: 'smtp-strict-commands' | 'rfc2821-angle-brackets';
}

export const lenienceTable = {
  noBrackets: {
    example: 'MAIL FROM:a@example.com',
    text: 'an address without angle brackets',
    effect: 'ends at the first blank',
    unless: 'rfc2821-angle-brackets',
  },
  innerBlanks: {
    example: 'MAIL FROM:< a@example.com >',
    text: 'blanks between the brackets and the address',
    effect: 'are left out',
    unless: 'rfc2821-angle-brackets',
  },
  doubleBrackets: {
    example: 'MAIL FROM:<<a@example.com>>',
    text: 'brackets around brackets, as many on either side',
    effect: 'count as one pair',
    unless: 'rfc2821-angle-brackets',
  },
  dots: {
    example: 'RCPT TO:<a..b@example.com>',
    text: 'dots at the beginning or end of a local part, or two together, without quotes',
    effect: 'are passed on as they are',
  },
  quotedPairs: {
    example: 'RCPT TO:<a\\@b@example.com>',
    text: 'a backslash in front of a character of a local part without quotes (RFC 821)',
    effect: 'is passed on as it is',
  },
  finalDot: {
    example: 'RCPT TO:<a@example.com.>',
    text: 'a dot at the end of the domain',
    effect: 'is taken off: neither the policy nor the next hop sees it',
  },
  keyword: {
    example: 'MAIL TO:<a@example.com>',
    text: 'TO: behind MAIL, FROM: behind RCPT',
    effect: 'is taken for the other',
    unless: 'smtp-strict-commands',
  },
  blankColon: {
    example: 'MAIL FROM :<a@example.com>',
    text: 'blanks in front of the colon',
    effect: 'are ignored',
    unless: 'smtp-strict-commands',
  },
  noBlank: {
    example: 'MAIL FROM:<a@example.com>SIZE=1000',
    text: 'a parameter without a blank between it and the path',
    effect: 'counts',
    unless: 'smtp-strict-commands',
  },
  dsn: {
    example: 'RCPT TO:<a@example.com> NOTIFY=NEVER',
    text: 'RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT (RFC 3461), though DSN is not offered',
    effect: 'are dropped: the next hop does not hear of them; the policy finds them in `client.input`',
    unless: 'smtp-strict-commands',
  },
  auth: {
    example: 'MAIL FROM:<a@example.com> AUTH=<>',
    text: 'AUTH of MAIL (RFC 4954), though AUTH is not offered',
    effect: 'is dropped',
    unless: 'smtp-strict-commands',
  },
  arguments: {
    example: 'RSET now',
    text: 'something behind DATA, RSET or QUIT',
    effect: 'is ignored',
    unless: 'smtp-strict-commands',
  },
} as const satisfies Record<string, LenienceSpec>;

export type LenienceName = keyof typeof lenienceTable;

/** Whether each row is let through. */
export type Lenience = Readonly<Record<LenienceName, boolean>>;

export const lenienceNames = Object.keys(lenienceTable) as readonly LenienceName[];

/** The options that decide. */
export interface LenienceOptions {
  readonly 'smtp-lenient': boolean;
  readonly 'smtp-strict-commands': boolean;
  readonly 'rfc2821-angle-brackets': boolean;
}

function choose(holds: (spec: LenienceSpec) => boolean): Lenience {
  return Object.fromEntries(lenienceNames.map((name) => [name, holds(lenienceTable[name])])) as Lenience;
}

/** Nothing: RFC 5321 as it is written. */
export const STRICT: Lenience = choose(() => false);
/** Everything in the table. */
export const LENIENT: Lenience = choose(() => true);

export function lenienceOf(options: LenienceOptions): Lenience {
  if (!options['smtp-lenient']) return STRICT;
  if (!options['smtp-strict-commands'] && !options['rfc2821-angle-brackets']) return LENIENT;
  return choose(({ unless }) => unless === undefined || !options[unless]);
}
