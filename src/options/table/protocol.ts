// What is allowed, announced and answered in a session: RFC 5321 and its extensions. Rows of option-table.ts.
import {
  atStart,
  flag,
  forAll,
  forListener,
  inProcess,
  integer,
  type OptionSpec,
  text,
  word,
} from './option-spec.ts';

export const protocolOptions = {
  'rfc2920-pipelining-enable': flag(false, 'Announce PIPELINING.'),
  'rfc2920-pipelining-reject': flag(
    false,
    'Refuse, with 550 5.3.3 and drop, clients that pipeline when it is not announced to them.',
  ),
  'rfc2821-angle-brackets': flag(
    false,
    'Strict paths: a sender needs a domain, and smtp-lenient lets no path through that is not in one pair of brackets.',
  ),
  'rfc2821-local-length': flag(false, 'Refuse local parts of more than 64 bytes.'),
  'rfc2821-domain-length': forAll(
    flag(
      false,
      'Accepted for compatibility; has no effect: domains of more than 255 bytes are refused anyway.',
    ),
  ),
  'rfc2821-literal-plus': forAll(flag(false, 'Accepted for compatibility; has no effect.')),
  'smtp-lenient': flag(
    false,
    'Take what old clients send against RFC 5321: no brackets, RCPT NOTIFY=..., and the rest of the list in doc/reference/lenient.md.',
  ),
  'smtp-strict-commands': flag(
    false,
    'With smtp-lenient: FROM: and TO: must be spelled out all the same, and nothing unknown may be among the parameters.',
  ),
  'smtp-xclient': flag(true, 'Announce and accept XCLIENT for the clients of smtp-xclient-hosts.'),
  'smtp-xclient-hosts': forListener(
    inProcess(
      text(
        '',
        'networks',
        'Networks whose clients may use XCLIENT and VERB, by the address of the connection. Empty: nobody (+test allows itself). Only for proxies that keep these commands from their own clients.',
      ),
    ),
  ),
  'smtp-utf8': word(
    '-',
    ['-', '+', 'auto'],
    'Announce SMTPUTF8: addresses may be in UTF-8. auto: while each next hop of smtp-smart-host that has been asked offered it last. A message that a next hop without it cannot get is refused.',
  ),
  'smtp-received': flag(
    false,
    'Put a Received header on top of each message, before hook.dot, where the policy may take it away. For a relay of its own; in front of a mail server that adds one, the message would have two.',
  ),
  'smtp-received-user': flag(
    false,
    'Say in that header who has authenticated. Everybody who gets the message can read it.',
  ),
  'smtp-limits': flag(true, 'Announce LIMITS with RCPTMAX, which is limit-recipients.'),
  'smtp-requiretls': flag(
    false,
    'Announce REQUIRETLS to clients that speak TLS, unless smtp-forward-tls is off: a message with it goes only to a next hop that offers it too, over TLS with a valid certificate, else 550 5.7.30. A message without it that has the header TLS-Required: No goes without TLS where smtp-forward-tls=must fails, if it is asked about at the end of the message (smtp-forward-at=dot).',
  ),
  'smtp-dsn': word(
    'auto',
    ['auto', '+', '-'],
    'Announce DSN: who is to hear what became of a message. auto: while each next hop of smtp-smart-host that has been asked offered it last. To one without it nothing of it is said, and who has asked for a report of success gets one through smtp-smart-host that the message was relayed: with + at an MX that is whomever a stranger names as the sender.',
  ),
  'smtp-max-size': integer(52_428_800, 0, 1_099_511_627_776, 'bytes', 'The largest message; 0 is no limit.'),
  'smtp-chunking': flag(
    true,
    'Announce CHUNKING: a client may send a message in chunks of so many bytes (BDAT) instead of lines up to a dot (DATA). A policy sees no difference.',
  ),
  'smtp-binarymime': flag(
    false,
    'Announce BINARYMIME, with smtp-chunking: content that is no lines of text, kept byte for byte. For next hops that offer it and CHUNKING; a message goes nowhere else, 554 5.6.3.',
  ),
  'smtp-default-at-dot': word(
    '451',
    ['250', '451', '550'],
    'Reply at dot when nobody took the message: no next hop, no reply of hook.forward. A positive reply of another hook is not sent then. 250: the message is thrown away, and the log says so.',
  ),
  'smtp-error-url': text(
    '',
    'any',
    'Put before the error number in replies, e.g. https://mail.example.com/errors#. Empty: neither.',
  ),
  'smtp-bare-newline': word(
    'normalise',
    ['normalise', 'reject'],
    'A bare CR or LF in a message: made CRLF (CRs right before an LF are one line end with it), or the message is refused at dot with 550 5.6.0.',
  ),
  'smtp-greet-pause': forListener(
    inProcess(
      integer(
        0,
        0,
        60_000,
        'ms',
        'Wait before the banner. A client that sends something before it has the banner gets 554 and is dropped. 0 does neither.',
      ),
    ),
  ),
  'hook-error': word(
    'drop',
    ['drop', 'default'],
    'A hook that fails, by a Lua error or by a result that is no answer: 421 and drop, or the default reply.',
  ),
  'hook-unknown': atStart(
    word(
      'refuse',
      ['refuse', 'warn'],
      'A function in the table hook that smtpe never calls, such as hook.rcp: the policy is refused at start and at reload, or the log has a warning.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
