// Reads the value of an Authentication-Results header (RFC 8601 2.2). Strict: a value that is not what the RFC says has no results, as nobody can
// say which of its words were meant. Pure; texts are latin1.
import { Scanner } from './scanner.ts';

export interface ParsedResult {
  /** Lower case, without version. */
  readonly method: string;
  readonly result: string;
  readonly reason: string | undefined;
  /** By `ptype.property`, lower case; of two of a name the first. */
  readonly properties: ReadonlyMap<string, string>;
}

export interface ParsedAuthResults {
  readonly id: string;
  readonly results: readonly ParsedResult[];
}

/** Results and properties of a header that are read; one with more is nobody's work. */
const most = 1000;
const longest = 262_144;

/** Undefined for a value that cannot be read. `none` has no results. */
export function parseAuthResults(value: string): ParsedAuthResults | undefined {
  if (value.length > longest) return undefined;
  const scanner = new Scanner(value);
  if (!scanner.skip()) return undefined;
  const id = scanner.value();
  if (id === undefined || id === '' || !scanner.skip()) return undefined;
  if (scanner.number() !== undefined && !scanner.skip()) return undefined;
  const results: ParsedResult[] = [];
  while (scanner.take(';')) {
    const result = readResult(scanner);
    if (result === undefined || results.length === most) return undefined;
    if (result === 'none') {
      // Stands alone; but readers have to bear what writers do, as a semicolon at the end.
      if (results.length > 0) return undefined;
      continue;
    }
    results.push(result);
  }
  return scanner.isAtEnd ? { id, results } : undefined;
}

function readResult(scanner: Scanner): ParsedResult | 'none' | undefined {
  if (!scanner.skip()) return undefined;
  const method = scanner.keyword();
  if (method === undefined || !scanner.skip()) return undefined;
  if (scanner.take('/') && !(scanner.skip() && scanner.number() !== undefined && scanner.skip()))
    return undefined;
  if (!scanner.take('=')) return method.toLowerCase() === 'none' ? 'none' : undefined;
  if (!scanner.skip()) return undefined;
  const result = scanner.keyword();
  if (result === undefined || !scanner.skip()) return undefined;
  const properties = new Map<string, string>();
  let reason: string | undefined;
  for (let count = 0; ; count++) {
    const type = scanner.keyword();
    if (type === undefined) break;
    if (count === most || !scanner.skip()) return undefined;
    const isReason = type.toLowerCase() === 'reason' && count === 0;
    let name = '';
    if (!isReason) {
      if (!scanner.take('.') || !scanner.skip()) return undefined;
      name = scanner.keyword() ?? '';
      if (name === '' || !scanner.skip()) return undefined;
    }
    if (!scanner.take('=') || !scanner.skip()) return undefined;
    const value = isReason ? scanner.value() : scanner.propertyValue();
    if (value === undefined || !scanner.skip()) return undefined;
    const key = `${type}.${name}`.toLowerCase();
    if (isReason) reason = value;
    else if (!properties.has(key)) properties.set(key, value);
  }
  return { method: method.toLowerCase(), result: result.toLowerCase(), reason, properties };
}
