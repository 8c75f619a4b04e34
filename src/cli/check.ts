// Verb `check`: reads the options (done before), the policy and the shadow policy with their modules, looks at their text, runs the file level and hook.init
// where nobody can be reached and no command is started. Calls no other hook. With +net those whom options and policy name are asked whether they
// answer. Exit code 0 when all is well.
import { createApp } from '../app.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { silentWriter } from '../base/log.ts';
import { openResolver } from '../dns/resolver.ts';
import { openEventLog } from '../observe/event-log.ts';
import type { Options } from '../options/options.ts';
import { checkPolicy } from '../policy/check-policy.ts';
import { checkNet } from './check-net.ts';
import { type CheckReport, emptyReport, exitOf, jsonOf, policyReport, summaryOf } from './check-report.ts';
import { exitCode } from './exit-code.ts';
import { certificateWarnings, loadTls } from './load-tls.ts';
import { noNetwork } from './no-network.ts';
import { complain, print } from './problems.ts';
import { findScript, spoolProblem } from './start-checks.ts';
import { checkPlaces } from './start-places.ts';
import { tryAsUser } from './start-rights.ts';
import { openSecrets } from './start-warnings.ts';
import { unusableProblems } from './user-checks.ts';

export interface CheckSettings {
  /** One JSON object on stdout instead of texts. */
  readonly json: boolean;
  /** Ask whether those that are named answer. */
  readonly net: boolean;
  /** Said at the end; of what was taken as the policy. */
  readonly note: string | undefined;
}

export async function check(given: Options, settings: CheckSettings): Promise<number> {
  // As at a start: keys are read with the rights that it has.
  const tls = await loadTls(given);
  const rights = await tryAsUser(given);
  if (rights !== undefined) {
    return tell({ ...emptyReport, problems: [rights], code: exitCode.usage }, settings);
  }
  const problems: string[] = [];
  const spool = await spoolProblem(given);
  if (spool !== undefined) problems.push(spool);
  if (tls.kind === 'wrong') problems.push(...tls.problems);
  const places = await checkPlaces(given);
  problems.push(...places.problems);
  problems.push(
    ...(await unusableProblems(given, given.values.user || String(process.getuid?.() ?? 'this one'))),
  );
  const script = await findScript(given);
  if (script.kind === 'missing') {
    const report = { ...emptyReport, problems: [...problems, script.problem], code: exitCode.software };
    return tell(report, settings);
  }
  const log = openEventLog(silentWriter);
  const app = await createApp({ options: given.fork(), log, onBroken: () => undefined }, noNetwork(given));
  const certificates =
    tls.kind === 'loaded' ? certificateWarnings(tls.contexts, app.hostName, systemClock.now()) : [];
  const scripts = await app.authScripts.prepare(given);
  const push = await app.pushScripts.prepare(given);
  const load = await app.loadScripts.prepare(given);
  const files = [...(await checkPolicy(app.place(script)))];
  const shadow = given.values['shadow-script'] === '' ? undefined : await findScript(given, 'shadow-script');
  if (shadow?.kind === 'missing') problems.push(shadow.problem);
  if (shadow?.kind === 'found') files.push(...(await checkPolicy(app.place(shadow))));
  const ready = [scripts, push, load].flatMap((one) => (one.kind === 'prepared' ? [one] : []));
  for (const one of ready) one.giveUp();
  app.close();
  const broken = [scripts, push, load].flatMap((one) => (one.kind === 'failed' ? [one.message] : []));
  const policy = policyReport(files);
  const resolver = settings.net
    ? await openResolver({ options: given, log, clock: systemClock, random: systemRandom })
    : undefined;
  const net =
    resolver === undefined
      ? undefined
      : await checkNet(given, policy.asks, { log, random: systemRandom, resolver });
  resolver?.close();
  const report: CheckReport = {
    ...policy,
    problems: [...problems, ...broken],
    code: broken.length > 0 ? exitCode.software : undefined,
    warnings: [
      ...policy.warnings,
      ...places.warnings,
      ...ready.flatMap((one) => one.warnings),
      ...[...certificates, ...(await openSecrets(given))].map(({ cause, file }) => `${file}: ${cause}`),
    ],
    scripts: ready.flatMap((one) => one.found),
    net,
  };
  return tell(report, settings);
}

async function tell(report: CheckReport, { json, note }: CheckSettings): Promise<number> {
  if (json) {
    await print(`${jsonOf(report)}\n`);
    return exitOf(report);
  }
  const failed = (report.net ?? []).filter(({ problem }) => problem !== undefined);
  await complain([
    ...report.problems,
    ...report.mistakes,
    ...failed.map(({ place, problem, what }) => `${place}: ${what}: ${problem}`),
    ...report.warnings.map((text) => `warning: ${text}`),
  ]);
  const summary = summaryOf(report);
  await complain(summary.stderr);
  await print(summary.stdout.map((line) => `${line}\n`).join(''));
  if (note !== undefined) await complain([`note: ${note}`]);
  return exitOf(report);
}
