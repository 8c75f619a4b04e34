// AUTH PLAIN and LOGIN, RFC 4954 (and RFC 4616). Who decides: the sources of log-ins, then hook.auth, which sees what they said and may
// refuse, or decide where no source knows the user. The policy gets the whole exchange as one line, `AUTH PLAIN <response>` or `AUTH LOGIN
// <user> <password>`, in base64 as the client sent it, and beside it the claim and the password as fields of client, while hook.auth runs.
// Offered after EHLO only; served outside a transaction. Only 235 authenticates.

import { chain, type Maybe } from '../../../base/maybe.ts';
import type { AuthVerdict } from '../../../users/auth-chain.ts';
import type { Credentials } from '../../../users/auth-source.ts';
import { trimBlanks, words } from '../../protocol/blanks.ts';
import { needsTlsForAuth } from '../../protocol/extension-table.ts';
import { echo, reply } from '../../protocol/reply.ts';
import {
  type CommandContext,
  type CommandSpec,
  command,
  go,
  type Objection,
  type Parsed,
  type RefusedLogin,
  refuse,
} from '../command.ts';

import type { CommandLine } from '../command-parser.ts';
import { AUTHENTICATED } from '../default-reply.ts';
import { errorReply } from '../reply-table.ts';
import { fieldsEndingAt } from '../session-facts.ts';
import { helloOf } from '../state-machine.ts';

interface Attempt {
  /** For hook.auth. */
  readonly line: string;
  readonly mechanism: 'PLAIN' | 'LOGIN';
  readonly credentials: Credentials;
  /** When it was complete; monotonic. */
  readonly since: number;
  /** What the sources said; undefined before, and without sources. */
  verdict: AuthVerdict | undefined;
}

/** RFC 4648 section 4, with its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** `Username:` and `Password:`, what clients of LOGIN expect to be asked. */
const USER = 'VXNlcm5hbWU6';
const PASSWORD = 'UGFzc3dvcmQ6';
/** Octets of a reason that a source gives. */
const MAX_REASON = 200;

/**
 * `=` alone is an empty response (RFC 4954 section 4). undefined when it is no base64, or one that leaves bits over (RFC 4648 section 3.5):
 * what was meant would be a guess.
 */
function decode(text: string): string | undefined {
  if (text === '=') return '';
  if (!BASE64.test(text)) return undefined;
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets.toString('latin1') : undefined;
}

/**
 * Who claims to be whom, by what proof. RFC 4616 section 2: PLAIN is authzid NUL authcid NUL passwd, and neither of the last two is empty;
 * LOGIN has no other idea of them. undefined when it is anything else: a policy, or what it asks, is not to guess what was meant (an empty
 * password is an anonymous bind to LDAP, RFC 4513 section 5.1.2). SASLprep is for who compares: octets stay what they are.
 */
function readClaim(mechanism: Attempt['mechanism'], responses: readonly string[]): Credentials | undefined {
  const parts = mechanism === 'PLAIN' ? (responses[0] ?? '').split('\0') : ['', ...responses];
  const [authorize = '', user = '', password = ''] = parts;
  if (parts.length !== 3 || user === '' || password === '') return undefined;
  if (user.includes('\0') || password.includes('\0')) return undefined;
  return { user, password, authorize: authorize === user ? '' : authorize };
}

function parse(line: CommandLine, context: CommandContext, answers: readonly string[]): Parsed<Attempt> {
  if (needsTlsForAuth(context)) return refuse('encryptionRequired');
  if (context.auth !== undefined) return refuse('authenticated');
  const limit = context.values['limit-auth'];
  if (limit > 0 && context.refusedLogins >= limit) return { ...refuse('tooManyLogins'), closes: true };
  const [given = '', ...rest] = words(line.argument);
  const mechanism = given.toUpperCase();
  if (mechanism !== 'PLAIN' && mechanism !== 'LOGIN') return refuse('mechanism');
  if (answers.at(-1) === '*') return refuse('authCancelled');
  const responses = [...rest, ...answers.map((answer) => trimBlanks(answer, 0, answer.length))];
  const decoded = responses.map(decode);
  if (!decoded.every((one) => one !== undefined)) return refuse('authSyntax');
  const wanted = mechanism === 'PLAIN' ? 1 : 2;
  if (responses.length > wanted) return refuse('syntax');
  if (responses.length < wanted) {
    return { kind: 'ask', challenge: mechanism === 'PLAIN' ? '' : responses.length === 0 ? USER : PASSWORD };
  }
  const credentials = readClaim(mechanism, decoded);
  if (credentials === undefined) return refuse('credentials');
  const said = [line.input.slice(0, 4), given, ...responses].join(' ');
  return go({ line: said, mechanism, credentials, since: context.now, verdict: undefined });
}

