// The ARC headers of a message as sets (RFC 8617 4.1, 4.2, 5.2 steps 1 to 3): each instance from 1 up once of each of three, the first
// sealed with cv=none, the others with cv=pass. What is not so is no chain. Pure.
import { lowerAscii } from '../../base/ascii.ts';
import { decodeBase64 } from '../../text/base64.ts';
import { type Algorithm, algorithmOf } from '../algorithm.ts';
import { isDomainName } from '../domain-name.ts';
import type { HeaderFields } from '../header-fields.ts';
import {
  type FaultySignature,
  maxSignatureOctets,
  readSignature,
  type Signature,
  withoutValue,
} from '../signature.ts';
import { parseTagList } from '../tag-list.ts';

export const maxInstances = 50;

export interface ArcSeal {
  readonly field: number;
  readonly cv: 'none' | 'pass' | 'fail';
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: Algorithm;
  readonly signature: Buffer;
  /** The field with its b= emptied. */
  readonly unsigned: string;
}

export interface ArcSet {
  readonly instance: number;
  readonly seal: ArcSeal;
  readonly messageField: number;
  readonly message: Signature | FaultySignature;
  readonly resultsField: number;
  /** ARC-Authentication-Results behind its `i=N;`: what Authentication-Results holds. Latin1, with its folding. */
  readonly results: string;
}

export type ArcFields =
  | { readonly kind: 'none' }
  | { readonly kind: 'sets'; readonly sets: readonly ArcSet[] }
  | {
      readonly kind: 'broken';
      readonly cause: 'structure' | 'limit';
      /** The highest instance that any header names, as far as it can be told; at least 1. */
      readonly highest: number;
      /** The newest seal says itself that the chain has failed. */
      readonly isRecorded: boolean;
    };

const names = ['arc-seal', 'arc-message-signature', 'arc-authentication-results'] as const;
type ArcName = (typeof names)[number];

/** `tooLong`: the header block was cut off. */
export function readArcFields(fields: HeaderFields, tooLong: boolean): ArcFields {
  const found = names.map((name) => fields.named(name));
  const count = found.reduce((sum, list) => sum + list.length, 0);
  if (count === 0) return { kind: 'none' };
  if (tooLong || count > names.length * maxInstances || found.some((list) => isTooLong(fields, list)))
    return { kind: 'broken', cause: 'limit', highest: maxInstances, isRecorded: false };
  const numbered = new Map<string, number>();
  let highest = 1;
  let doubtful = false;
  names.forEach((name, i) => {
    for (const field of found[i] ?? []) {
      const instance = instanceOf(name, fields, field);
      if (instance === undefined || numbered.has(`${name} ${instance}`)) doubtful = true;
      else {
        numbered.set(`${name} ${instance}`, field);
        highest = Math.max(highest, instance);
      }
    }
  });
  const fieldOf = (name: ArcName, instance: number): number | undefined =>
    numbered.get(`${name} ${instance}`);
  const newest = fieldOf('arc-seal', highest);
  const isRecorded = newest !== undefined && readSeal(fields, newest)?.cv === 'fail';
  const broken: ArcFields = { kind: 'broken', cause: 'structure', highest, isRecorded };
  if (doubtful || count !== names.length * highest) return broken;
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= highest; instance++) {
    const [sealField, messageField, resultsField] = names.map((name) => fieldOf(name, instance));
    if (sealField === undefined || messageField === undefined || resultsField === undefined) return broken;
    const seal = readSeal(fields, sealField);
    if (seal === undefined || seal.cv !== (instance === 1 ? 'none' : 'pass')) return broken;
    const message = readMessageSignature(fields, messageField);
    if (message === undefined) return broken;
    const results = valueText(fields, resultsField).replace(instanceFirst, '');
    sets.push({ instance, seal, messageField, message, resultsField, results });
  }
  return { kind: 'sets', sets };
}

function isTooLong(fields: HeaderFields, list: readonly number[]): boolean {
  return list.some((field) => fields.end(field) - fields.start(field) > maxSignatureOctets);
}

const valueAt = (fields: HeaderFields, field: number): number =>
  fields.colon(field) - fields.start(field) + 1;
const valueText = (fields: HeaderFields, field: number): string =>
  fields.text(field).slice(valueAt(fields, field));

/** i= is the first thing of ARC-Authentication-Results and has a semicolon behind it (RFC 8617 4.1.1). */
const instanceFirst = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*;/;

function instanceOf(name: ArcName, fields: HeaderFields, field: number): number | undefined {
  const text =
    name === 'arc-authentication-results'
      ? instanceFirst.exec(valueText(fields, field))?.[1]
      : parseTagList(fields.text(field), valueAt(fields, field))?.get('i')?.value;
  const instance = text !== undefined && /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  return instance >= 1 && instance <= maxInstances ? instance : undefined;
}

/** Undefined when it may not sign the seal it is under. */
function readMessageSignature(fields: HeaderFields, field: number): Signature | FaultySignature | undefined {
  const read = readSignature('arc', fields.text(field), valueAt(fields, field));
  return read.facts.signedHeaders.includes('arc-seal') ? undefined : read;
}

/** Undefined for what is no seal (RFC 8617 4.1.3). */
function readSeal(fields: HeaderFields, field: number): ArcSeal | undefined {
  const text = fields.text(field);
  const tags = parseTagList(text, valueAt(fields, field));
  const b = tags?.get('b');
  const value = (name: string): string => tags?.get(name)?.value ?? '';
  const cv = value('cv');
  const t = tags?.get('t')?.value;
  if (tags === undefined || b === undefined || tags.has('h')) return undefined;
  if (cv !== 'none' && cv !== 'pass' && cv !== 'fail') return undefined;
  const [domain, selector] = [lowerAscii(value('d')), value('s')];
  const algorithm = algorithmOf(value('a'));
  const signature = decodeBase64(b.value);
  if (algorithm === undefined || algorithm.hash === 'sha1' || signature === undefined) return undefined;
  if (!isDomainName(domain) || !isDomainName(selector) || domain.length + selector.length > 253 - 12)
    return undefined;
  if (t !== undefined && !/^[0-9]{1,20}$/.test(t)) return undefined;
  return { field, cv, domain, selector, algorithm, signature, unsigned: withoutValue(text, b) };
}
