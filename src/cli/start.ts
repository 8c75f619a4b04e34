// Starts smtpe: the command line says what to do, the options how, and a verb does it. A worker does none of that: its main process tells
// it by what options it serves.

import { systemClock } from '../base/clock.ts';
import { traceOf } from '../base/errors.ts';
import { findShadowLine } from '../ops/fork-shadow.ts';
import { findWorkerLine } from '../ops/fork-worker.ts';
import { leave } from '../ops/leave.ts';
import { helpText } from '../options/help-text.ts';
import { loadOptions } from '../options/load-options.ts';
import type { EarlySignals } from './early-signals.ts';
import { exitCode } from './exit-code.ts';
import { help } from './help.ts';
import { infoText, versionText } from './info.ts';
import { complain, print } from './problems.ts';
import { readOptionFile } from './read-option-file.ts';
import { run } from './run.ts';
import { runWorker } from './run-worker.ts';
import { settleSpoolDirectory } from './spool-directory.ts';
import { toleratedProblems } from './tolerated-problems.ts';
import { isOffline } from './trace-words.ts';
import { type CommandLine, effectiveVerb, readCommandLine, verbHint } from './verb.ts';

// What only one verb needs is loaded by it: to read all of it would take as long as the start of a server.
async function main(args: readonly string[], early: EarlySignals): Promise<number> {
  const line = findWorkerLine();
  if (line !== undefined) return runWorker(line, early);
  const shadow = findShadowLine();
  if (shadow !== undefined) return (await import('./shadow-child.ts')).runShadow(shadow, early);
  // Tests of policies have words of their own.
  if (args[0] === 'test') {
    early.giveUp();
    const ended = await (await import('./test-verb.ts')).testVerb(args.slice(1));
    if (ended !== undefined) return ended;
  }
  const commandLine = readCommandLine(args);
  if (commandLine.verb === 'sink') {
    early.giveUp();
    return (await import('./sink.ts')).sink(commandLine.operands);
  }
  if (commandLine.verb === 'why') {
    early.giveUp();
    return (await import('./why.ts')).why(commandLine.operands);
  }
  const loaded = looksAtPolicy(commandLine)
    ? await (await import('./policy-for.ts')).loadHere(commandLine.words, readOptionFile)
    : { ...(await loadOptions(commandLine.words, readOptionFile)), note: undefined };
  const { note, options } = loaded;
  const tolerated = toleratedProblems(commandLine, loaded);
  const problems = [...commandLine.problems, ...(tolerated === undefined ? loaded.problems : [])];
  if (problems.length > 0) {
    await complain([...problems, verbHint(commandLine.words)]);
    // Who reads JSON reads it whatever is wrong.
    if (commandLine.verb === 'check' && commandLine.json) {
      const { emptyReport, jsonOf } = await import('./check-report.ts');
      await print(`${jsonOf({ ...emptyReport, problems, code: exitCode.usage })}\n`);
    }
    return exitCode.usage;
  }
  await complain((tolerated ?? []).map((one) => `warning: ${one}`));
  const verb = effectiveVerb(commandLine, options);
  // The help shows the same on every machine.
  if (verb !== 'help') settleSpoolDirectory(options);
  if (verb === 'run') return run({ options, words: commandLine.words, early });
  early.giveUp();
  // +help and its like end with 64, as in the original.
  const printed = commandLine.spelled ? exitCode.ok : exitCode.usage;
  switch (verb) {
    case 'version':
      await print(versionText());
      return printed;
    case 'info':
      await print(await infoText(options));
      return printed;
    case 'help':
      if (commandLine.spelled) return help(commandLine.topics, options);
      // An option file, as the original printed it.
      await print(helpText(options));
      return printed;
    case 'check':
      return (await import('./check.ts')).check(options, {
        ...{ json: commandLine.json, net: commandLine.net, note },
      });
    case 'sink':
      return (await import('./sink.ts')).sink(commandLine.operands);
    case 'why':
      return (await import('./why.ts')).why(commandLine.operands);
    case 'init':
      return (await import('./init.ts')).init(commandLine.operands);
    case 'doc':
      return (await import('./doc.ts')).doc(commandLine.operands, options);
    case 'explain':
      return (await import('./doc.ts')).explain(commandLine.operands);
    case 'accounts':
      return (await import('./accounts.ts')).accounts(options, commandLine.operands);
    case 'store':
      return (await import('./store.ts')).store(options, commandLine.operands);
    case 'talk':
    case 'test':
      return (await import('./talk.ts')).talk(options);
    case 'users':
      return (await import('./users.ts')).users(options);
    case 'replay':
      return (await import('./replay.ts')).replayVerb(options, commandLine);
    case 'trace':
      if (isOffline(commandLine.operands))
        return (await import('./trace-file.ts')).traceVerb(options, commandLine);
      return (await import('./admin-verbs.ts')).adminVerb(
        verb,
        options,
        commandLine.operands,
        commandLine.json,
      );
    case 'status':
    case 'sessions':
    case 'top':
    case 'reload':
    case 'drain':
    case 'undrain':
      return (await import('./admin-verbs.ts')).adminVerb(
        verb,
        options,
        commandLine.operands,
        commandLine.json,
      );
  }
}

/** Verbs that take the policy of the working directory when none is named; a server never does. */
function looksAtPolicy({ operands, spelled, verb, words }: CommandLine): boolean {
  switch (verb) {
    case 'check':
    case 'replay':
    case 'talk':
    case 'test':
      return true;
    case 'trace':
      return isOffline(operands);
    default:
      return !spelled && words.includes('+test');
  }
}

/** Runs the program and ends the process. */
export async function start(early: EarlySignals): Promise<never> {
  // Nobody reads what we print any more (a closed pipe or terminal): no reason to fail.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    return await leave(await main(process.argv.slice(2), early), systemClock);
  } catch (error) {
    await complain([`internal error: ${traceOf(error)}`]);
    return await leave(exitCode.software, systemClock);
  }
}
