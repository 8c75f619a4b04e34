// What a file is by its octets, not by what its name or its headers say. Looks at the beginning only, and at the directory entries that stand in it;
// a fixed amount of work for any input. Pure.

import { detectText } from './detect-text.ts';
import { magicTable } from './magic-table.ts';
import { isTarHeader } from './tar-header.ts';

export interface Detected {
  readonly type: string;
  /** Without dot. */
  readonly ext: string;
}

/** Octets that are looked at: the mark of a disk image is behind the first 32 KiB. */
export const detectOctets = 65_536;

const found = (type: string, ext: string): Detected => ({ type, ext });
const openXml = 'application/vnd.openxmlformats-officedocument.';

/** Office documents, programs and other things that are zip archives, by a name in them; the first that fits. */
const inZip: readonly (readonly [RegExp, Detected])[] = [
  [/^word\/vbaproject\.bin$/, found('application/vnd.ms-word.document.macroenabled.12', 'docm')],
  [/^xl\/vbaproject\.bin$/, found('application/vnd.ms-excel.sheet.macroenabled.12', 'xlsm')],
  [/^ppt\/vbaproject\.bin$/, found('application/vnd.ms-powerpoint.presentation.macroenabled.12', 'pptm')],
  [/^xl\/macrosheets\//, found('application/vnd.ms-excel.sheet.macroenabled.12', 'xlsm')],
  [/^xl\/workbook\.bin$/, found('application/vnd.ms-excel.sheet.binary.macroenabled.12', 'xlsb')],
  [/^word\/document/, found(`${openXml}wordprocessingml.document`, 'docx')],
  [/^xl\/workbook/, found(`${openXml}spreadsheetml.sheet`, 'xlsx')],
  [/^ppt\/presentation/, found(`${openXml}presentationml.presentation`, 'pptx')],
  [/^visio\/document/, found('application/vnd.ms-visio.drawing', 'vsdx')],
  [/^androidmanifest\.xml$/, found('application/vnd.android.package-archive', 'apk')],
  [/^appxmanifest\.xml$|^appxmetadata\//, found('application/appx', 'appx')],
  [/^payload\/[^/]+\.app\//, found('application/x-ios-app', 'ipa')],
  [/^extension\.vsixmanifest$/, found('application/vsix', 'vsix')],
  [/^meta-inf\/manifest\.mf$/, found('application/java-archive', 'jar')],
  [/^doc\.kml$/, found('application/vnd.google-earth.kmz', 'kmz')],
  [/^word\//, found(`${openXml}wordprocessingml.document`, 'docx')],
  [/^xl\//, found(`${openXml}spreadsheetml.sheet`, 'xlsx')],
  [/^ppt\//, found(`${openXml}presentationml.presentation`, 'pptx')],
];

const zipKinds = new Set([
  'zip',
  'epub',
  'odt',
  'ods',
  'odp',
  'odg',
  'odf',
  ...inZip.map(([, { ext }]) => ext),
]);

/** What is a zip archive, whatever it is called. */
export const isZipKind = ({ ext }: Detected): boolean => zipKinds.has(ext);

/** Of an archive of the zip kind, by the names in it, in lower case. `mimetype`: the text of the entry of that name (OpenDocument, EPUB). */
export function detectZip(names: readonly string[], mimetype: string): Detected {
  const declared = /^application\/(?:vnd\.oasis\.opendocument\.([a-z-]+)|(epub)\+zip)/.exec(mimetype);
  if (declared !== null) {
    const kinds: Readonly<Record<string, string>> = {
      text: 'odt',
      spreadsheet: 'ods',
      presentation: 'odp',
      graphics: 'odg',
    };
    return found(declared[0], declared[2] ?? kinds[declared[1] ?? ''] ?? 'odf');
  }
  for (const [pattern, what] of inZip) if (names.some((name) => pattern.test(name))) return what;
  return found('application/zip', 'zip');
}

/** The names of the local headers that stand in these octets, at most 200 of them: what is in between is not taken apart. */
function zipNames(octets: Buffer): { readonly names: string[]; readonly mimetype: string } {
  const names: string[] = [];
  let mimetype = '';
  for (let at = octets.indexOf('PK'); at >= 0 && names.length < 200; at = octets.indexOf('PK', at + 2)) {
    if (at + 46 > octets.length) break;
    const mark = octets.readUInt16LE(at + 2);
    const local = mark === 0x0403;
    if (!local && mark !== 0x0201) continue;
    const nameAt = at + (local ? 30 : 46);
    const length = octets.readUInt16LE(at + (local ? 26 : 28));
    const name = octets
      .toString('latin1', nameAt, nameAt + Math.min(length, 256))
      .replaceAll('\\', '/')
      .toLowerCase();
    names.push(name);
    if (local && name === 'mimetype')
      mimetype = octets.toString('latin1', nameAt + length + octets.readUInt16LE(at + 28)).slice(0, 100);
  }
  return { names, mimetype };
}

/** Names of streams in the directory of a compound file (OLE), in UTF-16; the class of an installer. */
function detectCompound(octets: Buffer): Detected {
  const has = (name: string): boolean => octets.includes(Buffer.from(name, 'utf16le'));
  if (octets.includes(Buffer.from('84100c0000000000c000000000000046', 'hex')))
    return found('application/x-msi', 'msi');
  if (has('__substg1.0_') || has('__properties_version1.0'))
    return found('application/vnd.ms-outlook', 'msg');
  if (has('EncryptedPackage')) return found('application/x-ole-encrypted', 'ole');
  if (has('WordDocument')) return found('application/msword', 'doc');
  if (has('Workbook') || has('Book\0')) return found('application/vnd.ms-excel', 'xls');
  if (has('PowerPoint Document')) return found('application/vnd.ms-powerpoint', 'ppt');
  if (has('VisioDocument')) return found('application/vnd.visio', 'vsd');
  return found('application/x-ole-storage', 'ole');
}

function detectPe(octets: Buffer): Detected {
  const at = octets.length >= 64 ? octets.readUInt32LE(60) : octets.length;
  if (at + 24 <= octets.length && octets.toString('latin1', at, at + 4) === 'PE\0\0') {
    const isLibrary = (octets.readUInt16LE(at + 22) & 0x2000) !== 0;
    return found('application/vnd.microsoft.portable-executable', isLibrary ? 'dll' : 'exe');
  }
  return found('application/x-msdos-program', 'exe');
}

/** `octets`: the first detectOctets of the file, or all of a shorter one. Undefined: nothing that is known. */
export function detect(octets: Buffer): Detected | undefined {
  const head = octets.toString('latin1', 0, 64);
  if (head.startsWith('MZ') || head.startsWith('ZM')) return detectPe(octets);
  if (head.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) return detectCompound(octets);
  if (head.startsWith('\xca\xfe\xba\xbe'))
    // A class of Java and a Mach-O of several kinds begin alike; the count of the latter is small.
    return octets.length >= 8 && octets.readUInt32BE(4) < 20
      ? found('application/x-mach-binary', 'macho')
      : found('application/java-vm', 'class');
  for (const { at, ext, type } of magicTable) {
    const fits = at.every(
      ([offset, mark]) => octets.toString('latin1', offset, offset + mark.length) === mark,
    );
    if (!fits) continue;
    if (ext !== 'zip') return { type, ext };
    const { mimetype, names } = zipNames(octets);
    return detectZip(names, mimetype);
  }
  if (isScriptSource(head))
    return found('application/x-encoded-script', head.includes('VBE') ? 'vbe' : 'jse');
  if (isTarHeader(octets)) return found('application/x-tar', 'tar');
  // PDF readers take the mark anywhere in the first kilobyte.
  if (octets.subarray(0, 1024).includes('%PDF-')) return found('application/pdf', 'pdf');
  return detectText(octets) ?? zipBehind(octets);
}

/** Scripts as Microsoft's encoder writes them. */
const isScriptSource = (head: string): boolean => head.startsWith('#@~^');

/** Programs find a zip archive behind anything. */
function zipBehind(octets: Buffer): Detected | undefined {
  if (!octets.includes('PK\x03\x04')) return undefined;
  const { mimetype, names } = zipNames(octets);
  return names.length === 0 ? undefined : detectZip(names, mimetype);
}
