import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { systemClock, systemRandom } from '../../../src/ops/clock.ts';
import { silentLog } from '../../../src/ops/log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { unknownNames } from '../../../src/policy/unknown-names.ts';

const app = await createApp({
  ...{ options: createOptions(), log: silentLog, clock: systemClock, random: systemRandom },
  onBroken: () => undefined,
});
const { modules } = app.place('p.lua');
app.close();
const found = (source: string): readonly string[] => unknownNames(source, modules);

describe('unknownNames', () => {
  it.each([
    ['net.contain_ip(a, b)', 'line 1: there is no net.contain_ip; did you mean net.contains_ip?'],
    ['\n\nx = dns.type.AAAAA', 'line 3: there is no dns.type.AAAAA; did you mean dns.type.AAAA?'],
    [
      'service.http.requests(u)',
      'line 1: there is no service.http.requests; did you mean service.http.request?',
    ],
    ['syslog.warn("x")', 'line 1: there is no syslog.warn'],
    ['if mime.part then end', 'line 1: there is no mime.part; did you mean mime.parts?'],
    ['return client.adress', 'line 1: there is no client.adress; did you mean client.address?'],
  ])('%s', (source, problem) => {
    expect(found(source)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [
      'names that are there',
      'net.contains_ip(dns.type.A, service.http.code.OK, client.host, mime.parts[1].md5_encoded, uri.found)',
    ],
    ['strings and comments', 'x = "net.nothing" -- net.nothing\n--[[ dns.nothing ]] y = [[text.nothing]]'],
    ['fields of other things', 'conn.net.nothing = my.dns.nothing'],
    ['a local of that name', 'local net = {} ; net.mine()'],
    ['a parameter of that name', 'function f(uri) return uri.mine end'],
    ['an alias', 'local d = dns ; d.open() ; dns.mine()'],
    ['fields that the policy adds', 'client.seen = 1 ; return client.seen'],
    ['functions that the policy adds', 'function net.mine() end ; net.mine()'],
    ['source that is no Lua', 'net. = = dns'],
  ])('says nothing of %s', (_what, source) => {
    expect(found(source)).toEqual([]);
  });

  it('says nothing of the policies that come with smtpe', async () => {
    const etc = join(import.meta.dirname, '../../../etc');
    const examples = (await readdir(join(etc, 'examples'))).map((name) => join(etc, 'examples', name));
    for (const path of [join(etc, 'smtpe.lua'), ...examples]) {
      expect(found(await readFile(path, 'latin1')), path).toEqual([]);
    }
  });
});
