// What `smtpe test --tap` prints: TAP 13, with a block of YAML below what has failed. Pure.
import type { FileResult } from '../run-tests.ts';
import type { CaseFailure } from '../test-bench.ts';
import { failureLines } from './text-report.ts';

/** A description, on one line: a hash sign would begin a directive. */
const described = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('#', '\\#').replaceAll(/\s/g, ' ');

/** A text in double quotes is the same in JSON and YAML. */
const scalar = (text: string): string => JSON.stringify(text);

function block(failure: CaseFailure, file: string): readonly string[] {
  const { place, text } = failure;
  return [
    '  ---',
    `  message: ${scalar(text)}`,
    `  at: ${scalar(place === undefined ? file : `${place.file}:${place.line}`)}`,
    '  trail:',
    ...failureLines(failure)
      .slice(1)
      .map((line) => `    - ${scalar(line.trim())}`),
    '  ...',
  ];
}

export function tapReport(results: readonly FileResult[]): string {
  const lines: string[] = [];
  let number = 0;
  for (const { cases, notes, path, problem } of results) {
    lines.push(`# ${path}`);
    if (problem !== undefined) {
      const failure = { place: undefined, text: problem, trail: [], missing: [] };
      lines.push(`not ok ${++number} - ${described(path)}`, ...block(failure, path));
    }
    for (const { failure, name } of cases) {
      lines.push(`${failure === undefined ? 'ok' : 'not ok'} ${++number} - ${described(`${path}: ${name}`)}`);
      if (failure !== undefined) lines.push(...block(failure, path));
    }
    lines.push(...notes.map((note) => `# note: ${note}`));
  }
  return ['TAP version 13', `1..${number}`, ...lines, ''].join('\n');
}
