// How smtpe says that it cannot start: one line on stderr for each problem, each naming what, where and what would be right. Whoever
// stands at the other end of stdout or stderr and does not read keeps nobody: after a second it goes on without.
import { systemClock } from '../base/clock.ts';
import { neverBlock } from '../ops/never-block.ts';

const PATIENCE_MS = 1000;

function put(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = systemClock.after(PATIENCE_MS, resolve);
    neverBlock(stream);
    stream.write(text, () => {
      timer.cancel();
      resolve();
    });
  });
}

/** Lines on stderr; resolves when they are written, so that the process may end. */
export function complain(problems: readonly string[]): Promise<void> {
  const text = problems.map((problem) => `smtpe: ${problem.replaceAll('\n', '\nsmtpe:   ')}\n`).join('');
  return put(process.stderr, text);
}

/** Text on stdout; resolves when it is written. */
export function print(text: string): Promise<void> {
  return put(process.stdout, text);
}
