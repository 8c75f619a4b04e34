// arc.seal: asks for an ARC set of ours, which is made when the message is final (message/sign-final.ts). What it records of the chain is our own
// verification of the message as it was received, begun here whether the policy asks for it or not.
import type { Clock } from '../../base/clock.ts';
import { textOf } from '../../base/errors.ts';
import { type FunctionSpec, LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { anything } from '../../lua-api/params.ts';
import { sealArc, sealedNames, sealFault } from '../../mail-auth/arc/seal.ts';
import { authResultsValue, inNameOf } from '../../mail-auth/auth-results/write.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import type { KeyFiles } from './key-files.ts';
import { keyFor } from './sign.ts';
import { SignTable } from './sign-table.ts';
import type { Verifiers } from './verifiers.ts';
import { resultsAtEnd } from './written-results.ts';

const fields = ['domain', 'selector', 'key', 'authserv_id'];

export interface SealParts {
  readonly clock: Clock;
  /** Our name, where no option and no argument says another. */
  readonly hostName: string;
  readonly keys: KeyFiles;
  readonly verifiers: Verifiers;
}

export function sealFunction({ clock, hostName, keys, verifiers }: SealParts): FunctionSpec {
  return luaFunction({
    name: 'seal',
    params: [anything('what', 'arc_seal', 'Domain, selector and key. An unknown field raises an error.')],
    text:
      'Has the message sealed, in `hook.dot` only and once; elsewhere and twice it raises an error, outside a transaction it only looks at the ' +
      'table. The ARC set is made when the message is final, above the signatures of `dkim.sign`, which it signs as well. ' +
      'ARC-Authentication-Results holds what `auth.add` wrote into the message, `none` without; the chain is recorded as `arc.verify` finds ' +
      'it: a policy that writes to the file, or has it replaced, calls `arc.verify` before. Nothing is made when the chain has failed and its ' +
      'newest seal says so, when it has 50 sets, or when a key could not be asked for: a failure that is recorded stays for ever. A set that ' +
      'cannot be made is treated as a signature that cannot (`dkim-sign-failure`). Does not suspend.',
    examples: [
      "function hook.dot()\n  local signed = dkim.verify()\n  auth.add{ spf = spf.check(), dkim = signed, arc = arc.verify() }\n  if #signed > 0 then\n    arc.seal{ domain = 'example.com', selector = '2026a', key = '/etc/smtpe/2026a.pem' }\n  end\nend",
    ],
    call: (context, what) => {
      const given = new SignTable('arc.seal', fields, what);
      const names = { domain: given.needed('domain'), selector: given.needed('selector') };
      const keyText = given.needed('key');
      const id = given.text('authserv_id') || optionsOf(context).values['authserv-id'] || hostName;
      const request = { ...names, headers: sealedNames, body: 'relaxed' } as const;
      const fault = sealFault({ ...request, results: '' });
      if (fault !== undefined) throw new LuaError(`arc.seal: ${fault}`);
      const key = keyFor(keys, context, keyText, names);
      const session = sessionOf(context);
      if (session === undefined) throw new LuaError('a message exists only while a client is served');
      const { transaction } = session;
      if (transaction === undefined) return [];
      if (!transaction.atDot) throw new LuaError('a message can be sealed only in hook.dot');
      if (transaction.isSealed) throw new LuaError('a message is sealed once');
      const written = resultsAtEnd(context);
      const chain = verifiers.chain(context, transaction);
      transaction.seal({
        body: request.body,
        async seal(headers, hash) {
          const value = written();
          const results = value === undefined ? authResultsValue(id, []) : inNameOf(id, value);
          try {
            const sealing = { ...request, key, results };
            return await sealArc(headers, hash, await chain.result, sealing, Math.floor(clock.now() / 1000));
          } catch (error) {
            return { kind: 'failed', cause: textOf(error) };
          }
        },
        giveUp: () => chain.cancel(),
      });
      return [];
    },
  });
}
