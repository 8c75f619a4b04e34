// A message read by the parser of mime.parts, with where its parts stand.
import { PartMap } from '../../src/message/change/part-map.ts';
import type { MimeDefect } from '../../src/message/mime/defects.ts';
import { defaultMimeLimits, type MimeLimits } from '../../src/message/mime/limits.ts';
import type { PartRecord } from '../../src/message/mime/part.ts';
import { MimeParser } from '../../src/message/mime/parts.ts';

export function placeMessage(
  message: Buffer,
  pieces: readonly Buffer[] = [message],
  limits: MimeLimits = defaultMimeLimits,
): { readonly map: PartMap; readonly records: readonly PartRecord[]; readonly defects: Set<MimeDefect> } {
  const map = new PartMap();
  const records: PartRecord[] = [];
  const defects = new Set<MimeDefect>();
  const parser = new MimeParser(
    {
      part: (record) => records.push(record),
      text: undefined,
      header: undefined,
      defect: (name) => defects.add(name),
      places: map,
      limit: () => undefined,
    },
    limits,
  );
  for (const piece of pieces) parser.feed(piece);
  parser.end();
  return { map, records, defects };
}
