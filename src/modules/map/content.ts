// What stands in a file of `map.open`: read once, in steps between which others get their turn, and never changed afterwards.
import { ByteSlice } from '../../lua-api/value.ts';
import { KeyTable } from './key-table.ts';
import { readLine, valueBehind } from './line.ts';
import { NetworkTable } from './network-table.ts';

export const mapKinds = ['keys', 'networks', 'access'] as const;
export type MapKind = (typeof mapKinds)[number];

export const mapLimits = { lines: 1_000_000, bytes: 268_435_456 } as const;

export type ReadContent =
  | { readonly kind: 'content'; readonly content: MapContent }
  | { readonly kind: 'wrong'; readonly line: number; readonly cause: string };

/** Lines read between two looks at the time. */
const stepLines = 256;

/** Could only have been meant as an address or a network: digits and dots, or a colon or slash without a name of a mailbox. */
const looksLikeNetwork = /^(?:[\d.]+(?:\/.*)?|[\da-f.]*:[\da-f:.]*(?:\/.*)?)$/i;

export class MapContent {
  readonly #bytes: Buffer;
  readonly #keys: KeyTable | undefined;
  readonly #networks: NetworkTable | undefined;
  readonly entries: number;
  /** Used again for each value. */
  readonly #value = new ByteSlice();

  constructor(
    bytes: Buffer,
    keys: KeyTable | undefined,
    networks: NetworkTable | undefined,
    entries: number,
  ) {
    this.#bytes = bytes;
    this.#keys = keys;
    this.#networks = networks;
    this.entries = entries;
  }

  /** The value of a key (latin1), or of the smallest network that holds it; undefined when there is none. To be used before the next one. */
  lookup(key: string): ByteSlice | undefined {
    let at = this.#networks?.find(key) ?? -1;
    if (at < 0) at = this.#keys?.find(key) ?? -1;
    if (at < 0) return undefined;
    const { start, end } = valueBehind(this.#bytes, at);
    const value = this.#value;
    value.bytes = this.#bytes;
    value.start = start;
    value.end = end;
    return value;
  }
}

/** Reads a list. Gives up its turn after every few lines: whoever drives it says when it goes on. */
export function* readContent(bytes: Buffer, kind: MapKind): Generator<undefined, ReadContent> {
  let lines = 0;
  for (let at = 0; at < bytes.length; lines++) {
    const end = bytes.indexOf(0x0a, at);
    at = end < 0 ? bytes.length : end + 1;
    if (lines >= mapLimits.lines)
      return { kind: 'wrong', line: lines + 1, cause: `more than ${mapLimits.lines} lines are not taken` };
    if (lines % (stepLines * 8) === 0) yield;
  }
  const keys = kind === 'networks' ? undefined : new KeyTable(bytes, lines);
  const networks = kind === 'keys' ? undefined : new NetworkTable(lines);
  let entries = 0;
  // A mark that some editors put in front of UTF-8.
  let start = bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
  for (let number = 1; start < bytes.length; number++) {
    if (number % stepLines === 0) yield;
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const line = readLine(bytes, start, end);
    start = end + 1;
    if (line.kind === 'empty') continue;
    if (line.kind === 'wrong') return { kind: 'wrong', line: number, cause: line.cause };
    const { key, keyEnd } = line;
    const text = networks === undefined ? '' : bytes.toString('latin1', key, keyEnd);
    let other = networks?.add(text, keyEnd);
    if (networks !== undefined && other === undefined && (keys === undefined || looksLikeNetwork.test(text)))
      return {
        kind: 'wrong',
        line: number,
        cause: `'${text}' is no network; right would be an address, or address/bits as 192.0.2.0/24`,
      };
    if (other === undefined && keys !== undefined) {
      const same = keys.add(key, keyEnd);
      other = same < 0 ? -1 : same + keyEnd - key;
    }
    if (other === undefined || other < 0) entries++;
    else if (!sameValue(bytes, other, keyEnd))
      return {
        kind: 'wrong',
        line: number,
        cause: `'${bytes.toString('latin1', key, keyEnd)}' stands above with another value`,
      };
  }
  return { kind: 'content', content: new MapContent(bytes, keys, networks, entries) };
}

/** Whether the values behind two keys are the same. */
function sameValue(bytes: Buffer, a: number, b: number): boolean {
  const [first, second] = [valueBehind(bytes, a), valueBehind(bytes, b)];
  return bytes.compare(bytes, first.start, first.end, second.start, second.end) === 0;
}
