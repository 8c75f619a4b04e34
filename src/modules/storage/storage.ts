// Lua module `storage`: somebody's mail for policies (doc/reference/storage.md). What is done is mailbox/'s business; here are arguments, results and
// their documentation.
import { fileSource } from '../../delivery/message-source.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, record } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import { LuaObject } from '../../lua-api/value.ts';
import type { MailUser } from '../../mailbox/port/mail-user.ts';
import type { MailOutcome } from '../../mailbox/port/outcome.ts';
import type { SpoolDirectory } from '../../message/stored-message.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { encodeUtf8 } from '../../text/utf8.ts';
import { boxClass, causeResults, doneResult, type FindContent, MOST, mailboxName } from './box-methods.ts';
import { mailPlace } from './mail-place.ts';
import { type StorageParts, StorageUser, storageCauses } from './storage-user.ts';

const TEXT =
  'Mail that lies in the maildir of `smtp-smart-host`, for what has no IMAP side here: put a message into a folder, set flags, make folders. What is done is told to push scripts ' +
  '(option `push-script`); what mail readers do to the files is not.\n\n' +
  'A user is an address, or a local part; with `%u`, `%n` or `%d` in the option each has a directory, which has to be there: none is made because somebody has named it. ' +
  'A name that could lead out of the place is `bad_name`.\n\n' +
  'What cannot be done gives nil, one word of `storage.cause` and a text; it never raises. Arguments of a wrong type raise. All methods suspend.';

const causeTexts: Readonly<Record<(typeof storageCauses)[number], string>> = {
  missing: 'There is no such user, mailbox or message.',
  exists: 'There is a mailbox of that name already.',
  bad_name: 'Nothing can be named so.',
  refused:
    'That cannot be done to this mailbox (INBOX is not deleted), or a script of the user does not want it (`mail-lua-script`).',
  locked: 'Another program has held its lock for too long: it can be tried again.',
  full: 'No room on the disk, in the quota, or too many of something.',
  denied: 'smtpe has not the right to.',
  aborted: 'The hook was cut off.',
  failed: 'Another error of the file system; the text names it.',
  no_maildir: '`smtp-smart-host` has no maildir.',
};

/** In examples. */
const BOB = "local user = storage.user('bob@example.com')\n";

const method = luaMethod<StorageUser>();
const mailbox = bytes('name', 'full name of a mailbox, parts with `/` between them, UTF-8');

/** What is done to one mailbox, by its name. */
function doing(
  name: 'create' | 'delete' | 'subscribe' | 'unsubscribe',
  text: string,
  example: string,
): FunctionSpec {
  return method({
    name,
    suspends: true,
    params: [mailbox],
    results: [doneResult, ...causeResults],
    text: `${text} Suspends.`,
    examples: [BOB + example],
    call: (context, user, given) =>
      user.change(
        context,
        `${name} ${given}`,
        (mail) => mail[name](mailboxName(given)),
        () => [true],
      ),
  });
}

const listOf = async (
  user: MailUser,
): Promise<MailOutcome<readonly { name: string; subscribed: boolean }[]>> => {
  const all = await user.list();
  if (all.kind !== 'done') return all;
  const value = all.value
    .filter(({ isOnlyParent }) => !isOnlyParent)
    .map(({ isSubscribed, vname }) => ({ name: encodeUtf8(vname), subscribed: isSubscribed }));
  return { kind: 'done', value };
};

