// AUTH PLAIN and LOGIN, RFC 4954 (and RFC 4616). The policy gets the whole exchange as one line, `AUTH PLAIN <response>` or `AUTH LOGIN
// <user> <password>`, in base64 as the client sent it, and beside it the claim and the password as fields of client, while hook.auth runs.
// Offered after EHLO, and only when the policy has hook.auth; served outside a transaction. Only 235 authenticates.
import { type CommandContext, type CommandSpec, command, go, type Parsed, refuse } from '../command.ts';
import type { CommandLine } from '../command-parser.ts';
import { words } from '../protocol/blanks.ts';
import { errorReply } from '../reply-table.ts';
import { fieldsEndingAt } from '../session-facts.ts';
import { helloOf } from '../state-machine.ts';

interface Credentials {
  /** For hook.auth. */
  readonly line: string;
  readonly mechanism: 'PLAIN' | 'LOGIN';
  /** Decoded, latin1: who the client claims to be, and the proof of it. */
  readonly user: string;
  readonly password: string;
}

/** RFC 4648 section 4, with its padding; `=` alone is an empty response (RFC 4954 section 4). */
const BASE64 = /^(?:=|(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
/** `Username:` and `Password:`, what clients of LOGIN expect to be asked. */
const USER = 'VXNlcm5hbWU6';
const PASSWORD = 'UGFzc3dvcmQ6';

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

/**
 * Who claims to be whom, by what proof. RFC 4616 section 2: PLAIN is authzid NUL authcid NUL passwd, and neither of the last two is empty;
 * LOGIN has no other idea of them. undefined when it is anything else: a policy, or what it asks, is not to guess what was meant (an empty
 * password is an anonymous bind to LDAP, RFC 4513 section 5.1.2).
 */
function readClaim(
  mechanism: Credentials['mechanism'],
  responses: readonly string[],
): Pick<Credentials, 'user' | 'password'> | undefined {
  const parts = mechanism === 'PLAIN' ? (responses[0] ?? '').split('\0') : ['', ...responses];
  const [, user = '', password = ''] = parts;
  if (parts.length !== 3 || user === '' || password === '') return undefined;
  return user.includes('\0') || password.includes('\0') ? undefined : { user, password };
}

function parse(line: CommandLine, context: CommandContext, answers: readonly string[]): Parsed<Credentials> {
  if (context.auth !== undefined) return refuse('authenticated');
  const [given = '', ...rest] = words(line.argument);
  const mechanism = given.toUpperCase();
  if (mechanism !== 'PLAIN' && mechanism !== 'LOGIN') return refuse('mechanism');
  if (answers.at(-1) === '*') return refuse('authCancelled');
  const responses = [...rest, ...answers.map((answer) => answer.trim())];
  if (responses.some((response) => !BASE64.test(response))) return refuse('authSyntax');
  const wanted = mechanism === 'PLAIN' ? 1 : 2;
  if (responses.length > wanted) return refuse('syntax');
  if (responses.length < wanted) {
    return { kind: 'ask', challenge: mechanism === 'PLAIN' ? '' : responses.length === 0 ? USER : PASSWORD };
  }
  const claim = readClaim(mechanism, responses.map(decode));
  if (claim === undefined) return refuse('credentials');
  return go({ line: [line.input.slice(0, 4), given, ...responses].join(' '), mechanism, ...claim });
}

export const authCommand = command({
  verb: 'AUTH',
  phases: ['hello'],
  // Within a transaction it is a command out of sequence (RFC 4954 section 4), and no unknown one.
  offered: (context) => helloOf(context.state) === 'ehlo' && context.has('auth'),
  parse,
  prepare: ({ mechanism, user, password }, context) =>
    context.setClient({ auth_mechanism: mechanism, auth_claim: user, auth_password: password }),
  hook: 'auth',
  args: (value) => [value.line],
  finish: (_, context) => context.setClient(fieldsEndingAt('auth-done')),
  reply: (_, context) => errorReply('credentials', context.values['smtp-error-url']),
  succeeds: (code) => code === 235,
  effect: ({ user, mechanism }, success, context) => {
    if (success) context.authenticate({ user, mechanism });
    else context.setClient(fieldsEndingAt('auth-refused'));
    return undefined;
  },
} satisfies CommandSpec<Credentials>);
