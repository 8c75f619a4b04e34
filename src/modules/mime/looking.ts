// Lua module mime: what a part is by its octets, and what is in an archive.
import { Turns } from '../../base/turns.ts';
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import type { RecordSpec } from '../../lua-api/module-spec.ts';
import { LuaTable } from '../../lua-api/value.ts';
import {
  type ArchiveEntry,
  archiveDefects,
  type Listing,
  type Truncation,
  truncations,
} from '../../message/archive/listing.ts';
import { listArchive } from '../../message/archive/walk.ts';
import { partRange } from '../../message/content/part-octets.ts';
import { PartSource } from '../../message/content/part-source.ts';
import { detect, detectOctets } from '../../message/file-type/detect.ts';
import type { MimeLimitName } from '../../message/mime/limits.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { withPart } from './contents.ts';
import { partNumber, whenItMay } from './reading.ts';

/** Archives that are looked into at a time, in the whole process: each may hold unpacked octets in memory. */
const atATime = 2;

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const detectFunction = luaFunction({
  name: 'detect',
  params: [partNumber],
  results: [
    {
      name: 'type',
      type: 'string?',
      text: 'a media type, lower case; nil when the octets are nothing that is known',
    },
    {
      name: 'ext',
      type: 'string?',
      text: 'the usual extension without dot: `exe`, `zip`, `docm`, `js`; or why nothing could be read',
    },
  ],
  suspends: true,
  text: `What a part is by its octets, whatever its headers and names say. Known are programs (PE as \`exe\` or \`dll\`, ELF, Mach-O, Java, .lnk), archives and disk
images (zip, rar, 7z, gz, bz2, xz, tar, cab, iso, vhd, ace, arj ...), office documents (docx, xlsx, pptx, with macros docm, xlsm, pptm, xlsb; OLE
as doc, xls, ppt, msg, msi; an encrypted one as \`ole\` with type application/x-ole-encrypted), pdf, rtf, OneNote, scripts (shebang, js, vbs, ps1, bat, hta, wsf, reg,
url), html, svg, messages, and the usual pictures, sound, films and type. Of text only what is distinctive counts, so that a letter is not
taken for a program: plain text gives nil. The first 64 KiB are looked at; of an office document \`mime.archive\` sees the rest. ${whenItMay}`,
  examples: [
    `function hook.dot()
  for i in ipairs(mime.parts) do
    local _, ext = mime.detect(i)
    if ext == 'exe' or ext == 'lnk' then return '550 5.7.1 no programs, whatever they are called' end
  end
end`,
  ],
  call: (context, number) =>
    withPart(context, 'mime.detect', number, async ({ message, place, pace }) => {
      const found = detect((await partRange(message, place, pace, 0, detectOctets)).octets);
      return [found?.type, found?.ext];
    }),
});

function limitOf(cause: Truncation): MimeLimitName | undefined {
  switch (cause) {
    case 'limit-archive-names':
      return 'archiveNames';
    case 'limit-archive-bytes':
      return 'archiveBytes';
    case 'limit-archive-depth':
      return 'archiveDepth';
    case 'unsupported':
    case 'encrypted':
    case 'damaged':
      return undefined;
  }
}

const set = (names: ReadonlySet<string>): Readonly<Record<string, true>> =>
  Object.fromEntries([...names].map((name) => [name, true]));

const entryTable = (
  entry: ArchiveEntry,
): Readonly<Record<string, string | number | boolean | string[] | undefined>> => ({
  ...entry,
  name: octets(entry.name),
  names: entry.names.map(octets),
});

function listTable(
  { ext, type }: { readonly type: string; readonly ext: string },
  listing: Listing,
): LuaTable {
  return new LuaTable(listing.entries.map(entryTable), {
    type,
    ext,
    encrypted: listing.truncated.has('encrypted') || listing.entries.some(({ encrypted }) => encrypted),
    truncated: listing.truncated.size === 0 ? undefined : set(listing.truncated),
    defects: set(listing.defects),
  });
}

