// The ESMTP extensions (RFC 5321 section 2.2), one row each: to whom EHLO says what, which parameters of MAIL and RCPT it brings, what of them
// goes on to a next hop that offers it. EHLO and HELP, the parser of parameters, the client's commands and doc/reference/extensions.md are
// made from it; nothing else names an extension to a peer. EHLO has them in the order of the rows, parameters are written in the reverse one:
// SIZE, which a next hop may refuse by, stands first behind the path. Pure.
import { readEnvid, readNotify, readOrcpt, readRet } from './dsn.ts';
import type { LenienceName } from './lenience.ts';
import { isXtext } from './xtext.ts';

/** Those that may be announced while the next hops offer them. */
export type NextHopName = 'SMTPUTF8' | 'DSN';

/** Whether an extension is announced: never, always, or while the next hops offer it. */
export type Announcement = '-' | '+' | 'auto';

/** What decides what is offered to a client, and now. */
export interface OfferFacts {
  readonly values: {
    readonly 'smtp-xclient': boolean;
    readonly 'rfc2920-pipelining-enable': boolean;
    readonly 'smtp-max-size': number;
    readonly 'smtp-tls': string;
    readonly 'smtp-tls-auth-only': boolean;
    readonly 'smtp-chunking': boolean;
    readonly 'smtp-binarymime': boolean;
    readonly 'smtp-utf8': Announcement;
    readonly 'smtp-dsn': Announcement;
    readonly 'smtp-limits': boolean;
    readonly 'limit-recipients': number;
    readonly 'smtp-requiretls': boolean;
    readonly 'smtp-forward-tls': string;
  };
  /** The peer may use XCLIENT. */
  readonly trusted: boolean;
  /** What the client says is encrypted. */
  readonly secure: boolean;
  /** STARTTLS can be served. */
  readonly canSecure: boolean;
  /** There is somebody who decides about AUTH. */
  readonly canAuthenticate: boolean;
  /** The next hops have offered it last; false when none has been asked yet. The same for a whole connection. */
  nextHopOffers(name: NextHopName): boolean;
}

/** A checked value; `true` for a parameter that has none. */
export type ParameterValue = string | number | true;

export interface ParameterSpec {
  /** What stands behind `=`, for the documentation. */
  readonly value: string;
  /** The checked value of what stands behind `=` (undefined: no `=`); undefined when it is none: 501. Without it: never taken. */
  read?(text: string | undefined): ParameterValue | undefined;
  /** It goes on to a next hop that offers the extension. */
  readonly goesOn: boolean;
  /** Values that come with another extension: taken where that is offered, else they are none; they go on to a next hop that offers it. */
  readonly others?: Readonly<Record<string, 'BINARYMIME'>>;
  /** The row of the table of leniences that drops it where the extension is not offered; else it is unknown there: 555. */
  readonly lenience?: LenienceName;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

export interface ExtensionSpec {
  /** Where it is described. */
  readonly source: string;
  /** What it is, for the documentation. */
  readonly text: string;
  /** To whom it is offered, for the documentation. */
  readonly when: string;
  /** Whether EHLO has it. Without it: never. */
  offered?(facts: OfferFacts): boolean;
  /** What stands behind the keyword in EHLO. */
  argument?(facts: OfferFacts): string;
  /** The command it brings, and the part of HELP that lists it. */
  readonly command?: { readonly verb: string; readonly help: 'mail' | 'administration' };
  readonly mail?: ParameterSpecs;
  readonly rcpt?: ParameterSpecs;
  /** What becomes of it towards a next hop that offers it, for the documentation; '' when it means nothing there. */
  readonly nextHop: string;
}

/** Attributes of XCLIENT, in the order in which they are offered. */
export const xclientAttributes = [
  'NAME',
  'ADDR',
  'PORT',
  'PROTO',
  'HELO',
  'LOGIN',
  'DESTADDR',
  'DESTPORT',
] as const;

const always = (): boolean => true;

function isAnnounced(name: NextHopName, word: Announcement, facts: OfferFacts): boolean {
  return word === '+' || (word === 'auto' && facts.nextHopOffers(name));
}

/** Octets; more than 2^53 - 1 count as that. */
function readSize(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text)
    ? Math.min(Number(text), Number.MAX_SAFE_INTEGER)
    : undefined;
}

/** A parameter without a value. */
function readWord(text: string | undefined): true | undefined {
  return text === undefined ? true : undefined;
}

