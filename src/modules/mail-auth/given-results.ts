// Results of spf.check, dkim.verify, dmarc.check and arc.verify as a policy hands them back: read as arguments, so that a table that is none of them is
// a mistake of the policy and not a header that says something else.
import type { Param, ReadResult } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { arcResults } from '../../mail-auth/arc/verify.ts';
import type {
  ArcFacts,
  arcEntry,
  dkimEntries,
  dmarcEntry,
  spfEntry,
} from '../../mail-auth/auth-results/write.ts';
import { dkimCauses, dkimResults } from '../../mail-auth/dkim/result.ts';
import { dmarcPolicies, dmarcResults } from '../../mail-auth/dmarc/result.ts';
import { spfResults } from '../../mail-auth/spf/result.ts';
import { Fields, fieldsOfAll, wrong } from './words.ts';

export type GivenSpf = Parameters<typeof spfEntry>[0];
export type GivenDkim = Parameters<typeof dkimEntries>[0][number];
export type GivenDmarc = Parameters<typeof dmarcEntry>[0];
export type GivenArc = Parameters<typeof arcEntry>[0] & ArcFacts;

export function readSpf(value: LuaValue): ReadResult<GivenSpf> {
  const fields = Fields.of(value);
  const result = fields?.word('result', spfResults);
  const scope = fields?.word('scope', ['mfrom', 'helo']);
  if (fields === undefined || result === undefined || scope === undefined)
    return wrong('result of spf.check');
  return { ok: true, value: { result, scope, domain: fields.text('domain') ?? '' } };
}

export function readDkim(value: LuaValue): ReadResult<readonly GivenDkim[]> {
  const expected = 'results of dkim.verify';
  const list = fieldsOfAll(value);
  if (list === undefined) return wrong(expected);
  const results: GivenDkim[] = [];
  for (const fields of list) {
    const result = fields.word('result', dkimResults);
    const cause = fields.word('cause', dkimCauses);
    if (result === undefined || cause === undefined) return wrong(expected);
    results.push({
      result,
      cause,
      domain: fields.text('domain'),
      identity: fields.text('identity'),
      selector: fields.text('selector'),
      algorithm: fields.text('algorithm'),
      b: fields.text('b') ?? '',
    });
  }
  return { ok: true, value: results };
}

export function readDmarc(value: LuaValue): ReadResult<GivenDmarc> {
  const fields = Fields.of(value);
  const result = fields?.word('result', dmarcResults);
  if (fields === undefined || result === undefined) return wrong('result of dmarc.check');
  const published = fields.word('published', dmarcPolicies);
  return { ok: true, value: { result, domain: fields.text('domain'), published } };
}

export function readArc(value: LuaValue): ReadResult<GivenArc> {
  const fields = Fields.of(value);
  const result = fields?.word('result', arcResults);
  if (fields === undefined || result === undefined) return wrong('result of arc.verify');
  return { ok: true, value: { result, oldestPass: fields.integer('oldest_pass') } };
}

/** An argument that may be left out. */
export function optionalResult<T>(
  name: string,
  type: string,
  text: string,
  read: (value: LuaValue) => ReadResult<T>,
): Param<T | undefined> {
  return {
    name,
    type,
    fallback: 'nil',
    text,
    read: (value) => (value === undefined || value === null ? { ok: true, value: undefined } : read(value)),
  };
}
