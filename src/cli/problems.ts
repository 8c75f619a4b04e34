// How smtpe says that it cannot start: one line on stderr for each problem, each naming what, where and what would be right.

/** Lines on stderr; resolves when they are written, so that the process may end. */
export function complain(problems: readonly string[]): Promise<void> {
  const text = problems.map((problem) => `smtpe: ${problem.replaceAll('\n', '\nsmtpe:   ')}\n`).join('');
  return new Promise((resolve) => {
    process.stderr.write(text, () => resolve());
  });
}

/** Text on stdout; resolves when it is written. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}
