// Headers of the message that was forwarded last, as who reads mail has them: unfolded.
import type { TestBench } from '../test-bench.ts';

/** Values of all headers of this name, from the top. Fails the case when nothing was forwarded, unless that does not matter. */
export function headerIn(bench: TestBench, name: string, mustBe = true): readonly string[] {
  const { record } = bench.inCase('s:header').world;
  bench.mustHaveFakes();
  const message = record.forwarded.at(-1);
  if (message === undefined) {
    if (mustBe) bench.fail(`no message was forwarded, so that there is no header ${name}`);
    return [];
  }
  const text = message.data.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const lines = (end < 0 ? text : text.slice(0, end)).replaceAll(/\r\n(?=[ \t])/g, '').split('\r\n');
  const wanted = name.toLowerCase();
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 && line.slice(0, colon).trim().toLowerCase() === wanted
      ? [line.slice(colon + 1).trim()]
      : [];
  });
}
