// Lua module `arc`: the Authenticated Received Chain of the message being received (doc/reference/arc.md).
import { luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { LuaFunction, type LuaRecord } from '../../lua-api/value.ts';
import { trustedResults } from '../../mail-auth/arc/trusted-results.ts';
import type { ArcResult } from '../../mail-auth/arc/verify.ts';
import { resultsToLua } from './results-to-lua.ts';
import { type SealParts, sealFunction } from './seal.ts';
import { textsOfAll, wrong } from './words.ts';

function toLua(chain: ArcResult): LuaRecord {
  const { result, cause, instance, sealers, oldestPass: oldest_pass } = chain;
  const list = sealers.map(({ domain, selector, result: own }) => ({ domain, selector, result: own }));
  return { result, cause, instance, oldest_pass, sealers: list, results: resultsFunction(chain) };
}

const domains: Param<readonly string[]> = {
  name: 'domains',
  type: 'string[]',
  fallback: undefined,
  text: 'Whose seals are trusted.',
  read(value) {
    const texts = textsOfAll(value);
    return texts === undefined ? wrong('table of strings') : { ok: true, value: texts };
  },
};

/** What strangers wrote is given to nobody who does not say whom he trusts. */
const resultsFunction = (chain: ArcResult): LuaFunction =>
  new LuaFunction(
    luaFunction({
      name: 'results',
      params: [domains],
      text: 'What the first sealer found, when all are trusted.',
      call: (_context, trusted) => {
        const recorded = trustedResults(chain, trusted);
        return [recorded && resultsToLua(recorded)];
      },
    }),
  );

const noChain: ArcResult = {
  ...{ result: 'none', cause: 'ok', instance: 0, sealers: [] },
  ...{ oldestPass: undefined, isRecorded: false },
};

export const createArcModule = (parts: SealParts): ModuleSpec =>
  luaModule({
    name: 'arc',
    text:
      'The chain that forwarders and mailing lists leave in a message (RFC 8617): what each found when the message came to it. A chain that ' +
      'passes is as those who sealed it left it; whether they say the truth is a matter of trust. Nothing that a stranger sent raises an error.',
    tables: [
      {
        name: 'result',
        text: 'What is said of a chain.',
        reverse: false,
        isClosed: true,
        constants: [
          { name: 'NONE', value: 'none', text: 'the message has none' },
          {
            name: 'PASS',
            value: 'pass',
            text: 'all seals and the newest signature over the message are right',
          },
          { name: 'FAIL', value: 'fail', text: 'they are not' },
        ],
      },
    ],
    functions: [
      sealFunction(parts),
      luaFunction({
        name: 'verify',
        params: [],
        results: [{ name: 'chain', type: 'arc_chain', text: 'What was found.' }],
        suspends: true,
        text:
          'Verifies the chain of the message as it was received, with the rules of `dkim.verify` about when to ask and what counts. All seals ' +
          'and the newest signature over the message are verified, up to 50 sets. A key that could not be asked for is `fail` with the cause ' +
          '`temperror`: there is no such result in ARC, but it may pass later.',
        examples: [
          "-- A list that we trust broke the signature; before that it was right.\nlocal function was_aligned(chain)\n  for _, found in ipairs(chain.results { 'lists.example.org' } or {}) do\n    if found.method == 'dmarc' and found.result == 'pass' then return true end\n  end\nend\n\nfunction hook.dot()\n  if dmarc.check().result == dmarc.result.FAIL and not was_aligned(arc.verify()) then\n    return '550 5.7.1 not sent by who it says'\n  end\nend",
          "function hook.dot()\n  local chain = arc.verify()\n  if chain.result == arc.result.PASS then\n    syslog.info('sealed by ' .. chain.sealers[1].domain)\n  end\nend",
        ],
        call: (context) => parts.verifiers.arc(context, toLua) ?? [toLua(noChain)],
      }),
    ],
    records: [
      {
        name: 'arc_seal',
        text: 'What `arc.seal` takes.',
        fields: [
          { name: 'domain', type: 'string', text: 'd=: who seals' },
          {
            name: 'selector',
            type: 'string',
            text: 's=: the key is published at `SELECTOR._domainkey.DOMAIN`',
          },
          { name: 'key', type: 'string', text: 'as for `dkim.sign`' },
          {
            name: 'authserv_id',
            type: 'string?',
            text: 'our name in ARC-Authentication-Results; nil: option `authserv-id`, else our host name',
          },
        ],
      },
      {
        name: 'arc_chain',
        text: 'What `arc.verify` gives.',
        fields: [
          { name: 'result', type: 'arc.result', text: 'one of `arc.result`' },
          {
            name: 'cause',
            type: 'string',
            text: 'why it fails: `structure`, `temperror`, or a word of `dkim.cause` about the first signature that is not right; else `ok`',
          },
          { name: 'instance', type: 'integer', text: 'the highest number of a set; 0 for none' },
          {
            name: 'sealers',
            type: 'arc_sealer[]',
            text: 'from the newest; empty when the sets are in no order',
          },
          {
            name: 'oldest_pass',
            type: 'integer?',
            text: 'of a chain that passes: the oldest set whose signature over the message is still right, 0 for all; else nil',
          },
          {
            name: 'results',
            type: 'fun(domains: string[]): auth_result[]?',
            text:
              '`chain.results(domains)`: what the first sealer found when the message came to it (as `results` of `auth.parse`), for a chain ' +
              'that passes and whose sealers are all in the array; else nil. Strangers wrote it: it is as true as they are honest',
          },
        ],
      },
      {
        name: 'arc_sealer',
        text: 'Who has sealed.',
        fields: [
          { name: 'domain', type: 'string', text: 'd= of the seal, lower case' },
          { name: 'selector', type: 'string', text: 's=' },
          { name: 'result', type: 'string', text: '`pass` or `fail`: this seal alone' },
        ],
      },
    ],
  });
