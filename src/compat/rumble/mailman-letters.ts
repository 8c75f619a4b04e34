// Functions of `Mailman` about letters (doc/rumble.md).

import type { LetterPart, ReadLetter } from '../../accounts/letter-parts.ts';
import type { LetterFacts, LetterHead } from '../../accounts/letters.ts';
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
function headTable({ fields, file, id, isRead, sent, size }: LetterHead): LuaValue {
  const table = new Map<LuaValue, LuaValue>(fields);
  table.set('id', id).set('file', file).set('size', size).set('sent', sent).set('read', isRead);
  return table;
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

/** Letters in one piece of a list, or parts of a letter: a millisecond or two. */
const PIECE = 25;
/** Header fields of the parts of a piece. */
const PIECE_FIELDS = 1000;
/** Lists, and letters, that a script may have begun at a time. */
const MAX_BEGUN = 100;
const MAX_READING = 10;

/** What is given in pieces and has not come to its end: the rest of each, by a number. */
class Begun<T> {
  readonly #rests = new Map<number, readonly T[]>();
  readonly #most: number;
  readonly #name: string;
  #last = 0;

  constructor(name: string, most: number) {
    this.#name = name;
    this.#most = most;
  }

  /** Its number. Of too many the oldest is forgotten. */
  keep(rest: readonly T[]): number {
    this.#rests.set(++this.#last, rest);
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= this.#most) break;
      this.#rests.delete(oldest);
    }
    return this.#last;
  }

  /** Raises when it was forgotten: nobody is to take the beginning for all of it. */
  take(number: number): readonly T[] {
    const rest = this.#rests.get(number);
    if (rest === undefined)
      throw new LuaError(`${this.#name}: more than ${this.#most} of them are under way`);
    this.#rests.delete(number);
    return rest;
  }
}

const BEGUN: Slot<Begun<LetterHead>> = {
  name: 'Mailman.listHeaders',
  create: () => new Begun('Mailman.listHeaders', MAX_BEGUN),
};
const READING: Slot<Begun<LetterPart>> = {
  name: 'Mailman.readMail',
  create: () => new Begun('Mailman.readMail', MAX_READING),
};

function headsPiece(begun: Begun<LetterHead>, heads: readonly LetterHead[]): LuaResults {
  const first = heads.slice(0, PIECE).map(headTable);
  return heads.length <= PIECE ? [first] : [first, begun.keep(heads.slice(PIECE))];
}

function partsPiece(begun: Begun<LetterPart>, parts: readonly LetterPart[]): LuaResults {
  const first: LuaValue[] = [];
  let fieldCount = 0;
  for (const { body, depth, fields } of parts) {
    if (first.length >= PIECE || fieldCount >= PIECE_FIELDS) break;
    const headers = fields();
    fieldCount += headers.size;
    first.push(
      new Map<LuaValue, LuaValue>([
        ['depth', depth],
        ['headers', new Map(headers)],
        ...(body === undefined ? [] : ([['body', body]] as const)),
      ]),
    );
  }
  return first.length === parts.length ? [first] : [first, begun.keep(parts.slice(first.length))];
}

/** In another turn of the loop. */
const later = (name: string, work: () => LuaResults): Suspension => ({
  kind: 'suspension',
  describe: () => name,
  done: new Promise((resolve, reject) =>
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    }),
  ),
  cancel: () => undefined,
});

function mailTable({ file, id, sent, size }: LetterFacts, { isTruncated }: ReadLetter): LuaValue {
  return { id, file, size, sent, ...(isTruncated && { truncated: true }) };
}

/** What the server knows of a letter, and a number for its parts: a tree of them may be deeper than values for scripts are. */
function reading(
  context: CallContext,
  parts: MailmanParts,
  uid: number | undefined,
  lid: number | undefined,
): LuaResults | Suspension {
  return calling(context, parts, 'mail', 'readMail', async ({ accounts, signal }) => {
    if (uid === undefined || lid === undefined) return [];
    const { values } = optionsOf(context);
    const letter = known(await (await lettersOf(accounts)).read(uid, lid, signal));
    if (letter === undefined) return [];
    const { readLetter } = await import('../../accounts/letter-parts.ts');
    const read = await readLetter(letter.content, mimeLimits(values), values['rumble-read-max'], signal);
    return [mailTable(letter, read), context.slot(READING).keep(read.parts)];
  });
}

/** What is behind lib-lua/rumble/letters.lua and letter.lua. */
export function letterPieces(parts: MailmanParts): readonly FunctionSpec[] {
  return [
    luaFunction({
      name: 'rumble_letters',
      shown: 'Mailman.listHeaders',
      suspends: true,
      params: [UID, optionalAnything('folder', 'integer|string', 'Its id or name.')],
      text: 'The beginning of a list, and a number for the rest.',
      call: (context, uid, folder) =>
        listing(context, parts, uid, folder, (heads) => headsPiece(context.slot(BEGUN), heads)),
    }),
    luaFunction({
      name: 'rumble_more_letters',
      shown: 'Mailman.listHeaders',
      suspends: true,
      params: [integer('rest', 'The number.')],
      text: 'The next piece of it, and a number for the rest.',
      call: (context, rest) => {
        const begun = context.slot(BEGUN);
        const heads = begun.take(rest);
        return later('Mailman.listHeaders', () => headsPiece(begun, heads));
      },
    }),
    luaFunction({
      name: 'rumble_letter',
      shown: 'Mailman.readMail',
      suspends: true,
      params: [UID, LID],
      text: 'What is known of a letter, and a number for its parts.',
      call: (context, uid, lid) => reading(context, parts, uid, lid),
    }),
    luaFunction({
      name: 'rumble_more_parts',
      shown: 'Mailman.readMail',
      suspends: true,
      params: [integer('rest', 'The number.')],
      text: 'Parts of a letter in the order in which they stand, each with its depth, and a number for the rest.',
      call: (context, rest) => {
        const begun = context.slot(READING);
        const its = begun.take(rest);
        return later('Mailman.readMail', () => partsPiece(begun, its));
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
      // Scripts have lib-lua/rumble/letter.lua in its place, which makes a tree of the parts.
      call: (context, uid, lid) => reading(context, parts, uid, lid),
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
