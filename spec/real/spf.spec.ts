// SPF beside pyspf: the same answers about random records.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSpf } from '../../src/mail-auth/spf/check.ts';
import { SuiteRecords, type SuiteZone } from '../fakes/mail-auth-zone.ts';
import { spfTask } from '../fakes/spf-records.ts';

/** pyspf looks for that before it evaluates anything; to RFC 7208 it is one look-up too many, if it comes to it. */
function includesItself(records: SuiteZone): boolean {
  return Object.entries(records).some(([at, entry]) =>
    entry.records.some(({ strings = [] }) => {
      const targets = [...strings.join('').matchAll(/include:(\S+)/gi)].map(([, target]) => target);
      return targets.some((target) => target === at || /^%\{(?:d2?|o|h)\}$/.test(target ?? ''));
    }),
  );
}

describe.skipIf(!existsSync('/usr/lib/python3/dist-packages/spf.py'))(
  'pyspf (skipped without python3-spf)',
  () => {
    it('says the same of random records', async () => {
      const tasks = fc.sample(spfTask, { numRuns: 3000, seed: 7208 });
      // Debian's own Python: only that has its packages.
      const out = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'peers/spf_opinions.py')], {
        input: JSON.stringify(tasks),
        maxBuffer: 1e8,
        timeout: 50_000,
      });
      const theirs: string[] = JSON.parse(out.toString('utf8'));
      const different: unknown[] = [];
      const seen = new Map<string, number>();
      for (const [i, { zone: records, ip, mailfrom: sender, helo }] of tasks.entries()) {
        const lookup = new SuiteRecords(records);
        const ours = await checkSpf({ ip, sender, helo }, { lookup, receiver: 'mx.example.org', now: 0 });
        seen.set(ours.result, (seen.get(ours.result) ?? 0) + 1);
        if (
          ours.result !== theirs[i] &&
          ours.voids < 2 &&
          !(theirs[i] === 'permerror' && includesItself(records))
        )
          different.push({
            ours,
            theirs: theirs[i],
            ip,
            sender,
            helo,
            texts: Object.entries(records).flatMap(([at, entry]) =>
              entry.records.flatMap(({ strings }) =>
                strings === undefined ? [] : [`${at}: ${strings.join('')}`],
              ),
            ),
          });
      }
      expect(different).toEqual([]);
      // Records that mean nothing would prove nothing.
      for (const word of ['pass', 'fail', 'softfail', 'neutral', 'none', 'permerror'])
        expect(seen.get(word)).toBeGreaterThan(20);
    });
  },
);
