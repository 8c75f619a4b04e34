// smtpe beside postfix and aiosmtpd on the same inputs: the classes of the replies are the same, or the difference stands in a list with
// its reason. An entry of the list that is no difference any more fails as well.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith, findProgram } from './needs.ts';
import { converse } from './peers/converse.ts';
import { peerDifferences } from './peers/differences.ts';
import { inputs, type Place } from './peers/inputs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

/** alice with secret, as aiosmtpd_server.py has it: PLAIN without and with an identity to act for, LOGIN. */
const POLICY = `
local right = { ['AGFsaWNlAHNlY3JldA=='] = true, ['YWxpY2UAYWxpY2UAc2VjcmV0'] = true, ['YWxpY2U= c2VjcmV0'] = true }
function hook.auth(line)
  if right[line:match('^%a+ %a+ (.*)$')] then return '235 2.7.0 welcome' end
end
function hook.forward() return '250 2.0.0 taken' end
`;
/** Cases at once. */
const AT_ONCE = 8;

/** The interpreter of a Python program: the one that has its modules. */
function pythonOf(program: string): string {
  const script = readFileSync(findProgram(program) ?? program, 'utf8');
  return /^#!\s*(\S+)/.exec(script)?.[1] ?? 'python3';
}

/** What is asked where, as text that can be read. */
const named = (place: Place, input: string): string => {
  const shown = JSON.stringify(input).replace(/(.{60})(.*)(.{20})/s, (_, head, middle, tail) =>
    middle.length > 60 ? `${head}...(${middle.length})...${tail}` : head + middle + tail,
  );
  return `${place} ${shown}`;
};

describeWith([...postfixNeeds, 'aiosmtpd'], 'smtpe beside postfix and aiosmtpd', () => {
  let smtpe: WholeServer;
  let postfix: Postfix;
  let aiosmtpd: ChildProcess;
  const ports: number[] = [];

  beforeAll(async () => {
    smtpe = await WholeServer.start({
      policy: POLICY,
      options: { 'smtp-max-size': '1000000', 'smtp-utf8': '+', 'smtp-dsn': '+' },
    });
    postfix = await startPostfix(`smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_forbid_bare_newline = no
smtpd_forbid_unauth_pipelining = no`);
    aiosmtpd = spawn(pythonOf('aiosmtpd'), [join(import.meta.dirname, 'peers/aiosmtpd_server.py')], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line] = (await once(aiosmtpd.stdout ?? aiosmtpd, 'data')) as [Buffer];
    ports.push(smtpe.port, postfix.port, Number(String(line)));
  });
  afterAll(async () => {
    aiosmtpd?.stdin?.end();
    await postfix?.stop();
    await smtpe?.stop();
  });

  it('gives replies of the same class, but where the list says why not', async () => {
    const cases = (Object.keys(inputs) as Place[]).flatMap((place) =>
      inputs[place].map((input) => ({ place, input })),
    );
    expect(cases.length).toBeGreaterThanOrEqual(350);
    expect(new Set(cases.map(({ place, input }) => `${place} ${input}`)).size).toBe(cases.length);
    const found = new Map<string, string>();
    const queue = [...cases];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { place, input } = next;
        const answers = await Promise.all(ports.map((port) => converse(port, place, input)));
        if (new Set(answers).size > 1) found.set(named(place, input), answers.join(' | '));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const listed = peerDifferences.flatMap(({ inputs: all }) =>
      all.map(([place, input, ...answers]): [string, string] => [named(place, input), answers.join(' | ')]),
    );
    const sorted = (entries: Iterable<[string, string]>): Record<string, string> =>
      Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(listed.length).toBe(new Map(listed).size);
    expect(sorted(found)).toEqual(sorted(listed));
  }, 120_000);
});
