// Reads a message in order to change it: its parts and where they stand, and why it cannot be changed safely. By two parsers in one pass over the
// stored message; a piece at a time.
import { Checksum } from '../../base/checksum.ts';
import type { MimeDefect } from '../mime/defects.ts';
import { limitOption, type MimeLimits } from '../mime/limits.ts';
import { MimeParser } from '../mime/parts.ts';
import { type ChangeSource, range } from './change-source.ts';
import { PartMap } from './part-map.ts';

export interface ReadParts {
  readonly map: PartMap;
  /** Parts by number, those without a place included: the last index of mime.parts. */
  readonly count: number;
  /** Why a change could hit something else than what is meant, in words; undefined: nothing is known. */
  readonly fault: string | undefined;
  /** Of the octets that were read. */
  readonly sum: Checksum;
  readonly size: number;
}

/** Defects with which programs may see other parts than we do. Those that are left out change nothing of where parts begin and end. */
const serious: ReadonlySet<MimeDefect> = new Set<MimeDefect>([
  'header_line',
  'header_nul',
  'no_empty_line',
  'several_content_types',
  'several_encodings',
  'unknown_encoding',
  'encoded_multipart',
  'no_boundary',
  'unclosed_multipart',
]);

/** Undefined when `isOver` says that nobody wants it any more. Rejects with the file system's error. */
export async function readParts(
  source: ChangeSource,
  limits: MimeLimits,
  isOver: () => boolean,
): Promise<ReadParts | undefined> {
  const map = new PartMap();
  const faults = new Set<string>();
  let count = 0;
  const parser = new MimeParser(
    {
      part: () => count++,
      text: undefined,
      header: undefined,
      defect: (name) => {
        if (serious.has(name)) faults.add(name);
      },
      places: map,
      limit: (name) => faults.add(limitOption(name)),
    },
    limits,
  );
  // A tenth of a second and 10 MB for whoever never changes a message.
  const { SecondReading } = await import('./second-reading.ts');
  const second = new SecondReading(limits);
  const sum = new Checksum();
  let size = 0;
  try {
    for await (const piece of range(source, 0, Number.POSITIVE_INFINITY)) {
      if (isOver()) return undefined;
      size += piece.length;
      sum.add(piece);
      parser.feed(piece);
      await second.feed(piece);
    }
    await second.end();
  } finally {
    second.close();
  }
  parser.end();
  // A message of nothing but headers has no empty line either: nothing in it can be taken for anything else.
  if (count === 1 && map.root?.bodyAt === undefined) faults.delete('no_empty_line');
  if (faults.size === 0 && !second.isWhole) faults.add('headers_too_long');
  else if (faults.size === 0 && !second.agrees(map, size)) faults.add('read_differently');
  return { map, count, fault: faults.size === 0 ? undefined : [...faults].join(', '), sum, size };
}