/** client.auth_result */
function resultOf(verdict: AuthVerdict | undefined): string | undefined {
  switch (verdict?.kind) {
    case undefined:
      return undefined;
    case 'accepted':
      return 'ok';
    case 'refused':
      return verdict.why;
    case 'unknown':
      return 'unknown';
    case 'unavailable':
      return 'temp_fail';
  }
}

/** What a source has against it, whatever hook.auth says. */
function objectionOf(verdict: AuthVerdict | undefined, url: string): Objection | undefined {
  switch (verdict?.kind) {
    case undefined:
    case 'accepted':
    case 'unknown':
      return undefined;
    case 'refused': {
      const { reason = '', source } = verdict;
      return reason === ''
        ? { reply: errorReply('credentials', url), cause: source }
        : { reply: reply(535, `5.7.8 ${ascii(echo(reason, MAX_REASON))}`), cause: source };
    }
    case 'unavailable':
      return { reply: errorReply('authUnavailable', url), cause: verdict.source };
  }
}

const ascii = (text: string): string => text.replace(/[^\t -~]/g, '?');

/** For the log. */
function told({
  credentials,
  mechanism,
  verdict,
}: Pick<Attempt, 'credentials' | 'mechanism' | 'verdict'>): RefusedLogin {
  return { login: credentials.user, mechanism, result: resultOf(verdict) };
}

/** Who guesses hears of it after a while, whoever has refused. */
function wait({ since }: Attempt, context: CommandContext): Maybe<undefined> {
  return context.waitSince(since, context.values['smtp-auth-delay']);
}

function decide(
  attempt: Attempt,
  context: CommandContext,
  said: number | undefined,
): Maybe<Objection | undefined> {
  const { verdict } = attempt;
  const objection = objectionOf(verdict, context.values['smtp-error-url']);
  // That nobody could be asked tells nothing.
  const tellsNothing = verdict?.kind === 'unavailable' && !verdict.refused;
  if (verdict?.kind === 'accepted' || tellsNothing) return objection;
  const accepted = objection === undefined && said === 235;
  return accepted ? undefined : chain(wait(attempt, context), () => objection);
}

export const authCommand = command({
  verb: 'AUTH',
  phases: ['hello'],
  // Within a transaction it is a command out of sequence (RFC 4954 section 4), and no unknown one.
  offered: (context) => helloOf(context.state) === 'ehlo' && context.canAuthenticate,
  parse,
  prepare: (attempt, context) =>
    chain(context.verify(attempt.credentials, attempt.mechanism), (verdict) => {
      attempt.verdict = verdict;
      const { authorize, password, user } = attempt.credentials;
      context.setClient({
        auth_mechanism: attempt.mechanism,
        auth_claim: user,
        auth_password: password,
        auth_authorize: authorize === '' ? undefined : authorize,
        auth_result: resultOf(verdict),
        auth_fields: verdict?.kind === 'accepted' ? verdict.fields : undefined,
      });
    }),
  hook: 'auth',
  args: ({ line }) => [line],
  finish: (_, context) => context.setClient(fieldsEndingAt('auth-done')),
  decide,
  beforeRefusal: wait,
  reply: ({ verdict }, { values }) =>
    verdict?.kind === 'accepted' ? AUTHENTICATED : errorReply('credentials', values['smtp-error-url']),
  succeeds: (code) => code === 235,
  cut: (attempt, context, code) => {
    // Fields that hook.auth was to see, when it was not called any more.
    if (code !== 235)
      context.setClient({ ...fieldsEndingAt('auth-done'), ...fieldsEndingAt('auth-refused') });
    if (code === undefined) context.authUnheard(told(attempt));
    else if (code !== 235) context.authRefused(told(attempt), code, false);
  },
  effect: ({ credentials, mechanism, verdict }, success, context, code) => {
    if (success) {
      const accepted =
        verdict?.kind === 'accepted' ? verdict : { user: credentials.user, source: 'hook.auth' };
      context.authenticate({ user: accepted.user, mechanism, source: accepted.source });
    } else {
      context.setClient(fieldsEndingAt('auth-refused'));
      const guessed = code >= 500 || (verdict?.kind === 'unavailable' && verdict.refused);
      context.authRefused(told({ credentials, mechanism, verdict }), code, guessed);
    }
    return undefined;
  },
} satisfies CommandSpec<Attempt>);
