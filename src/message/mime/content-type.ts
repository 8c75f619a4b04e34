// What the Content-* headers of one part say about it (RFC 2045, 2046, 2183): its types, the boundaries that may delimit its parts, how
// it is encoded and whether text stands in it. Where mail programs read a header in different ways (several headers of a name,
// comments, quotes) every reading counts, so that nothing hides behind the one we did not choose. Called by part.ts.

import { inOwnMemory, Remembered } from '../../base/remembered.ts';
import { looksLikeBoundary } from './boundary.ts';
import type { MimeDefect } from './defects.ts';
import { type FileNames, fileNames } from './file-names.ts';
import { type Parameter, readStructured, removeComments, type StructuredValue } from './parameters.ts';

export type Encoding = 'identity' | 'base64' | 'quoted-printable';

export interface PartFacts {
  /** As the last Content-Type says it, lower case; one that cannot be read, or none, means text/plain (RFC 2045 5.2). */
  readonly type: string;
  readonly multipart: boolean;
  /** multipart/digest: parts without Content-Type are messages. */
  readonly digest: boolean;
  /** message/rfc822 or message/global. */
  readonly embedded: boolean;
  /** Latin1 strings without the leading `--`, none twice, none empty. */
  readonly boundaries: readonly string[];
  /** The body is searched for URIs. */
  readonly text: boolean;
  readonly html: boolean;
  /** Lower case; '' when not given. */
  readonly charset: string;
  /** format=flowed; delsp=yes (RFC 3676): a blank before a line end is part of the line break. */
  readonly delSp: boolean;
  /** A calendar or a card: a line that begins with a blank goes on where the one before ended (RFC 5545 3.1, RFC 6350 3.2). */
  readonly folded: boolean;
  /** What the digests and the decoded body go by: the last header. */
  readonly encoding: Encoding;
  /** Other encodings that the Content-Transfer-Encoding headers of the part may be taken for. */
  readonly otherEncodings: readonly Encoding[];
  readonly names: FileNames;
  /** By its name a message, though its type does not say so: mail programs open it as one. */
  readonly attachedMessage: boolean;
  /** What is odd about the headers. */
  readonly defects: readonly MimeDefect[];
}

/** The values (without name and colon, unfolded) of a part's headers, in order. */
export interface PartHeaders {
  readonly contentType: readonly string[];
  readonly encoding: readonly string[];
  readonly disposition: readonly string[];
}

/** Candidates for boundaries that one part can have; more only serve to waste time. */
const maxBoundaries = 16;

/** Content-Type headers of a block that may declare a delimiter of its own; more only serve to waste time. */
const maxDeclaring = 256;

/** More than a part has that means well: of what says more nothing is kept. */
const mostParameters = 8;
const mostNames = 8;

/** Headers that say the same are read once: most parts have one of a few, and each is asked about several times. */
const knownValues = new Remembered<readonly StructuredValue[]>(512, 256, (read) =>
  read.every(({ parameters }) => parameters.length <= mostParameters),
);
const knownParts = new Remembered<PartFacts>(512, 512, ({ names }) => names.all.length <= mostNames);

/** All readings of a value: comments removed and, if there are any, taken literally; parameters also where the first word is missing. */
function readingsOf(value: string): readonly StructuredValue[] {
  const result: StructuredValue[] = [];
  if (value.includes('('))
    result.push(readStructured(removeComments(value)), readStructured(removeComments(value, '')));
  const read = readStructured(value);
  result.push(read);
  if (read.value.includes('=')) result.push(readStructured(`;${value}`));
  return result;
}

const readings = (values: readonly string[]): readonly StructuredValue[] =>
  values.flatMap((value) => knownValues.of(value, readingsOf));

function boundariesOf(read: readonly StructuredValue[], values: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (text: string): void => {
    const boundary = text.trimEnd();
    if (boundary !== '' && found.size < maxBoundaries) found.add(boundary);
  };
  for (const item of read) {
    for (const parameter of item.parameters) {
      if (parameter.name !== 'boundary') continue;
      add(parameter.value);
      add(parameter.wide);
      // Apostrophes are no quotes in mail, but some programs use and understand them.
      if (/^'.*'$/.test(parameter.value)) add(parameter.value.slice(1, -1));
    }
  }
  if (found.size === 0) {
    for (const value of values) {
      const loose = /boundary\s*=\s*(?:"([^"]*)"?|([^\s;"]+))/i.exec(value);
      if (loose !== null) add(loose[1] ?? loose[2] ?? '');
    }
  }
  return [...found];
}

