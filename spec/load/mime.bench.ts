// `npx tsx spec/load/mime.bench.ts [MEGABYTES]`: processor time of mime.parts and uri.found beside mailsplit alone, for each kind of mail, medians
// of interleaved rounds. Prints a table; the limits are tested by mime.speed.ts.
import {
  chunks,
  mailsplitChunks,
  messages,
  observeChunks,
  processorTime,
  smallMessage,
} from './mime-messages.ts';

const megabytes = Number(process.argv[2] ?? 10);
const rounds = 7;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const row = (...cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);

row('message', 'bytes', 'mailsplit ms', 'smtpe ms', 'ratio', 'parts', 'URIs');
row('---', '---', '---', '---', '---', '---', '---');
for (const [kind, message] of Object.entries(messages(megabytes * 1_000_000))) {
  const pieces = chunks(message);
  const ours: number[] = [];
  const theirs: number[] = [];
  let found = { parts: 0, uris: 0 };
  for (let round = 0; round < rounds; round++) {
    theirs.push(await processorTime(() => mailsplitChunks(pieces)));
    ours.push(
      await processorTime(() => {
        found = observeChunks(pieces, true);
      }),
    );
  }
  const ratio = (median(ours) / median(theirs)).toFixed(2);
  row(
    kind,
    String(message.length),
    median(theirs).toFixed(0),
    median(ours).toFixed(0),
    ratio,
    String(found.parts),
    String(found.uris),
  );
}

const many = 5000;
const pieces = [smallMessage];
const small: number[] = [];
const none: number[] = [];
const split: number[] = [];
for (let round = 0; round < rounds; round++) {
  small.push(await processorTime(() => Array.from({ length: many }, () => observeChunks(pieces, true))));
  none.push(await processorTime(() => Array.from({ length: many }, () => observeChunks(pieces, false))));
  split.push(
    await processorTime(async () => {
      for (let i = 0; i < many; i++) await mailsplitChunks(pieces);
    }),
  );
}
const each = (values: readonly number[]): string => `${((median(values) / many) * 1000).toFixed(1)} µs`;
console.log(
  `\n${smallMessage.length} bytes: on ${each(small)}, off ${each(none)}, mailsplit alone ${each(split)} a message`,
);
