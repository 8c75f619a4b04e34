// What `smtpe test --json` prints: all that is known of a run, as one object. Pure.
import type { FileResult } from '../run-tests.ts';
import { tally } from './text-report.ts';

export function jsonReport(results: readonly FileResult[]): string {
  const files = results.map(({ cases, coverage, hooks, notes, path, policy, problem }) => ({
    ...{ path, policy, problem, notes, coverage },
    hooks: Object.fromEntries(hooks),
    cases: cases.map(({ clockMs, failure, ms, name, place }) => ({
      ...{ name, line: place.line, ok: failure === undefined, ms: Math.round(ms), clock_ms: clockMs },
      ...(failure && {
        failure: {
          ...{ message: failure.text, file: failure.place?.file, line: failure.place?.line },
          ...{ trail: failure.trail, missing: failure.missing },
        },
      }),
    })),
  }));
  return `${JSON.stringify({ ...tally(results), files })}\n`;
}
