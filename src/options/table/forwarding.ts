// Next hops: who they are and how their connections are used. Rows of option-table.ts.
import { flag, integer, type OptionSpec, seconds, text, word } from './option-spec.ts';

export const forwardingOptions = {
  'smtp-smart-host': text(
    '',
    'next-hops',
    'Next hops tried in order: host, host:port or [v6]:port, each with /tls behind it for TLS from the first octet (port 465 then, if none is named); lmtp:HOST:PORT or lmtp:PATH for LMTP; accounts: for the accounts of rumble-database, beside which the others get mail for other domains (rumble-relay); or maildir:PATH, where %u, %n and %d stand for the recipient, its local part and its domain, in lower case: such a directory must be there, else the recipient is unknown (a Dovecot may serve them: uids and sizes are written as it does). Separated by blank, comma or semicolon. A PATH with blanks, commas or semicolons stands in quotes of its own: \'"maildir:/var/mail/all mail"\'.',
  ),
  'smtp-forward-at': word(
    'auto',
    ['auto', 'rcpt', 'dot'],
    'When the next hop is asked: rcpt: MAIL and RCPT go to it when the client says them, what it refuses is refused, and the connection is kept for the content; dot: everything goes when the message is complete, so that a recipient who is refused then keeps the message from all (smtp-partial); auto: as rcpt, but as dot with a policy that has hook.forward.',
  ),
  'smtp-partial': word(
    '451',
    ['250', '451', '550'],
    'Reply at dot when the next hop takes only some of the recipients, which with smtp-forward-at=dot is first known then. With 451 and 550 it is not sent the message then, so that a retry doubles nothing; with 250 those who were taken get it.',
  ),
  'smtp-forward-tls': word(
    'may',
    ['off', 'may', 'must', 'pin', 'dane', 'dane-only'],
    'TLS to next hops. off: no STARTTLS. may: STARTTLS when it is offered, whatever the certificate, and in clear text over a new connection when it fails. must: required, with a certificate that is valid for the host. pin: required, with a certificate of smtp-forward-tls-pin. dane: by the TLSA records of the host where they are secured by DNSSEC, else as may. dane-only: by TLSA records, and no host without them.',
  ),
  'smtp-forward-tls-pin': text(
    '',
    'pins',
    'Certificates that next hops may have with smtp-forward-tls=pin: sha256: and the digest of a certificate or of its public key (hexadecimal or base64); or the path of a PEM file with authorities, of which a certificate for the host must be. Separated by blanks or commas.',
  ),
  'smtp-forward-tls-cert': text(
    '',
    'certificate',
    'The certificate that we show to next hops that ask for one: chain.pem, or chain.pem,key.pem when the key is in a file of its own. Read for each new connection.',
  ),
  'smtp-forward-user': text(
    '',
    'user-name',
    'The name that is given to the next hops of smtp-smart-host by AUTH, for those where one has an account: a host without AUTH is not used then. SCRAM-SHA-256, PLAIN and LOGIN are known, the strongest that is offered is taken; under TLS only, but with smtp-forward-tls=off.',
  ),
  'smtp-forward-password-file': text(
    '',
    'path',
    'The file whose first line is the password of smtp-forward-user. Read for each new connection.',
  ),
  'smtp-forward-xclient': flag(
    false,
    'Tell the next hops of smtp-smart-host who the client is, by XCLIENT where they offer it: its name, address, port, protocol, HELO and login. A next hop that offers it and refuses it is not used. Such a connection is for one client only.',
  ),
  'smtp-forward-proxy': word(
    'off',
    ['off', 'v1', 'v2'],
    'Begin connections to the next hops of smtp-smart-host with a header of the PROXY protocol, version 1 or 2, that has the addresses of the client: for next hops that expect one. Not over a socket (lmtp:PATH). Such a connection is for one client only.',
  ),
  'smtp-forward-parallel': integer(
    50,
    1,
    10_000,
    'connections',
    'Connections to one next hop at a time, in each process; who needs one more waits for one that becomes free, in order. A next hop that says 421 to a new connection is asked for no more than there are for a minute.',
  ),
  'smtp-forward-chunking': word(
    'auto',
    ['auto', '-'],
    'Content to next hops by BDAT (RFC 3030), in chunks of 1 MiB, when they offer CHUNKING, or always by DATA. BDAT saves a round trip, and nothing within the message can be taken for its end.',
  ),
  'smtp-eight-bit': word(
    'pass',
    ['pass', 'refuse'],
    'A message with bytes above 127 for a next hop without 8BITMIME: sent as it is, or 554 5.6.3. Nothing is converted: that would break signatures.',
  ),
  'smtp-forward-connections': integer(
    20,
    0,
    10_000,
    'connections',
    'Idle connections kept open to next hops; 0 opens one for each message.',
  ),
  'smtp-forward-idle': seconds(
    30,
    'How long an idle connection to a next hop is kept, and one whose recipients were asked about for a client that says nothing more.',
  ),
  'smtp-forward-messages': integer(
    100,
    1,
    1_000_000,
    'messages',
    'Messages sent over one connection to a next hop.',
  ),
} as const satisfies Record<string, OptionSpec>;
