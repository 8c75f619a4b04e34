// A structured header value as text: its parameters by name, in UTF-8. For policies; the parser itself goes by every reading (content-type.ts).
import { decodeOctets } from '../../charset/decoding.ts';
import { charsetOf } from '../../charset/label.ts';
import { decodeWords } from './encoded-words.ts';
import { readStructured, removeComments } from './parameters.ts';

/** What is read of a value, in octets, and how many parameters of it. */
const maxValue = 65_536;
const maxParameters = 200;

export interface ValueAndParameters {
  /** Lower case. */
  readonly value: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** `text` is latin1, folded or not. */
export function valueAndParameters(text: string): ValueAndParameters {
  const unfolded = text.slice(0, maxValue).replace(/\r?\n/g, '');
  const read = readStructured(removeComments(unfolded), maxParameters);
  const parameters = new Map<string, string>();
  const extended = new Set<string>();
  for (const { charset, name, value } of read.parameters) {
    if (name === '' || (charset === '' && extended.has(name))) continue;
    if (charset !== '') extended.add(name);
    const decoded =
      charset === '' ? decodeWords(value) : decodeOctets(Buffer.from(value, 'latin1'), charsetOf(charset));
    parameters.set(decodeWords(name), decoded);
  }
  return { value: decodeWords(read.value).toLowerCase(), parameters };
}
