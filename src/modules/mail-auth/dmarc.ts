// Lua module `dmarc`: what the author's domain wants to become of a message (doc/reference/dmarc.md).
import type { Clock } from '../../base/clock.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type LuaResults, luaFunction, type Suspension } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import { checkDmarc } from '../../mail-auth/dmarc/check.ts';
import type { DmarcResult, DmarcResultWord } from '../../mail-auth/dmarc/result.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { authorOfMessage } from './author-of.ts';
import { type GivenDkim, type GivenSpf, optionalResult, readDkim, readSpf } from './given-results.ts';
import { lookUps, ResolverNames } from './names.ts';
import type { SpfChecks } from './spf-checks.ts';
import type { Verifiers } from './verifiers.ts';
import { wordTable } from './words.ts';

const resultTexts: Readonly<Record<DmarcResultWord, string>> = {
  none: 'the domain of the author has no policy',
  pass: 'SPF or a signature vouches for the author',
  fail: 'nothing does',
  temperror: 'a look-up failed that could have changed it',
  permerror: 'the message has no author, or authors of several domains',
};

export interface DmarcParts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly checks: SpfChecks;
  readonly verifiers: Verifiers;
}

function toLua(result: DmarcResult): LuaRecord {
  const { policyDomain: policy_domain, result: word, policy, published, domain, organisation } = result;
  const { spf, dkim, record, testing, cause } = result;
  return {
    result: word,
    policy,
    published,
    domain,
    organisation,
    policy_domain,
    spf,
    dkim,
    record,
    testing,
    cause,
  };
}

function check(
  parts: DmarcParts,
  context: CallContext,
  spf: GivenSpf | undefined,
  dkim: readonly GivenDkim[] | undefined,
): LuaResults | Suspension {
  const transaction = sessionOf(context)?.transaction;
  const author = authorOfMessage(transaction);
  const { values } = optionsOf(context);
  const until = lookUps();
  const lookup = new ResolverNames(parts.clock, parts.resolver, {
    until,
    timeoutMs: values['spf-timeout'] * 1000,
    maxPending: values['dns-session-queries'],
  });
  // Without an author nothing is looked up.
  const asks = author.kind === 'author';
  const sender = asks && spf === undefined ? parts.checks.check(context, {}) : undefined;
  const signatures = asks && dkim === undefined ? parts.verifiers.signatures(context) : undefined;
  const judge = (foundSpf: GivenSpf | undefined, foundDkim: readonly GivenDkim[]): Maybe<DmarcResult> => {
    const vouching = spf ?? foundSpf;
    const signed = dkim ?? foundDkim;
    const signedBy = (word: 'pass' | 'temperror'): readonly string[] =>
      signed.flatMap(({ result, domain }) => (result === word && domain !== undefined ? [domain] : []));
    const sentBy = (word: 'pass' | 'temperror'): string | undefined =>
      vouching?.result === word ? vouching.domain : undefined;
    return checkDmarc(
      {
        author,
        ...{ spfPass: sentBy('pass'), dkimPass: signedBy('pass') },
        ...{ spfUnsure: sentBy('temperror'), dkimUnsure: signedBy('temperror') },
      },
      lookup,
    );
  };
  const found = both(sender?.result, signatures?.results ?? []);
  const results = chain(
    chain(found, ([foundSpf, foundDkim]) => judge(foundSpf, foundDkim)),
    (result): LuaResults => {
      context.log.emit('sender-checked', { method: 'dmarc', result: result.result });
      return [toLua(result)];
    },
  );
  if (!(results instanceof Promise)) return results;
  return {
    kind: 'suspension',
    describe: () => 'dmarc.check',
    done: results,
    cancel: () => {
      until.giveUp();
      sender?.cancel();
      signatures?.cancel();
    },
  };
}

/** Both are under way at the same time. */
function both<A, B>(first: Maybe<A>, second: Maybe<B>): Maybe<readonly [A, B]> {
  if (first instanceof Promise || second instanceof Promise) return Promise.all([first, second]);
  return [first, second];
}

export const createDmarcModule = (parts: DmarcParts): ModuleSpec =>
  luaModule({
    name: 'dmarc',
    text:
      'What the domain in From wants to become of a message that nobody vouches for (DMARC, RFC 9989): the organisational domain is found by the ' +
      'walk up the tree of names, not by a list of suffixes. Whatever a stranger sent or published, nothing raises an error.',
    tables: [wordTable('result', 'What is said of a message (RFC 8601, 2.7.2).', resultTexts)],
    functions: [
      luaFunction({
        name: 'check',
        params: [
          optionalResult('spf_result', 'spf_result', 'What `spf.check` gave. Default: it is asked.', readSpf),
          optionalResult(
            'dkim_results',
            'dkim_signature[]',
            'What `dkim.verify` gave. Default: it is asked; before the dot there are none.',
            readDkim,
          ),
        ],
        results: [{ name: 'result', type: 'dmarc_result', text: 'What was found.' }],
        suspends: true,
        text:
          'Looks for the policy of the author domain, and whether SPF or a signature has passed for a domain that stands for it. To be asked in ' +
          '`hook.dot`, or from `hook.eoh` on without signatures; before the headers are complete it raises an error. Its own look-ups ' +
          'take at most `spf-timeout`. From headers are those that came: edits of the policy do not count. `policy` is what to do with ' +
          'the message; a policy that wants to be safe refuses `permerror` too, as people are shown one of several authors.',
        examples: [
          "function hook.dot()\n  local verdict = dmarc.check(spf.check(), dkim.verify())\n  if verdict.policy == 'reject' then\n    return '550 5.7.26 DMARC policy of ' .. verdict.domain\n  end\nend",
        ],
        call: (context, spf, dkim) => check(parts, context, spf, dkim),
      }),
    ],
    records: [
      {
        name: 'dmarc_result',
        text: 'What `dmarc.check` gives.',
        fields: [
          { name: 'result', type: 'dmarc.result', text: 'one of `dmarc.result`' },
          {
            name: 'policy',
            type: 'string',
            text: '`none`, `quarantine` or `reject`: what to apply; `none` when the result is not fail',
          },
          {
            name: 'published',
            type: 'string?',
            text: 'the same for a message of this author that fails, after sp=, np= and t=y',
          },
          { name: 'domain', type: 'string?', text: 'the author domain, A-labels, lower case' },
          { name: 'organisation', type: 'string?', text: 'its organisational domain' },
          { name: 'policy_domain', type: 'string?', text: 'where the record stands' },
          { name: 'spf', type: 'string?', text: 'the domain that SPF passed for, when it is aligned' },
          {
            name: 'dkim',
            type: 'string?',
            text: 'the domain of a signature that passed, when it is aligned',
          },
          { name: 'record', type: 'string?', text: 'the record as published, any octets' },
          { name: 'testing', type: 'boolean', text: 't=y: the domain is trying out' },
          {
            name: 'cause',
            type: 'string',
            text: '`no_author`, `several_authors`, `no_record`, `not_aligned`, `dns` or `ok`',
          },
        ],
      },
    ],
  });
