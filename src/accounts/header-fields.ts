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

/** `block`: ends with its empty line, or where it was cut. Empty values are none. */
export function readFields(block: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  let value = '';
  let count = 0;
  const end = (): void => {
    const whole = value.trimStart().slice(0, MAX_VALUE);
    if (name === '') return;
    if (whole === '') fields.delete(name);
    else fields.set(name, whole);
    name = '';
  };
  for (let at = 0; at < block.length && count < MAX_FIELDS; ) {
    const next = block.indexOf(LF, at);
    const lineEnd = next < 0 ? block.length : next;
    const stop = lineEnd > at && block[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const first = block[at];
    if (first === 0x20 || first === 0x09) {
      // The line end goes, the blank stays.
      if (name !== '' && value.length < MAX_VALUE) value += block.toString('latin1', at, stop);
    } else {
      end();
      const colon = block.indexOf(0x3a, at);
      if (colon > at && colon < stop) {
        name = block.toString('latin1', at, colon).trimEnd().toLowerCase();
        value = block.toString('latin1', colon + 1, Math.min(stop, colon + 1 + 2 * MAX_VALUE));
        count++;
      }
    }
    at = next < 0 ? block.length : next + 1;
  }
  end();
  return fields;
}
