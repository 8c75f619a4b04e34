#!/usr/bin/env node
// Starts smtpe: the command line says what to do, the options how, and a verb does it.
import { readFile } from 'node:fs/promises';
import { check } from './cli/check.ts';
import { exitCode } from './cli/exit-code.ts';
import { infoText, versionText } from './cli/info.ts';
import { complain, print } from './cli/problems.ts';
import { run } from './cli/run.ts';
import { test } from './cli/test.ts';
import { effectiveVerb, readCommandLine, verbHint } from './cli/verb.ts';
import { helpText } from './options/help-text.ts';
import { type FileContent, loadOptions } from './options/load-options.ts';

async function readOptionFile(path: string): Promise<FileContent> {
  try {
    return { kind: 'content', content: await readFile(path) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'unreadable', error: code };
  }
}

async function main(args: readonly string[]): Promise<number> {
  const commandLine = readCommandLine(args);
  const { options, problems } = await loadOptions(commandLine.words, readOptionFile);
  if (problems.length > 0) {
    const hint = verbHint(args[0]) ?? '"smtpe help" lists all options';
    await complain([...problems, hint]);
    return exitCode.usage;
  }
  // +help and its like end with 64, as in the original.
  const printed = commandLine.spelled ? exitCode.ok : exitCode.usage;
  switch (effectiveVerb(commandLine, options)) {
    case 'version':
      await print(versionText());
      return printed;
    case 'info':
      await print(await infoText(options));
      return printed;
    case 'help':
      await print(helpText(options));
      return printed;
    case 'check':
      return check(options);
    case 'test':
      return test(options);
    case 'run':
      return run(options);
  }
}

// Nobody reads what we print any more (a closed pipe or terminal): no reason to fail.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  await complain([`internal error: ${error instanceof Error ? error.stack : error}`]);
  process.exit(exitCode.software);
}
