// The names under which programs may save or open a part: filename of Content-Disposition and name of Content-Type (RFC 2183, 2231, and 2047, which
// is wrong in parameters and usual), in every reading that some program has. Rules by name go by all of them, so that none can be hidden.
// Called by content-type.ts.
import { decodeOctets } from '../../charset/decoding.ts';
import { charsetOf } from '../../charset/label.ts';
import { decodeWords } from './encoded-words.ts';
import { type Parameter, percentDecode, type StructuredValue, withoutCharset } from './parameters.ts';

export interface FileNames {
  /** As a program shows it, cleaned; of several the one that runs. Undefined when the part has none. */
  readonly name: string | undefined;
  /** All of them, cleaned, lower case, none twice. */
  readonly all: readonly string[];
  /** The headers give the part more than one name. */
  readonly differ: boolean;
  /** The first word of Content-Disposition, lower case. */
  readonly disposition: string | undefined;
}

const none: FileNames = { name: undefined, all: [], differ: false, disposition: undefined };

/** Names that a part can have; nobody needs more than two. */
const maxNames = 64;
const maxLength = 256;
/** Of a value longer than this its two ends are read: no file system has such names, and each reading costs what its length costs. */
const longest = 16_384;
/** So that what is left of base64, escapes and wide characters fits together. */
const cutUnit = 48;
/** Parameters of a name that are looked at: the first and the last ones. */
const maxParameters = 200;

