// Whoever breaks a policy is told by its test, with the line of the policy that did it. Ten ways to break etc/examples/mail-filter.lua and its like.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchRun } from '../../fakes/bench-run.ts';

const root = join(import.meta.dirname, '../../..');
const textOf = (name: string): string => readFileSync(join(root, 'etc/examples', name), 'latin1');

const policy = textOf('mail-filter.lua');
const test = textOf('mail-filter_test.lua');

interface Mutation {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  /** Cases that fail at least, and something that the report says. */
  readonly fails: string;
  readonly says: RegExp;
}

const mutations: readonly Mutation[] = [
  {
    what: 'one list is enough',
    from: 'if #listed >= 2 then',
    to: 'if #listed >= 1 then',
    fails: 'one list marks',
    says: /-> drop, 554 5\.7\.1 192\.0\.2\.7 is listed by zen\.example +mail-filter\.lua:89$/m,
  },
  {
    what: 'a name that does not exist',
    from: 'local clamd = result.clamd',
    to: 'local clamd = result.clamdd',
    fails: 'good mail is taken and marked',
    says: /-> 451 4\.7\.1 .* +mail-filter\.lua:132$/m,
  },
  {
    what: 'an error of Lua',
    from: "local status = 'unknown'",
    to: 'local status = nothing.here',
    fails: 'good mail is taken and marked',
    says: /-> .*mail-filter\.lua:140: attempt to index a nil value \(global 'nothing'\)/,
  },
  {
    what: 'results in the wrong order',
    from: "return true, '421 4.4.3 cannot look up ' .. ip .. ' now, please try again'",
    to: "return '421 4.4.3 cannot look up ' .. ip, true",
    fails: 'who cannot be looked up comes back',
    says: /-> hook\.accept returned .*421 4\.4\.3 cannot look up.* mail-filter\.lua:93$/m,
  },
  {
    what: 'a hook that is not called that',
    from: 'function hook.header(line)',
    to: 'function hook.haeder(line)',
    fails: '',
    says: /hook\.haeder is never called: there is no such hook; did you mean hook\.header\?/,
  },
  {
    what: 'a virus that is marked only',
    from: 'if clamd.is_infected then',
    to: 'if false and clamd.is_infected then',
    fails: 'a virus is refused, by its name',
    says: /clamd \S+ {2}FOUND Eicar-Signature[\s\S]*-> nothing +mail-filter\.lua:15\d$/m,
  },
  {
    what: 'another limit',
    from: 'local REFUSE_AT = 15',
    to: 'local REFUSE_AT = 1500',
    fails: 'spam is refused or marked, by its score',
    says: /spamd \S+ {2}spam 1000\/5[\s\S]*-> nothing +mail-filter\.lua:15\d$/m,
  },
  {
    what: 'headers of the sender that stay',
    from: 'header.delete(name, 1)',
    to: 'local _ = name',
    fails: 'good mail is taken and marked',
    says: /mail-filter_test\.lua:\d+: assertion failed|line \d+: what the sender says of it stays/,
  },
  {
    what: 'a scanner of which the test knows nothing',
    from: "service.spamd(path, SPAMD, 'SYMBOLS', nil, TIMEOUT)",
    to: 'service.rspamd(path, SPAMD)',
    fails: 'good mail is taken and marked',
    says: /rspamd \S+ {2}error: no fake answers it +mail-filter\.lua:12\d[\s\S]*say what service\.rspamd answers: +t\.rspamd \{ default = 0 \}/,
  },
  {
    what: 'a hook that never ends',
    from: '  if spamd == nil or spamd.error then',
    to: "  while status ~= 'unknown' or true do end if spamd == nil or spamd.error then",
    fails: 'good mail is taken and marked',
    says: /mail-filter\.lua:141: used more than/,
  },
];

describe.each(mutations)('$what', ({ fails, from, says, to }) => {
  it('fails the test, and the report names the line', async () => {
    expect(policy).toContain(from);
    const { files, text } = await benchRun(
      { 'mail-filter.lua': policy.replace(from, () => to), 'mail-filter_test.lua': test },
      // Milliseconds: one of them never ends.
      ['hook-cpu-limit=200'],
    );
    if (fails === '') expect(files[0]?.problem).toBeDefined();
    else expect(text).toMatch(new RegExp(`FAIL {2}${fails}`));
    expect(text).toMatch(says);
  });
});

it('without a mistake all is well', async () => {
  const { text } = await benchRun({ 'mail-filter.lua': policy, 'mail-filter_test.lua': test });
  expect(text).not.toContain('FAIL');
});
