// Verb `check`: reads the options (done before) and the policy with its modules, looks at their text, runs the file level and hook.init
// where nobody can be reached and no command is started. Calls no other hook. Exit code 0 when all is well.
import { createApp } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { silentWriter } from '../base/log.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Options } from '../options/options.ts';
import { checkPolicy } from '../policy/current-policy.ts';
import { exitCode } from './exit-code.ts';
import { certificateWarnings, loadTls } from './load-tls.ts';
import { noNetwork } from './no-network.ts';
import { complain, print } from './problems.ts';
import { findScript, spoolProblem } from './start-checks.ts';
import { tryAsUser } from './start-rights.ts';
import { unusableProblems } from './user-checks.ts';

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

export async function check(given: Options): Promise<number> {
  // As at a start: keys are read with the rights that it has.
  const tls = await loadTls(given);
  const rights = await tryAsUser(given);
  if (rights !== undefined) {
    await complain([rights]);
    return exitCode.usage;
  }
  const problems: string[] = [];
  const spool = await spoolProblem(given);
  if (spool !== undefined) problems.push(spool);
  if (tls.kind === 'wrong') problems.push(...tls.problems);
  problems.push(
    ...(await unusableProblems(given, given.values.user || String(process.getuid?.() ?? 'this one'))),
  );
  const script = await findScript(given);
  if (script.kind === 'missing') {
    await complain([...problems, script.problem]);
    return exitCode.software;
  }
  const app = await createApp(
    { options: given.fork(), log: openEventLog(silentWriter), onBroken: () => undefined },
    noNetwork(given),
  );
  const certificates =
    tls.kind === 'loaded' ? certificateWarnings(tls.contexts, app.hostName, systemClock.now()) : [];
  const scripts = await app.authScripts.prepare(given);
  const push = await app.pushScripts.prepare(given);
  const outcome = await checkPolicy(app.place(script.path));
  for (const one of [scripts, push]) if (one.kind === 'prepared') one.giveUp();
  app.close();
  if (outcome.kind === 'failed' || scripts.kind === 'failed' || push.kind === 'failed') {
    const broken = [scripts, push, outcome].flatMap((one) => (one.kind === 'failed' ? [one.message] : []));
    await complain([...problems, ...broken]);
    return exitCode.software;
  }
  const { hooks, refused, tolerated, findings } = outcome;
  // Those with a line have the file in front already.
  const placed = (text: string): string => (/^\S+:\d+:/.test(text) ? text : `${script.path}: ${text}`);
  const mistakes = [...refused.map(placed), ...findings.mistakes];
  const warnings = [
    ...tolerated.map(placed),
    ...findings.warnings,
    ...scripts.warnings,
    ...push.warnings,
    ...certificates.map(({ cause, file }) => `${file}: ${cause}`),
  ];
  await complain([...problems, ...mistakes, ...warnings.map((text) => `warning: ${text}`)]);
  if (mistakes.length > 0) {
    await complain([`${count(mistakes.length, 'mistake')}, ${count(warnings.length, 'warning')}`]);
    return exitCode.software;
  }
  const found = hooks.length === 0 ? 'no hooks' : `hooks ${hooks.join(' ')}`;
  const warned = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
  const others = [...scripts.found, ...push.found].map(
    ({ path, functions }) => `${path}: no mistake found; functions ${functions.join(' ') || '(none)'}\n`,
  );
  await print([`${script.path}: no mistake found${warned}; ${found}\n`, ...others].join(''));
  return problems.length === 0 ? exitCode.ok : exitCode.system;
}
