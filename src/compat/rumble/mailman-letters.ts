// Functions of `Mailman` about letters (doc/rumble.md).

import type { LetterPart } from '../../accounts/letter-parts.ts';
import type { LetterHead } from '../../accounts/letters.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { integer, optionalAnything, optionalInteger } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { mimeLimits } from '../../message/mime/limits.ts';
import { optionsOf } from '../../options/options.ts';
import { decodeUtf8, encodeUtf8 } from '../../text/utf8.ts';
import { calling, known, lettersOf, type MailmanParts } from './mailman-call.ts';

const UID = optionalInteger('uid', 'The id of an account.', undefined);
const LID = optionalInteger('lid', 'The `id` of a letter, as `listHeaders` has it.', undefined);

/** What the server knows goes over header fields of the same name: those are a stranger's. */
const headTable = ({ fields, file, id, isRead, sent, size }: LetterHead): LuaValue =>
  new Map<LuaValue, LuaValue>([
    ...fields,
    ['id', id],
    ['file', file],
    ['size', size],
    ['sent', sent],
    ['read', isRead],
  ]);

function partTable({ body, fields, parts }: LetterPart): readonly (readonly [LuaValue, LuaValue])[] {
  const headers: readonly [LuaValue, LuaValue] = ['headers', new Map(fields)];
  if (body !== undefined) return [headers, ['body', body]];
  return [headers, ['parts', parts.map((part) => new Map(partTable(part)))]];
}

/** An id, or a full name. */
function folderOf(value: LuaValue): number | string | undefined {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return value;
  const text = Buffer.isBuffer(value) ? value.toString('latin1') : value;
  if (typeof text !== 'string') return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : (decodeUtf8(text) ?? text);
}

function listing(
  context: CallContext,
  parts: MailmanParts,
  uid: number | undefined,
  folder: LuaValue,
  results: (heads: readonly LetterHead[]) => LuaResults,
): LuaResults | Suspension {
  return calling(context, parts, 'mail', 'listHeaders', async ({ accounts, signal }) => {
    if (uid === undefined || uid === 0) return [];
    const place = folderOf(folder);
    if (place === undefined)
      throw new LuaError("bad argument #2 to 'Mailman.listHeaders' (integer or string expected)");
    return results(known(await (await lettersOf(accounts)).heads(uid, place, signal)));
  });
}

/** Letters in one piece of a list: a millisecond or two. */
const PIECE = 25;
/** Lists that a script may have begun; of more the oldest is forgotten. */
const MAX_BEGUN = 100;

class Begun {
  readonly lists = new Map<number, readonly LetterHead[]>();
  #last = 0;

  /** The first piece, and by what number the rest is had. */
  piece(heads: readonly LetterHead[]): LuaResults {
    const first = heads.slice(0, PIECE).map(headTable);
    if (heads.length <= PIECE) return [first];
    this.lists.set(++this.#last, heads.slice(PIECE));
    for (const oldest of this.lists.keys()) {
      if (this.lists.size <= MAX_BEGUN) break;
      this.lists.delete(oldest);
    }
    return [first, this.#last];
  }
}

const BEGUN: Slot<Begun> = { name: 'Mailman.listHeaders', create: () => new Begun() };

/** What is behind lib-lua/rumble/letters.lua. */
export function letterPieces(parts: MailmanParts): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'rumble_letters',
      suspends: true,
      params: [UID, optionalAnything('folder', 'integer|string', 'Its id or name.')],
      text: 'The beginning of a list, and a number for the rest.',
      call: (context, uid, folder) =>
        listing(context, parts, uid, folder, (heads) => context.slot(BEGUN).piece(heads)),
    }),
    luaFunction({
      name: 'rumble_more_letters',
      suspends: true,
      params: [integer('rest', 'The number.')],
      text: 'The next piece of it, and a number for the rest.',
      call: (context, rest) => {
        const begun = context.slot(BEGUN);
        const heads = begun.lists.get(rest) ?? [];
        begun.lists.delete(rest);
        const done = new Promise<LuaResults>((resolve) => setImmediate(() => resolve(begun.piece(heads))));
        return { kind: 'suspension', describe: () => 'Mailman.listHeaders', done, cancel: () => undefined };
      },
    }),
  ];
}

