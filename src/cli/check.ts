// Verb `check`: reads the options (done before) and the policy, runs its file level and looks at its hooks. Starts nothing, calls no hook.
// Exit code 0 when all is well.
import { createApp } from '../app.ts';
import { systemClock, systemRandom } from '../ops/clock.ts';
import { silentLog } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { checkPolicy } from '../policy/current-policy.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { findScript, spoolProblem } from './surroundings.ts';

export async function check(options: Options): Promise<number> {
  const problems: string[] = [];
  const spool = await spoolProblem(options);
  if (spool !== undefined) problems.push(spool);
  const script = await findScript(options);
  if (script.kind === 'missing') {
    await complain([...problems, script.problem]);
    return exitCode.software;
  }
  const app = await createApp({
    ...{ options, log: silentLog, clock: systemClock, random: systemRandom },
    onBroken: () => undefined,
  });
  const outcome = await checkPolicy(app.place(script.path));
  app.close();
  if (outcome.kind === 'failed') problems.push(outcome.message);
  const mistakes = outcome.kind === 'failed' ? [] : [...outcome.refused, ...outcome.unknown];
  problems.push(...mistakes.map((text) => `${script.path}: ${text}`));
  if (outcome.kind === 'failed' || mistakes.length > 0) {
    await complain(problems);
    return exitCode.software;
  }
  const { hooks } = outcome;
  const found = hooks.length === 0 ? 'no hooks' : `hooks ${hooks.join(' ')}`;
  await print(`${script.path}: no mistake found; ${found}\n`);
  await complain([...outcome.tolerated.map((text) => `${script.path}: ${text}`), ...problems]);
  return problems.length === 0 ? exitCode.ok : exitCode.system;
}