/** What Windows, macOS and Linux run, or open with a program that runs what is in it. A class in braces is an extension, too. */
const running =
  /\.(?:accda|accde|accdr|accdt|ade|adp|apk|app|appcontent-ms|appinstaller|application|appref-ms|appx|appxbundle|asp|aspx|asx|bas|bat|bgi|bin|cab|cer|chm|cmd|cnt|com|command|contact|cpl|crt|csh|deb|deskthemepack|desktop|diagcab|diagcfg|diagpkg|dll|dmg|docm|dotm|dqy|elf|exe|fxp|gadget|grp|hlp|hpj|hta|htc|ima|img|inf|ins|iqy|iso|isp|jar|jnlp|js|jse|ksh|lib|library-ms|lnk|mad|maf|mag|mam|maq|mar|mas|mat|mau|mav|maw|mcf|mda|mdb|mde|mdt|mdw|mdz|mof|msc|msh|msh1|msh1xml|msh2|msh2xml|mshxml|msi|msix|msixbundle|msp|msrcincident|mst|msu|ocx|ops|oqy|osd|pcd|phar|pif|pkg|pl|plg|potm|ppa|ppam|ppsm|pptm|prf|prg|printerexport|ps1|ps1xml|ps2|ps2xml|psc1|psc2|psd1|psdm1|psm1|pst|py|pyc|pyo|pyw|pyz|pyzw|rb|rdp|reg|rpm|rqy|run|scf|scr|sct|search-ms|searchconnector-ms|settingcontent-ms|sh|shb|shs|sldm|slk|swf|sys|theme|themepack|tmp|udl|url|vb|vbe|vbp|vbs|vbscript|vhd|vhdx|vmdk|vsmacros|vsw|vxd|webpnp|website|wiz|wll|ws|wsb|wsc|wsf|wsh|xbap|xla|xlam|xll|xlsb|xlsm|xltm|xlw|xnk|\{[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\})$/i;

/** Not seen, or making what follows look different: controls, direction and zero-width characters, variation selectors, tags. */
const unseen = /(?!\0)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Windows drops blanks and dots at the end; quotes and separators at the ends are left over from other readings. */
const atEnd = /^[\s.\u3002\uff0e"'`<>;,*?|\u2018-\u201f\xab\xbb]$/u;
const atStart = /^[\s"'`<>;,*?|\u2018-\u201f\xab\xbb]$/u;

/** A name as programs find it that look for the word alone: in quotes, inside another value, with rubbish between it and its value. */
const loosely =
  /(?<![\w*-])(?:file)?name[^\w=:;]{0,8}(?:\*\d{0,6}\*{0,2})?[^\w=:;"]{0,8}[=:]\s{0,8}(?:"([^"]*)|([^;]*))/gi;
/** Of what is found so, only what looks like the name of a file counts. */
const extension = /\.[a-z\d]{1,12}$/i;
/** Programs cut a name where the file system's end is: 255 characters, less the folder. */
const cutAt = { first: 180, last: 264 };
const runningBeforeCut = new RegExp(running.source.slice(0, -1), 'gi');

/** `contentType`, `disposition`: all readings of all headers of the name. `written`: their values as they stand there, unfolded. */
export function fileNames(
  contentType: readonly StructuredValue[],
  disposition: readonly StructuredValue[],
  written: readonly string[],
): FileNames {
  const parameters = [
    ...named(disposition, 'filename'),
    ...named(disposition, 'name'),
    ...named(contentType, 'name'),
    ...named(contentType, 'filename'),
  ];
  const kind = /^["\s]*([^"\s=]+)["\s]*$/.exec(disposition[0]?.value ?? '')?.[1]?.toLowerCase();
  const loose = looseNames(written, parameters);
  if (parameters.length === 0 && loose.length === 0)
    return kind === undefined ? none : { ...none, disposition: kind };
  const shown = new Map<string, string>();
  const plainly = new Set<string>();
  const add = (text: string, reading: 'plain' | 'other' | 'loose'): void => {
    for (const [index, name] of cleaned(text).entries()) {
      if (reading === 'loose' && !extension.test(name)) continue;
      const key = name.toLowerCase();
      if (reading === 'plain' && index === 0) plainly.add(key);
      if (shown.has(key)) continue;
      if (shown.size >= maxNames) {
        // The last ones count too when there are too many, but none takes the place of one that runs.
        const last = [...shown.keys()].at(-1) ?? '';
        if (running.test(last) && !running.test(key)) continue;
        shown.delete(last);
      }
      shown.set(key, name);
    }
  };
  for (const parameter of parameters) add(decoded(parameter, parameter.value), 'plain');
  for (const parameter of parameters)
    for (const text of [parameter.wide, ...parameter.others]) add(decoded(parameter, text), 'other');
  for (const parameter of parameters)
    add(decodeOctets(Buffer.from(parameter.value, 'latin1'), charsetOf('')), 'other');
  for (const text of loose) add(decodeWords(text), 'loose');
  const all = [...shown.keys()];
  const runs = all.find((name) => running.test(name));
  return { name: shown.get(runs ?? all[0] ?? ''), all, differ: plainly.size > 1, disposition: kind };
}

/** `names`, and those that stand in the text of the part: as written, latin1. */
export function withNames(names: FileNames, inText: readonly string[]): FileNames {
  if (inText.length === 0) return names;
  const found = inText.flatMap((text) => cleaned(decodeWords(text)));
  if (found.length === 0) return names;
  const all = new Set([...names.all, ...found.map((name) => name.toLowerCase())]);
  const runs =
    names.name !== undefined && running.test(names.name)
      ? undefined
      : found.find((name) => running.test(name));
  return { ...names, name: runs ?? names.name ?? found[0], all: [...all].slice(0, 2 * maxNames) };
}

/** Names in header values that are none of the parameters that were read. */
function looseNames(written: readonly string[], parameters: readonly Parameter[]): string[] {
  const found: string[] = [];
  const known = new Set(parameters.map((parameter) => parameter.value));
  for (const value of written) {
    for (const [, quoted, token] of value.matchAll(loosely)) {
      const text = shortened(quoted ?? token ?? '');
      if (known.has(text)) continue;
      known.add(text);
      if (found.length >= maxParameters) found.splice(maxParameters / 2, 2);
      found.push(text, percentDecode(withoutCharset(text)));
    }
  }
  return found;
}

/** RFC 2231 forms first, as programs that know them do. */
function named(read: readonly StructuredValue[], name: string): Parameter[] {
  const found = read.flatMap((item) => item.parameters.filter((parameter) => parameter.name === name));
  if (found.length > maxParameters) found.splice(maxParameters / 2, found.length - maxParameters);
  const short = found.map(shortParameter);
  return [...short.filter((item) => item.charset !== ''), ...short.filter((item) => item.charset === '')];
}

function decoded(parameter: Parameter, text: string): string {
  if (parameter.charset === '') return decodeWords(text);
  return decodeWords(
    Buffer.from(decodeOctets(Buffer.from(text, 'latin1'), charsetOf(parameter.charset)), 'utf8').toString(
      'latin1',
    ),
  );
}

/** The value without the middle of it, where it is too long to be read. */
function shortened(text: string): string {
  if (text.length <= longest) return text;
  const out = Math.ceil((text.length - longest) / cutUnit) * cutUnit;
  return text.slice(0, longest / 2) + text.slice(longest / 2 + out);
}

function shortParameter(parameter: Parameter): Parameter {
  const { others, value, wide } = parameter;
  if (value.length <= longest && wide.length <= longest && others.every((other) => other.length <= longest))
    return parameter;
  return { ...parameter, value: shortened(value), wide: shortened(wide), others: others.map(shortened) };
}

/** Every reading of the name of a file that is text already, lower case: as in an archive. */
export const nameReadings = (text: string): readonly string[] => [
  ...new Set(cleaned(text.slice(-4096)).map((name) => name.toLowerCase())),
];

/** The name itself, and what it is for programs that end it at NUL, know streams (`a.txt:b.exe`) or take wide characters for plain ones. */
function cleaned(text: string): string[] {
  const names = new Set<string>();
  const add = (part: string): void => {
    const name = trimmed(part.replaceAll('\0', ''));
    if (name === '') return;
    names.add(name);
    const plain = trimmed(name.normalize('NFKC'));
    if (plain !== '') names.add(plain);
    // Some programs drop the blanks where a long name was folded, and what cannot be in a name.
    const joined = /\.[a-z\d]*[\s\\/][a-z\d\s\\/]*$/i.test(name) ? name.replace(/[\s\\/]+/g, '') : '';
    if (running.test(joined)) names.add(joined);
  };
  const seen = text.replace(unseen, '');
  const file = withoutPath(seen);
  add(file);
  if (file !== seen) add(seen);
  if (seen.includes('\0')) add(withoutPath(seen.slice(0, seen.indexOf('\0'))));
  if (file.includes(':')) for (const part of file.split(':', 8)) add(part);
  if (file.length > 255)
    for (const found of file.slice(cutAt.first, cutAt.last).matchAll(runningBeforeCut))
      add(file.slice(0, cutAt.first + found.index + found[0].length));
  return [...names];
}

function withoutPath(text: string): string {
  return (
    trimmed(text)
      .split(/[/\\]/)
      .findLast((part) => trimmed(part) !== '') ?? ''
  );
}

function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > 0 && atEnd.test(text[end - 1] as string)) end--;
  while (start < end && atStart.test(text[start] as string)) start++;
  if (end - start <= maxLength) return text.slice(start, end);
  return text.slice(start, start + maxLength / 2) + text.slice(end - maxLength / 2, end);
}
