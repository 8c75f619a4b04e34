// dkim.sign: asks for a signature of ours, which is made when the message is final (message/sign-final.ts).
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { anything } from '../../lua-api/params.ts';
import { signDkim } from '../../mail-auth/dkim/sign.ts';
import type { SigningKey } from '../../mail-auth/signing-key.ts';
import { sessionOf } from '../../policy/session-view.ts';
import type { KeyFiles } from './key-files.ts';
import { signArguments } from './sign-arguments.ts';

/** RFC 8301 3.2. */
const goodBits = 2048;

/** A message with more signatures of ours is a policy that signs in a loop. */
const maxSignatures = 10;
const tooManyLimit = `a message gets ${maxSignatures} signatures at most`;

/** Raises LuaError for a key that cannot be used; the log hears once of one that is short. */
export function keyFor(
  keys: KeyFiles,
  context: CallContext,
  text: string,
  { domain, selector }: { readonly domain: string; readonly selector: string },
): SigningKey {
  return keys.get(text, ({ algorithm, bits }) => {
    if (algorithm.key === 'rsa' && bits < goodBits)
      context.log.emit('dkim-short-key', { bits, domain, selector });
  });
}

export function signFunction(clock: Clock, keys: KeyFiles): FunctionSpec {
  return luaFunction({
    name: 'sign',
    params: [
      anything(
        'what',
        'dkim_sign',
        'Domain, selector, key, and what is to be other than usual. An unknown field raises an error.',
      ),
    ],
    text:
      'Has the message signed, in `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at the table. The signature is made when the message is final: ' +
      'after all edits, before `hook.forward`. It stands at the top, below what `smtp-received` and `auth.add` write when there is a Received of ours; of several calls the first one stands highest. The algorithm is that of the ' +
      'key: rsa-sha256 (1024 bits and more; take 2048) or ed25519-sha256. A key that cannot be used raises an error. When a signature cannot be made ' +
      'after all, option `dkim-sign-failure` says what becomes of the message: 451, unless it says otherwise. There is no l=: it would let ' +
      'anybody add to the message. Does not suspend; RSA signs in the thread pool.',
    examples: [
      "function hook.dot()\n  if client.auth_user then\n    dkim.sign{ domain = 'example.com', selector = '2026a', key = '/etc/smtpe/2026a.pem' }\n  end\nend",
    ],
    call: (context, what) => {
      const { key: keyText, ...rest } = signArguments(what);
      const request = { ...rest, key: keyFor(keys, context, keyText, rest) };
      const session = sessionOf(context);
      if (session === undefined) throw new LuaError('a message exists only while a client is served');
      const { transaction } = session;
      if (transaction === undefined) return [];
      if (!transaction.atDot) throw new LuaError('a message can be signed only in hook.dot');
      if (transaction.signatures >= maxSignatures) throw new LuaError(tooManyLimit);
      transaction.sign({
        body: request.body,
        sign: (headers, hash) => signDkim(headers, hash, request, Math.floor(clock.now() / 1000)),
      });
      return [];
    },
  });
}