function readBody(text: string | undefined): '7BIT' | '8BITMIME' | 'BINARYMIME' | undefined {
  const body = text?.toUpperCase();
  return body === '7BIT' || body === '8BITMIME' || body === 'BINARYMIME' ? body : undefined;
}

/** As it was written. */
function readAuth(text: string | undefined): string | undefined {
  return text !== undefined && text !== '' && (text === '<>' || isXtext(text)) ? text : undefined;
}

/** AUTH has to wait until the connection is encrypted. */
export function needsTlsForAuth({ secure, values }: Pick<OfferFacts, 'secure' | 'values'>): boolean {
  return !secure && values['smtp-tls'] !== '' && values['smtp-tls-auth-only'];
}

export const extensionTable = {
  ENHANCEDSTATUSCODES: {
    source: 'RFC 2034',
    text: 'Replies have an enhanced status code; what a policy says goes out as it was said.',
    when: 'always',
    offered: always,
    nextHop: '',
  },
  XCLIENT: {
    source: 'Postfix XCLIENT_README',
    text: 'A proxy says for whom it speaks.',
    when: 'to peers in `smtp-xclient-hosts`, with `+smtp-xclient`',
    offered: ({ trusted, values }) => trusted && values['smtp-xclient'],
    argument: () => xclientAttributes.join(' '),
    command: { verb: 'XCLIENT', help: 'administration' },
    nextHop: '',
  },
  PIPELINING: {
    source: 'RFC 2920',
    text: 'Commands may be sent before the replies to the last ones.',
    when: 'with `+rfc2920-pipelining-enable`',
    offered: ({ values }) => values['rfc2920-pipelining-enable'],
    nextHop: 'MAIL and all RCPT are sent at once',
  },
  AUTH: {
    source: 'RFC 4954',
    text: 'A client says who it is.',
    when: 'when the policy has `hook.auth`, or with `smtp-auth-dovecot`; in clear only without `smtp-tls` or with `-smtp-tls-auth-only`',
    offered: (facts) => facts.canAuthenticate && !needsTlsForAuth(facts),
    argument: () => 'PLAIN LOGIN',
    command: { verb: 'AUTH', help: 'mail' },
    mail: { AUTH: { value: '`<>` or xtext', read: readAuth, goesOn: false, lenience: 'auth' } },
    nextHop: '',
  },
  DSN: {
    source: 'RFC 3461',
    text: 'Who is to hear what became of a message.',
    when: 'with `smtp-dsn=+`; with `auto` while the next hops offer it',
    offered: (facts) => isAnnounced('DSN', facts.values['smtp-dsn'], facts),
    mail: {
      RET: { value: '`FULL` or `HDRS`', read: readRet, goesOn: true, lenience: 'dsn' },
      ENVID: {
        value: 'xtext, at most 100 bytes when decoded',
        read: readEnvid,
        goesOn: true,
        lenience: 'dsn',
      },
    },
    rcpt: {
      NOTIFY: {
        value: '`NEVER`, or some of `SUCCESS`, `FAILURE` and `DELAY`',
        read: readNotify,
        goesOn: true,
        lenience: 'dsn',
      },
      ORCPT: {
        value: 'type `;` xtext, at most 500 bytes; behind `utf-8;` as RFC 6533 has it',
        read: readOrcpt,
        goesOn: true,
        lenience: 'dsn',
      },
    },
    nextHop:
      'passed on. Without it: dropped, and who has asked for SUCCESS gets a report that the message was relayed (see `smtp-dsn`)',
  },
  STARTTLS: {
    source: 'RFC 3207',
    text: 'The connection is encrypted from here on.',
    when: 'in clear, with `smtp-tls`, unless the listener has the flag `no-tls`',
    offered: ({ canSecure }) => canSecure,
    command: { verb: 'STARTTLS', help: 'mail' },
    nextHop: 'used as `smtp-forward-tls` says',
  },
  REQUIRETLS: {
    source: 'RFC 8689',
    text: 'A message that goes nowhere without TLS and a valid certificate.',
    when: 'within TLS, with `+smtp-requiretls`, unless `smtp-forward-tls` is off',
    offered: ({ secure, values }) =>
      secure && values['smtp-requiretls'] && values['smtp-forward-tls'] !== 'off',
    mail: { REQUIRETLS: { value: '', read: readWord, goesOn: true } },
    nextHop: 'passed on over TLS with a valid certificate; any other next hop is not asked, 550 5.7.30',
  },
  SMTPUTF8: {
    source: 'RFC 6531',
    text: 'Addresses may be in UTF-8.',
    when: 'with `smtp-utf8=+`; with `auto` while the next hops offer it',
    offered: (facts) => isAnnounced('SMTPUTF8', facts.values['smtp-utf8'], facts),
    mail: { SMTPUTF8: { value: '', read: readWord, goesOn: true } },
    nextHop:
      'passed on when an address or a header has bytes above 127, with `BODY=8BITMIME`. To one without it domains go in A-labels; what is ' +
      'not ASCII even so is refused with 554 5.6.7, a recipient with 553 5.6.7',
  },
  LIMITS: {
    source: 'RFC 9422',
    text: 'How many recipients one message may have.',
    when: 'with `+smtp-limits`',
    offered: ({ values }) => values['smtp-limits'],
    // Six digits at most.
    argument: ({ values }) => `RCPTMAX=${Math.min(values['limit-recipients'], 999_999)}`,
    nextHop:
      'RCPTMAX: who is one too many is answered `452 4.5.3` at RCPT, where the next hop is asked there',
  },
  '8BITMIME': {
    source: 'RFC 6152',
    text: 'Bytes above 127 may stand in the message. Nothing is converted for a next hop without it: see `smtp-eight-bit`.',
    when: 'always',
    offered: always,
    mail: {
      BODY: {
        value: '`7BIT` or `8BITMIME`; `BINARYMIME` where that is offered',
        read: readBody,
        goesOn: true,
        others: { BINARYMIME: 'BINARYMIME' },
      },
    },
    nextHop: '`BODY=8BITMIME` for a message that has bytes above 127, whatever the client said',
  },
  CHUNKING: {
    source: 'RFC 3030',
    text: 'A message may come in chunks of so many octets instead of lines up to a dot. Hooks and next hop see what DATA would give.',
    when: 'with `+smtp-chunking`',
    offered: ({ values }) => values['smtp-chunking'],
    command: { verb: 'BDAT', help: 'mail' },
    nextHop:
      'content goes by BDAT instead of DATA, as `smtp-forward-chunking` says; so it does for a message that came by DATA',
  },
  BINARYMIME: {
    source: 'RFC 3030',
    text: 'Content that is no lines of text, with `BODY=BINARYMIME`: it comes by BDAT only and is kept byte for byte. Its headers are lines, else 554 5.6.3.',
    when: 'with `+smtp-binarymime` and `+smtp-chunking`',
    offered: ({ values }) => values['smtp-binarymime'] && values['smtp-chunking'],
    nextHop:
      'passed on by BDAT, byte for byte, to one that offers CHUNKING as well, with `smtp-forward-chunking=auto`; any other next hop is not asked, 554 5.6.3',
  },
  SIZE: {
    source: 'RFC 1870',
    text: 'How long a message may be, and how long one is going to be; more than `smtp-max-size` is refused at MAIL.',
    when: 'always',
    offered: always,
    argument: ({ values }) => String(values['smtp-max-size']),
    mail: { SIZE: { value: 'bytes, at most 20 digits', read: readSize, goesOn: true } },
    nextHop: 'the size of the message as it is stored',
  },
} as const satisfies Readonly<Record<string, ExtensionSpec>>;

export type ExtensionName = keyof typeof extensionTable;

export const extensionNames = Object.keys(extensionTable) as readonly ExtensionName[];

/** The row as what it has in common with the others. */
export function extension(name: ExtensionName): ExtensionSpec {
  return extensionTable[name];
}

export function isOffered(name: ExtensionName, facts: OfferFacts): boolean {
  return extension(name).offered?.(facts) ?? false;
}

/** What EHLO says of an extension. */
export function ehloLine(name: ExtensionName, facts: OfferFacts): string {
  const argument = extension(name).argument?.(facts);
  return argument === undefined ? name : `${name} ${argument}`;
}

/** What EHLO offers to a client, in order. */
export function ehloLines(facts: OfferFacts): readonly string[] {
  const lines: string[] = [];
  for (const name of extensionNames) if (isOffered(name, facts)) lines.push(ehloLine(name, facts));
  return lines;
}

/** The commands that extensions bring, as HELP lists them in one of its parts. */
export function commandsIn(help: 'mail' | 'administration'): readonly string[] {
  return extensionNames.flatMap((name) => {
    const { command } = extension(name);
    return command?.help === help ? [command.verb] : [];
  });
}