function userClass(box: ClassSpec): ClassSpec {
  return {
    name: 'storage_user',
    text: 'Somebody’s mail.',
    attributes: [
      {
        name: 'name',
        type: 'string',
        text: 'of the user, in lower case',
        read: (user) => encodeUtf8((user as StorageUser).identity.name),
      },
    ],
    toText: (user) => encodeUtf8((user as StorageUser).identity.name),
    same: (a, b) => (a as StorageUser).identity.path === (b as StorageUser).identity.path,
    methods: [
      method({
        name: 'mailbox',
        params: [mailbox],
        results: [{ name: 'box', type: 'storage_box', text: 'which need not be there' }],
        examples: [`${BOB}assert(user:mailbox('inbox').name == 'INBOX')`],
        text: 'A mailbox; nothing is looked at. `inbox` in any case is INBOX. Does not suspend.',
        call: (_context, user, name) => [
          new LuaObject(box, { user, name: /^inbox$/i.test(name) ? 'INBOX' : name }),
        ],
      }),
      doing(
        'create',
        'Makes a mailbox: `MailboxCreate`.',
        "user:delete('Work')\nassert(user:create('Work'))\nlocal done, cause = user:create('Work')\nassert(done == nil and cause == storage.cause.exists)",
      ),
      doing(
        'delete',
        'Removes a mailbox with all that is in it: `MessageExpunge` for each message, `MailboxDelete`. Not INBOX.',
        "user:create('Old')\nassert(user:delete('Old'))",
      ),
      doing(
        'subscribe',
        'Subscribes to a mailbox, which has to be there: `MailboxSubscribe`.',
        "user:create('News')\nassert(user:subscribe('News'))",
      ),
      doing('unsubscribe', 'Takes that back: `MailboxUnsubscribe`.', "assert(user:unsubscribe('News'))"),
      method({
        name: 'rename',
        suspends: true,
        params: [mailbox, bytes('to', 'its new name')],
        results: [doneResult, ...causeResults],
        text: 'Renames a mailbox, with those below it: `MailboxRename`. Not INBOX. Suspends.',
        examples: [`${BOB}user:delete('Later')\nuser:create('Now')\nassert(user:rename('Now', 'Later'))`],
        call: (context, user, from, to) =>
          user.change(
            context,
            `rename ${from}`,
            (mail) => mail.rename(mailboxName(from), mailboxName(to)),
            () => [true],
          ),
      }),
      method({
        name: 'list',
        suspends: true,
        params: [],
        results: [
          {
            name: 'mailboxes',
            type: 'storage_mailbox[]?',
            text: `an array by name, each with \`name\` and \`subscribed\`, ${MOST} at most; nil`,
          },
          ...causeResults,
        ],
        text: 'The mailboxes. Suspends.',
        examples: [`${BOB}for _, box in ipairs(user:list()) do\n  print(box.name, box.subscribed)\nend`],
        call: (context, user) => user.ask(context, 'list', listOf, (all) => [[...all]]),
      }),
    ],
  };
}

export interface StorageModuleParts extends StorageParts {
  readonly spool: SpoolDirectory;
}

export function createStorageModule(parts: StorageModuleParts): ModuleSpec {
  const findContent: FindContent = async (context: CallContext, path: string) => {
    const current = sessionOf(context)?.transaction?.message;
    const found = current !== undefined && current.path === path ? current : parts.spool.find(path);
    try {
      return found ?? (await fileSource(path));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const box = boxClass(findContent);
  const user = userClass(box);
  return luaModule({
    name: 'storage',
    records: [
      record('storage_mailbox', 'One of `user:list`.', {
        name: ['string', 'its full name'],
        subscribed: ['boolean', 'whether the user has subscribed to it'],
      }),
      record('storage_status', 'What `box:status` gives.', {
        messages: ['integer', 'how many'],
        recent: ['integer', 'that nobody has looked at'],
        unseen: ['integer', 'that are not read'],
        uidvalidity: ['integer', 'another number says that uids are others'],
        uidnext: ['integer', 'of the next message'],
        keywords: ['string[]', 'that are used in it'],
      }),
      record('storage_message', 'One of `box:messages`.', {
        uid: ['integer', 'what it is called by'],
        seq: ['integer', 'its place'],
        flags: ['string[]', '`\\\\Seen`, `\\\\Flagged` ...'],
        keywords: ['string[]', 'other words'],
        recent: ['boolean', 'nobody has looked at it'],
      }),
    ],
    text: TEXT,
    classes: [user, box],
    tables: [
      {
        name: 'cause',
        text: 'Why something was not done: `storage.cause.missing == "missing"`.',
        reverse: false,
        isClosed: true,
        constants: storageCauses.map((name) => ({ name, value: name, text: causeTexts[name] })),
      },
    ],
    functions: [
      luaFunction({
        name: 'user',
        params: [bytes('name', 'an address, or a local part')],
        results: [{ name: 'user', type: 'storage_user?', text: 'whose mail it is; nil' }, ...causeResults],
        text: 'Somebody’s mail. Whether he is there is seen when something is done. Does not suspend.',
        examples: [
          "local user, cause = storage.user('bob@example.com')\nif user == nil then\n  assert(cause == storage.cause.no_maildir)\nelse\n  assert(user.name == 'bob@example.com')\nend",
        ],
        call: (context, name) => {
          const place = mailPlace(optionsOf(context), name);
          if (place.kind !== 'place') return [undefined, place.kind, place.why];
          return [new LuaObject(user, new StorageUser(parts, place.identity, place.perUser))];
        },
      }),
    ],
  });
}
