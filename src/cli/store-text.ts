// How entries of a store look as text: keys on a terminal, and lines of JSON for export and import. Octets that are no printable ASCII never
// reach a terminal as they are. Pure.

/** A key for the terminal. */
export const shownKey = (key: Buffer): string =>
  key
    .toString('latin1')
    .replace(
      /[^\x20-\x7e]|\\(?=x)/g,
      (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );

/** What somebody has typed, back. */
export const typedOctets = (text: string): Buffer =>
  Buffer.from(
    Buffer.from(text, 'utf8')
      .toString('latin1')
      .replace(/\\x([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );

export interface ExportedEntry {
  readonly key: Buffer;
  readonly ttl: number;
  readonly value?: Buffer;
  readonly items?: readonly Buffer[];
}

const PLAIN = /^[\x20-\x7e]*$/;

/** A text, or base64 of what is none. */
const jsonOf = (octets: Buffer): string | { readonly base64: string } => {
  const text = octets.toString('latin1');
  return PLAIN.test(text) ? text : { base64: octets.toString('base64') };
};

function octetsOf(json: unknown): Buffer | undefined {
  if (typeof json === 'string') return PLAIN.test(json) ? Buffer.from(json, 'latin1') : undefined;
  if (typeof json !== 'object' || json === null || !('base64' in json) || typeof json.base64 !== 'string') {
    return undefined;
  }
  return Buffer.from(json.base64, 'base64');
}

/** One line, without its end. */
export function entryLine({ key, ttl, value, items }: ExportedEntry): string {
  return JSON.stringify({
    key: jsonOf(key),
    ttl,
    ...(value && { value: jsonOf(value) }),
    ...(items && { items: items.map(jsonOf) }),
  });
}

/** The entry of a line, or what would be right. */
export function readEntryLine(line: string): ExportedEntry | string {
  const expected = 'expected {"key":...,"ttl":seconds,"value":...} or "items":[...], as export writes it';
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return expected;
  }
  if (typeof json !== 'object' || json === null) return expected;
  const { key: name, ttl, value: text, items: list } = json as Readonly<Record<string, unknown>>;
  const key = octetsOf(name);
  if (key === undefined || typeof ttl !== 'number') return expected;
  const value = octetsOf(text);
  if (value !== undefined) return { key, ttl, value };
  if (!Array.isArray(list)) return expected;
  const items = list.map(octetsOf);
  const known = items.flatMap((item) => (item === undefined ? [] : [item]));
  return known.length === items.length ? { key, ttl, items: known } : expected;
}
