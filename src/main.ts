#!/usr/bin/env node
// The entry: catches signals, then loads the program and runs it. Nothing else is imported here, as imports come before every statement.
import { catchSignals } from './cli/early-signals.ts';

const early = catchSignals();
try {
  const { start } = await import('./cli/start.ts');
  await start(early);
} catch (error) {
  // The program itself is some hundreds of files, which Node opens at once.
  if (!(error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE')))
    throw error;
  process.stderr.write(
    `smtpe: the system lets this process have too few files open at once (${error.code}): the limit (ulimit -n, LimitNOFILE= of systemd) must be 512 at least, and two more for each client at once\n`,
  );
  process.exitCode = 71;
}
