// Lua module `spf`: may this client send mail for this domain (doc/reference/spf.md)?
import { luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { optionalBytes } from '../../lua-api/params.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import { spfLimits } from '../../mail-auth/spf/check.ts';
import type { SpfResult, SpfResultWord } from '../../mail-auth/spf/result.ts';
import type { SpfChecks } from './spf-checks.ts';
import { wordTable } from './words.ts';

const resultTexts: Readonly<Record<SpfResultWord, string>> = {
  none: 'there is no domain to check, or it has no record',
  neutral: 'the domain says nothing about this client',
  pass: 'the client may send for the domain',
  fail: 'it may not',
  softfail: 'it probably may not',
  temperror: 'a look-up failed; it may be known later',
  permerror: 'the record is wrong, or costs too many look-ups',
};

function toLua({
  result,
  domain,
  scope,
  mechanism,
  explanation,
  cause,
  lookups,
  voids,
}: SpfResult): LuaRecord {
  return { result, domain, scope, mechanism, explanation, cause, lookups, voids };
}

export const createSpfModule = (checks: SpfChecks): ModuleSpec =>
  luaModule({
    name: 'spf',
    text:
      'Whether a client may send mail for a domain, as the domain says in DNS (Sender Policy Framework, RFC 7208). It is about the envelope, not about ' +
      'the From header that people see: that is `dmarc`. Whatever a stranger published, nothing raises an error.',
    tables: [wordTable('result', 'What is said of a client (RFC 7208, 2.6).', resultTexts)],
    functions: [
      luaFunction({
        name: 'check',
        params: [
          optionalBytes('ip', 'Address of the client. Default: `client.address`.', undefined),
          optionalBytes('helo', 'Its name. Default: the argument of HELO or EHLO.', undefined),
          optionalBytes(
            'sender',
            'Address whose domain is checked. Default: the sender of the transaction. With the null sender, or none yet, HELO is checked.',
            undefined,
          ),
        ],
        results: [{ name: 'result', type: 'spf_result', text: 'What was found.' }],
        suspends: true,
        text:
          `Checks the domain. To be asked from \`hook.helo\` on. It costs at most ${spfLimits.terms} terms that look up, ${spfLimits.voids} look-ups that find nothing and ` +
          `${spfLimits.queries} queries, within \`spf-timeout\`: a record that needs more is \`permerror\`, time that runs out \`temperror\`. ` +
          'Asked twice in a transaction with the same arguments it looks up once. Raises an error only without an address where no client is.',
        examples: [
          "function hook.mail(sender, domain)\n  local found = spf.check()\n  if found.result == spf.result.FAIL then\n    return '550 5.7.23 SPF: this host may not send for ' .. found.domain\n  end\nend",
          "local found = spf.check('192.0.2.1', 'localhost', '')\nassert(found.result == spf.result.NONE and found.scope == 'helo')",
        ],
        call: (context, ip, helo, sender) => {
          const asked = {
            ...(ip === undefined ? {} : { ip }),
            ...(helo === undefined ? {} : { helo }),
            ...(sender === undefined ? {} : { sender }),
          };
          const { result, cancel } = checks.check(context, asked);
          if (!(result instanceof Promise)) return [toLua(result)];
          return {
            kind: 'suspension',
            describe: () => 'spf.check',
            done: result.then((late) => [toLua(late)]),
            cancel,
          };
        },
      }),
    ],
    records: [
      {
        name: 'spf_result',
        text: 'What `spf.check` gives.',
        fields: [
          { name: 'result', type: 'spf.result', text: 'one of `spf.result`' },
          {
            name: 'domain',
            type: 'string',
            text: 'the domain that was checked, A-labels, lower case; empty for none',
          },
          { name: 'scope', type: 'string', text: '`mfrom`, or `helo` when HELO was checked' },
          {
            name: 'mechanism',
            type: 'string?',
            text: 'the term that decided, as it stands in the record (`ip4:192.0.2.0/24`, `all`); `default` when none did',
          },
          {
            name: 'explanation',
            type: 'string?',
            text: `for fail: what the domain says about it, printable ASCII, at most ${spfLimits.explanation} octets. A stranger wrote it`,
          },
          { name: 'cause', type: 'string?', text: 'for temperror and permerror: why, in printable ASCII' },
          { name: 'lookups', type: 'integer', text: 'terms that looked something up' },
          { name: 'voids', type: 'integer', text: 'look-ups that found nothing' },
        ],
      },
    ],
  });