export function lookingFunctions(): readonly FunctionSpec[] {
  const turns = new Turns(atATime);
  const archive = luaFunction({
    name: 'archive',
    params: [partNumber],
    results: [
      { name: 'list', type: 'mime_archive?', text: 'what is in it; nil when it is no archive' },
      { name: 'error', type: 'string?', text: 'why there is no list' },
    ],
    suspends: true,
    text: `The names of what is in an archive, and of what is in archives inside it, by their octets and not by their names. Looked into are zip (and with it office
documents, jar, programs that unpack themselves), tar, gz, 7z, rar, cab and what Outlook sends as winmail.dat; in zip, tar, gz and winmail.dat also archives inside, at most option
limit-archive-depth levels. Of 7z, rar and cab the names are read, not what the files are. What nothing is known of has \`truncated.unsupported\`: bz2, xz, zst, arj, iso and
others, and archives inside 7z, rar and cab, by their names. A rule about names refuses an archive whose list is not all. Such a list
says so in \`truncated\`, so that "too much to look through" can be a verdict: limits are limit-archive-names and limit-archive-bytes. Nothing is
written to a disk; two archives are looked into at a time in a process, others wait. ${whenItMay}`,
    examples: [
      `function hook.dot()
  for i in ipairs(mime.parts) do
    for _, entry in ipairs(mime.archive(i) or {}) do
      for _, name in ipairs(entry.names) do
        if name:find('%.exe$') then return '550 5.7.1 no programs, packed or not' end
      end
    end
  end
end`,
    ],
    call: (context, number) =>
      withPart(context, 'mime.archive', number, ({ message, place, pace, limits }) =>
        turns.take(pace.signal, async () => {
          const source = await PartSource.open(message, place, pace);
          try {
            const { archiveBytes: bytes, archiveDepth: depth, archiveNames: names } = limits;
            const found = await listArchive(source, { bytes, depth, names }, (count) => pace.step(count));
            if (found === undefined) return [undefined, `part ${number} is no archive`];
            for (const cause of found.listing.truncated) {
              const limit = limitOf(cause);
              if (limit !== undefined) sessionOf(context)?.reached?.(limit);
            }
            return [listTable(found.kind, found.listing)];
          } finally {
            await source.close();
          }
        }),
      ),
  });
  return [detectFunction, archive];
}

const fieldsOf = (table: Readonly<Record<string, string>>): RecordSpec['fields'] =>
  Object.entries(table).map(([name, text]) => ({
    name: /^\w+$/.test(name) ? name : `['${name}']`,
    type: 'boolean?',
    text,
  }));

export const lookingRecords: readonly RecordSpec[] = [
  {
    name: 'mime_archive',
    text: 'What `mime.archive` gives: the entries as `list[1]`, `list[2]` ... in the order of the archive, what is inside an archive behind all of those around it.',
    fields: [
      { name: '[integer]', type: 'mime_archive_entry', text: 'an entry' },
      {
        name: 'type',
        type: 'string',
        text: 'of the archive, as `mime.detect` says it, but by all names in it',
      },
      { name: 'ext', type: 'string', text: 'the same for the extension' },
      { name: 'encrypted', type: 'boolean', text: 'an entry, or the list of names, is encrypted' },
      { name: 'truncated', type: 'mime_archive_truncated?', text: 'why the list is not all; nil when it is' },
      { name: 'defects', type: 'mime_archive_defects', text: 'what is odd about it' },
    ],
  },
  {
    name: 'mime_archive_entry',
    text: 'A file, directory or link in an archive.',
    fields: [
      {
        name: 'name',
        type: 'string',
        text: 'its name with its path, UTF-8, at most 1024 characters, without characters that are not seen',
      },
      {
        name: 'names',
        type: 'string[]',
        text: 'all names that any program may give it, without path, lower case, as `filenames` of a part; empty for a directory',
      },
      { name: 'size', type: 'integer', text: 'octets unpacked, as the archive says' },
      { name: 'encrypted', type: 'boolean', text: 'it needs a password' },
      {
        name: 'type',
        type: 'string?',
        text: 'what it is by its octets; nil when that is not known, or they are not looked at (encrypted, rar, cab)',
      },
      { name: 'ext', type: 'string?', text: 'the same for the extension' },
      {
        name: 'within',
        type: 'integer?',
        text: 'the number of the entry that is the archive it stands in; nil for the part itself',
      },
      { name: 'depth', type: 'integer', text: '1 in the part itself, 2 in an archive inside it ...' },
    ],
  },
  {
    name: 'mime_archive_truncated',
    text: 'The keys of `truncated` of an archive.',
    fields: fieldsOf(truncations),
  },
  {
    name: 'mime_archive_defects',
    text: 'The keys of `defects` of an archive.',
    fields: fieldsOf(archiveDefects),
  },
];
