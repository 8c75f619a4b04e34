// The part of doc/soak.md about the chaos run.
import type { ChaosOutcome } from './run.ts';

/** What follows in doc/soak.md belongs to the chaos run. */
export const chaosMark = '<!-- chaos -->';

export function chaosReport(outcomes: readonly ChaosOutcome[], seed: number): string {
  const row = (name: string, value: (outcome: ChaosOutcome) => number | string): string =>
    `| ${name} | ${outcomes.map((outcome) => value(outcome)).join(' | ')} |`;
  const counts = [...new Set(outcomes.flatMap((outcome) => [...outcome.counts.keys()]))].toSorted();
  const troubles = [...new Set(outcomes.flatMap((outcome) => [...outcome.made.keys()]))].toSorted();
  const skipped = [...new Set(outcomes.flatMap((outcome) => outcome.skipped))];
  const complaints = outcomes.flatMap((outcome) => outcome.complaints);
  const good =
    'No message was lost or doubled whose client heard 250; no connection was refused while the service should live; no transaction was ' +
    'cut off but where a shutdown asked for it; nothing was left behind.';
  return [
    '## Chaos run',
    '',
    `Written by \`npm run chaos\` on ${new Date().toISOString().slice(0, 10)} (node ${process.version}), seed ${seed}.`,
    '',
    complaints.length === 0 ? good : complaints.map((text) => `- ${text}`).join('\n'),
    '',
    'Eight clients send numbered messages and try each again until they hear 250; one more connects every 50 ms. Meanwhile one trouble',
    'follows the other. A message whose client lost the connection after the dot may have arrived all the same when the worker was killed',
    'just then: SMTP cannot avoid that, and it is counted apart.',
    '',
    `| | ${outcomes.map((outcome) => `${outcome.workers} workers`).join(' | ')} |`,
    `| --- | ${outcomes.map(() => '---:').join(' | ')} |`,
    row('seconds', (it) => it.seconds.toFixed(0)),
    row('messages', (it) => it.verdict.messages),
    row('attempts: 250', (it) => it.verdict.attempts.taken),
    row('attempts: refused', (it) => it.verdict.attempts.refused),
    row('attempts: broken before the dot', (it) => it.verdict.attempts.broken),
    row('attempts: no reply to the dot', (it) => it.verdict.attempts.unknown),
    row('arrived', (it) => it.verdict.arrived),
    row('lost', (it) => it.verdict.lost),
    row('doubled', (it) => it.verdict.doubled),
    row('arrived without a reply to the client', (it) => it.verdict.unavoidable),
    row('arrived although refused', (it) => it.verdict.refusedButThere),
    ...counts.map((name) => row(name, (it) => it.counts.get(name) ?? 0)),
    ...troubles.map((name) => row(`trouble: ${name}`, (it) => it.made.get(name) ?? 0)),
    '',
    ...(skipped.length === 0 ? [] : [`Not made in every run: ${skipped.join('; ')}.`, '']),
  ].join('\n');
}