/** `"multipart / mixed"` and the like as lower case `multipart/mixed`. */
function normaliseType(text: string): string {
  return text.replace(/["\s]/g, '').toLowerCase();
}

function typeOf(value: string | undefined, message: boolean): string {
  const type = value === undefined ? '' : normaliseType(readStructured(removeComments(value)).value);
  if (/^[^\s/]+\/[^\s/]+$/.test(type)) return type.slice(0, 256);
  return message ? 'message/rfc822' : 'text/plain';
}

const isMultipart = (type: string): boolean => type.startsWith('multipart/') || type === 'multipart';

/** The boundaries that the Content-Type headers of one header block declare, while it is being read. */
export class DeclaredBoundaries {
  multipart = false;
  /** Made with the first one. */
  #boundaries: Set<string> | undefined;
  #values = 0;

  /** A Content-Type value. Costs what its length costs, so that any number of them stays linear. */
  add(value: string): void {
    if (this.#values++ >= maxDeclaring) return;
    const read = readings([value]);
    if (read.some((item) => isMultipart(normaliseType(item.value)))) this.multipart = true;
    this.#boundaries ??= new Set();
    if (this.#boundaries.size < maxBoundaries)
      for (const boundary of boundariesOf(read, [value])) this.#boundaries.add(boundary);
  }

  /** `text` is a line without its two dashes and the blanks at its end. */
  delimits(text: string): boolean {
    if (!this.multipart) return false;
    const boundaries = this.#boundaries;
    if (boundaries === undefined || boundaries.size === 0) return looksLikeBoundary(text);
    return boundaries.has(text) || (text.endsWith('--') && boundaries.has(text.slice(0, -2)));
  }
}

/** What a Content-Transfer-Encoding names, and what some programs may take it for. */
interface EncodingReading {
  readonly encoding: Encoding;
  readonly known: boolean;
  readonly others: readonly Encoding[];
}

const knownEncodings: Readonly<Record<string, Encoding>> = {
  base64: 'base64',
  'quoted-printable': 'quoted-printable',
  '7bit': 'identity',
  '8bit': 'identity',
  binary: 'identity',
};

/**
 * RFC 2045 6.1: a token, and comments around it. Where it is none of the known ones, but a known one stands in it (`base64;`, `"base64"`), or in a
 * comment, the text is read both ways.
 */
function encodingOf(value: string): EncodingReading {
  const token = removeComments(value).trim().toLowerCase();
  const lower = value.toLowerCase();
  const mentioned: Encoding[] = [];
  if (/base-?64/.test(lower)) mentioned.push('base64');
  if (/quoted[- ]?printable/.test(lower)) mentioned.push('quoted-printable');
  const exact = Object.hasOwn(knownEncodings, token) ? knownEncodings[token] : undefined;
  if (exact !== undefined) return { encoding: exact, known: true, others: mentioned };
  // The token with something behind it or in quotes: most programs take it.
  const first = /^["']?([\w-]+)["']?(?:[;,\s]|$)/.exec(token)?.[1] ?? '';
  const begun = Object.hasOwn(knownEncodings, first) ? knownEncodings[first] : undefined;
  return { encoding: begun ?? 'identity', known: false, others: ['identity', ...mentioned] };
}

/** Files that programs show as text. */
const textName = /\.(?:txt|text|asc|csv|ics|vcf|vcs|md|log|xml|rtf|url|webloc|json|mbox?|msg)/;

/** Text with tags: URLs stand in attributes. */
const foldedType = /^text\/(?:(?:x-v?)?calendar|x-vcalendar|(?:x-)?vcard|directory)$/;
const isHtmlType = (type: string): boolean => type === 'text/html' || /^[^/]+\/(?:[^/]*[+-])?xml$/.test(type);

/** Types besides text/ whose bodies are text that somebody reads or that a program follows. */
const isTextType = (type: string): boolean =>
  /^(?:text|message)\//.test(type) ||
  !type.includes('/') ||
  /^application\/(?:(?:x-)?javascript|ecmascript|(?:[^/]*\+)?json|rtf|x-www-form-urlencoded|ics|x-url|internet-shortcut|x-mswinurl)$/.test(
    type,
  ) ||
  isHtmlType(type);

/** The last value of a parameter, '' if it is not there. */
function last(parameters: readonly Parameter[], name: string): string {
  let value = '';
  for (const item of parameters) if (item.name === name) value = item.value;
  return value;
}

/** No two lists give the same: the lengths say what is a value and what a list. */
function inOneText(values: readonly string[]): string {
  let text = `;${values.length}`;
  for (const value of values) text += `,${value.length},${value}`;
  return text;
}

/** `digestDefault`: the part stands in a multipart/digest, where no Content-Type means message/rfc822 (RFC 2046 5.1.5). */
export function partFacts(headers: PartHeaders, digestDefault: boolean): PartFacts {
  const lists = [headers.contentType, headers.encoding, headers.disposition];
  return knownParts.of(`${digestDefault}${lists.map(inOneText).join('')}`, () =>
    // What is kept must not hold on to a message.
    factsOf(
      {
        contentType: headers.contentType.map(inOwnMemory),
        encoding: headers.encoding.map(inOwnMemory),
        disposition: headers.disposition.map(inOwnMemory),
      },
      digestDefault,
    ),
  );
}

function factsOf(headers: PartHeaders, digestDefault: boolean): PartFacts {
  const read = readings(headers.contentType);
  const types = read.map((item) => normaliseType(item.value));
  const parameters = read.flatMap((item) => item.parameters);
  const names = fileNames(read, readings(headers.disposition), [
    ...headers.disposition,
    ...headers.contentType,
  ]);

  const multipart = types.some(isMultipart);
  const htmlName = names.all.some((name) => /\.(?:x?html?|svgz?|mht(?:ml)?|hta|eml)/.test(name));
  const encodings = headers.encoding.map(encodingOf);
  const encoding = encodings.at(-1)?.encoding ?? 'identity';
  const allEncodings = encodings.flatMap((item) => [item.encoding, ...item.others]);
  const boundaries = multipart ? boundariesOf(read, headers.contentType) : [];
  const embedded =
    types.length === 0 ? digestDefault : types.includes('message/rfc822') || types.includes('message/global');
  const defects: MimeDefect[] = [];
  if (headers.contentType.length > 1) defects.push('several_content_types');
  if (encodings.length > 1) defects.push('several_encodings');
  if (encodings.some((item) => !item.known)) defects.push('unknown_encoding');
  if ((multipart || embedded) && encoding !== 'identity') defects.push('encoded_multipart');
  if (multipart && boundaries.length === 0) defects.push('no_boundary');
  if (names.differ) defects.push('several_names');
  return {
    type: typeOf(headers.contentType.at(-1), types.length === 0 && digestDefault),
    multipart,
    digest: types.includes('multipart/digest'),
    embedded,
    boundaries,
    // A type that cannot be read means text/plain (RFC 2045 5.2).
    text:
      types.length === 0 ||
      multipart ||
      htmlName ||
      types.some(isTextType) ||
      names.all.some((name) => textName.test(name)),
    html: htmlName || types.some(isHtmlType),
    charset: last(parameters, 'charset').toLowerCase(),
    folded:
      types.some((type) => foldedType.test(type)) ||
      names.all.some((name) => /\.(?:ics|ifb|vcs|vcf)$/.test(name)),
    delSp:
      last(parameters, 'format').toLowerCase() === 'flowed' &&
      last(parameters, 'delsp').toLowerCase() === 'yes',
    encoding,
    names,
    attachedMessage:
      !multipart &&
      !embedded &&
      types.every((type) => !type.startsWith('message/')) &&
      names.all.some((name) => /\.(?:eml|mht|mhtml)$/.test(name)),
    defects,
    otherEncodings: [...new Set(allEncodings)].filter((item) => item !== encoding),
  };
}
