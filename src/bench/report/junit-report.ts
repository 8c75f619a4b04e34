// What `smtpe test --junit=FILE` writes: the XML that build servers read, a test suite for each file. Pure.
import type { CaseResult, FileResult } from '../run-tests.ts';
import { failureLines } from './text-report.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What XML 1.0 has no place for is left out. */
const xml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '')
    .replaceAll(/[&<>"]/g, (one) => entities[one] ?? one);

const attributes = (all: Readonly<Record<string, string | number>>): string =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${xml(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function caseElement(path: string, { failure, ms, name }: CaseResult): string {
  const head = attributes({ classname: path, name, time: seconds(ms) });
  if (failure === undefined) return `    <testcase${head}/>`;
  const text = failureLines(failure)
    .map((line) => line.trim())
    .join('\n');
  return `    <testcase${head}><failure${attributes({ message: failure.text, type: 'failure' })}>${xml(text)}</failure></testcase>`;
}

function suite({ cases, path, problem }: FileResult): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const errors = problem === undefined ? 0 : 1;
  const time = seconds(cases.reduce((sum, { ms }) => sum + ms, 0));
  const head = attributes({ name: path, tests: cases.length + errors, failures, errors, skipped: 0, time });
  const broken =
    problem === undefined
      ? []
      : [
          `    <testcase${attributes({ classname: path, name: path, time: '0.000' })}><error${attributes({ message: problem, type: 'error' })}>${xml(problem)}</error></testcase>`,
        ];
  return [
    `  <testsuite${head}>`,
    ...broken,
    ...cases.map((one) => caseElement(path, one)),
    '  </testsuite>',
  ].join('\n');
}

export function junitReport(results: readonly FileResult[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="smtpe test">',
    ...results.map(suite),
    '</testsuites>',
    '',
  ].join('\n');
}
