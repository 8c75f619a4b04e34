// Sender authentication: SPF, DKIM, DMARC, ARC, Authentication-Results. Rows of option-table.ts.
import { integer, type OptionSpec, seconds, text, word } from './option-spec.ts';

export const mailAuthOptions = {
  'authserv-id': text(
    '',
    'host-name',
    'Our name in Authentication-Results. Empty: the host name. All servers of one house may have the same.',
  ),
  'authres-remove': word(
    'auto',
    ['auto', '+', '-'],
    'When Authentication-Results headers with our name that came with a message are removed: auto when the policy writes one, + always, - never.',
  ),
  'authres-trusted-hosts': text(
    '',
    'networks',
    'Clients whose Authentication-Results headers with our name stay: our own servers.',
  ),
  'spf-timeout': seconds(
    20,
    'The longest that the look-ups of one SPF check may take; likewise those of one DMARC check.',
  ),
  'dkim-max-signatures': integer(
    10,
    1,
    100,
    'signatures',
    'DKIM signatures of a message that are verified, from the top; further ones get the result policy and cause limit.',
  ),
  'dkim-min-bits': integer(
    1024,
    1024,
    8192,
    'bits',
    'The smallest RSA key whose signatures pass, for DKIM and ARC; those of smaller ones get the result policy, and fail in ARC.',
  ),
  'dkim-timeout': seconds(
    20,
    'The longest that the look-ups for the keys of a message may take, for DKIM and for ARC.',
  ),
  'dkim-sign-failure': word(
    '451',
    ['451', 'unsigned'],
    'What becomes of a message that dkim.sign or arc.seal could not sign: 451 at the dot, or it goes out without; the log says so.',
  ),
} as const satisfies Record<string, OptionSpec>;
