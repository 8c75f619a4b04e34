// The header block in front of a body as Dovecot's scripts are told of it: values as they came, line ends of folding as LF. Pure, linear.
const CR = 13;
const LF = 10;

export interface Entity {
  /** By its name in lower case: the values in order, latin1, without blanks in front. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** Headers of one block that are looked at; more only serve to waste time. */
const maxHeaders = 2000;

/** Cuts octets at the empty line; where there is none all of it is headers. A first line that is no header ends them, too. */
export function readEntity(octets: Buffer): Entity {
  const values = new Map<string, string[]>();
  let at = 0;
  let count = 0;
  let last: { list: string[] } | undefined;
  while (at < octets.length) {
    const lineFeed = octets.indexOf(LF, at);
    const next = lineFeed < 0 ? octets.length : lineFeed + 1;
    const lineEnd = lineFeed < 0 ? octets.length : lineFeed;
    const end = lineEnd > at && octets[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (end === at) {
      at = next;
      break;
    }
    const line = octets.toString('latin1', at, end);
    at = next;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const present = last?.list.pop();
      if (present !== undefined) last?.list.push(`${present}\n${line}`);
      continue;
    }
    const colon = line.indexOf(':');
    last = undefined;
    if (colon <= 0 || count++ >= maxHeaders) continue;
    const name = line.slice(0, colon).trimEnd().toLowerCase();
    const list = values.get(name) ?? [];
    list.push(line.slice(colon + 1).replace(/^[ \t]+/, ''));
    values.set(name, list);
    last = { list };
  }
  return { values, body: octets.subarray(at) };
}

/** The first value of a name; a folding right behind the colon is a part of it. */
export function firstValue({ values }: Entity, name: string): string | undefined {
  return values.get(name)?.[0];
}
