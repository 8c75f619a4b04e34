// Header fields of a letter or of a part of it, as scripts of Rumble have them: by name in lower case, the last of a name, unfolded (RFC 5322 section
// 2.2.3). Octets as latin1. Linear, pure.

const LF = 10;
const CR = 13;
/** Fields of one block; more only serve to waste time. */
const MAX_FIELDS = 2000;
/** Octets of a value. */
const MAX_VALUE = 8192;

/** The end of the header block at the beginning of `octets`, behind its empty line; undefined: it has no end there. */
export function headerEnd(octets: Buffer): number | undefined {
  for (let at = 0; ; ) {
    const next = octets.indexOf(LF, at);
    if (next < 0) return undefined;
    if (next === at || (next === at + 1 && octets[at] === CR)) return next + 1;
    at = next + 1;
  }
}

/**
 * `text`: octets as latin1; ends with its empty line, or where it was cut. Empty values are none. Names and values are parts of it, and it stays in
 * memory as long as one of them does.
 */
export function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  let value = '';
  let count = 0;
  /** The next one, not looked for again in each line that has none. */
  let colon = -1;
  const end = (): void => {
    if (name === '') return;
    const whole = value.trimStart();
    if (whole === '') fields.delete(name);
    else fields.set(name, whole.length > MAX_VALUE ? whole.slice(0, MAX_VALUE) : whole);
    name = '';
  };
  for (let at = 0; at < text.length && count < MAX_FIELDS; ) {
    const next = text.indexOf('\n', at);
    const lineEnd = next < 0 ? text.length : next;
    const stop = lineEnd > at && text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
    const first = text.charCodeAt(at);
    if (first === 0x20 || first === 0x09) {
      // The line end goes, the blank stays.
      if (name !== '' && value.length < MAX_VALUE) value += text.slice(at, stop);
    } else {
      end();
      if (colon < at) colon = orNone(text.indexOf(':', at));
      if (colon > at && colon < stop) {
        name = text.slice(at, colon).trimEnd().toLowerCase();
        value = text.slice(colon + 1, Math.min(stop, colon + 1 + 2 * MAX_VALUE));
        count++;
      }
    }
    at = next < 0 ? text.length : next + 1;
  }
  end();
  return fields;
}

const orNone = (at: number): number => (at < 0 ? Number.POSITIVE_INFINITY : at);
