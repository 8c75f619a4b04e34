// Which files a policy stands among, by the option file beside it: a path is the same file in every way to write it.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withOthers } from '../../../src/bench/find-tests.ts';

const here = process.cwd();

describe('withOthers', () => {
  const ways = [
    'mx/policy.lua',
    './mx/policy.lua',
    'mx/../mx/policy.lua',
    'mx//policy.lua',
    join(here, 'mx/policy.lua'),
  ];
  const lists: readonly (readonly [string, string])[] = [
    ['guard.lua policy.lua', 'mx/guard.lua'],
    ['./guard.lua ./policy.lua', 'mx/guard.lua'],
    [`${join(here, 'mx/guard.lua')} ${join(here, 'mx/policy.lua')}`, join(here, 'mx/guard.lua')],
    ['/etc/guard.lua policy.lua', '/etc/guard.lua'],
  ];

  it.each(ways.flatMap((way) => lists.map((list) => [way, ...list] as const)))(
    '%s stands among %s',
    (path, script, first) => {
      expect(withOthers({ path, more: [] }, 'mx/smtpe.cf', script)).toEqual({ path: first, more: [path] });
    },
  );

  it.each(['', 'guard.lua other.lua', '/policy.lua', '../policy.lua', join(here, 'policy.lua')])(
    'alone, when it is not among %j',
    (script) => {
      const policy = { path: 'mx/policy.lua', more: [] };
      expect(withOthers(policy, 'mx/smtpe.cf', script)).toBe(policy);
      expect(withOthers(policy, undefined, 'policy.lua guard.lua')).toBe(policy);
    },
  );
});