export function letterFunctions(parts: MailmanParts): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'listFolders',
      suspends: true,
      params: [UID],
      results: [
        {
          name: 'folders',
          type: 'table<integer, string>',
          text: 'names in UTF-8 by id, `INBOX` under 0; empty for an unknown account',
        },
      ],
      text: 'The folders of an account. Those that other programs make have an id from when they are first seen. Suspends.',
      call: (context, uid) =>
        calling(context, parts, 'mail', 'listFolders', async ({ accounts, signal }) => {
          if (uid === undefined) return [new Map()];
          const folders = known(await (await lettersOf(accounts)).folders(uid, signal));
          return [new Map([...(folders ?? [])].map(([id, name]) => [id, encodeUtf8(name)] as const))];
        }),
    }),
    luaFunction({
      name: 'listHeaders',
      suspends: true,
      params: [
        UID,
        optionalAnything(
          'folder',
          'integer|string',
          'Its id, or its full name, parts with `/` between them; INBOX when it is left out.',
        ),
      ],
      results: [
        {
          name: 'letters',
          type: 'mailman_letter[]?',
          text:
            'in the order of delivery, each with `id`, `file`, `size` (octets), `sent` (seconds since 1970, of delivery), `read`, and its header fields: by name in lower case, unfolded, the last of a name, ' +
            '8 KiB of each and 64 KiB in all at most. Empty for an unknown account or folder; nil without `uid`',
        },
      ],
      text: 'The letters in a folder. A header field named as one of the five is not shown. Suspends.',
      // Scripts have lib-lua/rumble/letters.lua in its place, which does so in pieces.
      call: (context, uid, folder) => listing(context, parts, uid, folder, (heads) => [heads.map(headTable)]),
    }),
    luaFunction({
      name: 'readMail',
      suspends: true,
      params: [UID, LID],
      results: [
        {
          name: 'letter',
          type: 'mailman_mail?',
          text:
            '`file`, `size`, `sent` as in `listHeaders`, `headers`, and either `body` or, of a multipart, `parts`: an array of such tables. Bodies are as transmitted: base64 and quoted-printable stay. ' +
            '`truncated = true` when bodies were cut (`rumble-read-max`). nil: there is none, or it is another account’s',
        },
      ],
      text: 'A letter, which counts as read from then on. Taken apart by the limits of `mime.parts` (`limit-mime-depth` ...); a message in it is not. Suspends.',
      call: (context, uid, lid) =>
        calling(context, parts, 'mail', 'readMail', async ({ accounts, signal }) => {
          if (uid === undefined || lid === undefined) return [];
          const { values } = optionsOf(context);
          const letter = known(await (await lettersOf(accounts)).read(uid, lid, signal));
          if (letter === undefined) return [];
          const { readLetter } = await import('../../accounts/letter-parts.ts');
          const { isTruncated, root } = await readLetter(
            letter.content,
            mimeLimits(values),
            values['rumble-read-max'],
            signal,
          );
          const facts = [
            ...([
              ['id', letter.id],
              ['file', letter.file],
              ['size', letter.size],
              ['sent', letter.sent],
            ] as const),
            ...(isTruncated ? ([['truncated', true]] as const) : []),
          ];
          return [new Map<LuaValue, LuaValue>([...partTable(root), ...facts])];
        }),
    }),
    luaFunction({
      name: 'deleteMail',
      suspends: true,
      params: [UID, LID],
      text: 'Removes a letter for good, when it is that of this account. Suspends.',
      call: (context, uid, lid) =>
        calling(context, parts, 'mail', 'deleteMail', async ({ accounts, signal }) => {
          if (uid !== undefined && lid !== undefined)
            known(await (await lettersOf(accounts)).remove(uid, lid, signal));
          return [];
        }),
    }),
  ];
}
