// mime.add_footer, remove, replace: what a policy wants changed in the content; written when the message is final (message/change).

import { codeOf, textOf } from '../../base/errors.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import type { RecordSpec } from '../../lua-api/module-spec.ts';
import { anything, bytes, integer, optionalAnything } from '../../lua-api/params.ts';
import { changeFaults } from '../../message/change/change-faults.ts';
import type { ChangeOutcome, ContentChanges } from '../../message/change/content-changes.ts';
import { mimeLimits } from '../../message/mime/limits.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { ChangeTable, lines } from './change-table.ts';

const outcomeResults = [
  { name: 'noted', type: 'boolean', text: 'whether it is going to be made' },
  {
    name: 'why',
    type: 'string|nil',
    text: `why it is not: ${Object.keys(changeFaults)
      .map((word) => `\`${word}\``)
      .join(', ')} (\`change_fault\` below)`,
  },
] as const;

interface Asked {
  /** For the log. */
  readonly what: string;
  readonly octets: number;
  /** By numbers of mime.parts. */
  readonly parts: boolean;
  readonly refuse: boolean;
  /** Left alone, whatever is asked for: what is no defect of the message. */
  readonly harmless: ReadonlySet<string>;
}

function change(
  context: CallContext,
  asked: Asked,
  note: (changes: ContentChanges) => Promise<ChangeOutcome>,
): Suspension | LuaResults {
  const session = sessionOf(context);
  if (session === undefined) throw new LuaError('a message exists only while a client is served');
  const { transaction } = session;
  if (transaction === undefined) return [false, undefined];
  if (!transaction.atDot) throw new LuaError('the content of a message can be changed only in hook.dot');
  const { values } = optionsOf(context);
  const begin = async (): Promise<readonly [boolean, string | undefined]> => {
    const changes = await transaction.changes(asked.parts).catch(toLuaError);
    if (changes.asked >= values['limit-mime-edits'])
      throw new LuaError(`more than ${values['limit-mime-edits']} changes of the content (limit-mime-edits)`);
    if (changes.octets + asked.octets > values['limit-mime-edit-bytes'])
      throw new LuaError(
        `more than ${values['limit-mime-edit-bytes']} bytes put into the content (limit-mime-edit-bytes)`,
      );
    changes.asked++;
    changes.octets += asked.octets;
    const outcome = await note(changes).catch(unreadable);
    switch (outcome.kind) {
      case 'noted':
        if (asked.refuse) changes.mustBeMade = true;
        return [true, undefined];
      case 'no-part':
        throw new LuaError(
          outcome.count === 0
            ? 'the message has no parts'
            : `there are parts 1 to ${outcome.count} (mime.parts)`,
        );
      case 'fault':
        changes.unmade(asked.what, outcome.why, asked.refuse && !asked.harmless.has(outcome.fault));
        return [false, outcome.fault];
    }
  };
  return {
    kind: 'suspension',
    describe: () => `mime.${asked.what} (reading the stored message)`,
    done: begin(),
    // The reading ends when the transaction does.
    cancel() {},
  };
}

/** The file system's errors are no bugs of ours: a policy may have removed the file. */
function unreadable(error: unknown): never {
  throw codeOf(error) === '' ? error : new LuaError(`the message cannot be read: ${textOf(error)}`);
}

/** Why there is nothing to be changed, too. */
function toLuaError(error: unknown): never {
  if (codeOf(error) !== '') unreadable(error);
  throw new LuaError(textOf(error));
}

const none: ReadonlySet<string> = new Set();
/** A footer is not worth a mail. */
const noDefects: ReadonlySet<string> = new Set(['signed', 'nested', 'no_text', 'changed']);

const PART = 'The number of the part in `mime.parts`. One that is not there raises an error.';
const WHEN =
  'In `hook.dot` only; elsewhere it raises an error, outside a transaction it only looks at its arguments. The change is written when the message is made final: after `hook.dot` and after what the policy did to the ' +
  'headers, before signatures of `dkim.sign` and `arc.seal`, and before `hook.forward`, which sees the result. `mime.parts` goes on showing the message as it was received. ' +
  'What is not changed stays as it is, octet for octet. **A signature of the sender (DKIM) over the content is broken by any change**; look at `dkim.verify()` before, and sign or seal anew.';
const DEFECT = 'It suspends while the message is read.';

export const changeFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'add_footer',
    params: [
      anything(
        'footer',
        'mime_footer',
        'The texts, and what is to be other than usual. An unknown field raises an error.',
      ),
    ],
    results: outcomeResults,
    suspends: true,
    text:
      'Puts a text under the text of the message: at the end of the first `text/plain` that is shown, before the last `</body>` of `text/html` that is one for browsers (at its end when there is none, in front of what is never closed: a comment, a script), and under each of them in ' +
      '`multipart/alternative`. Attachments are no text, nor is a part with a file name. In `multipart/related` the page counts. The text begins on a line of its own; an empty line in front is up to you. It is written in the ' +
      'charset and encoding of the part: characters beyond ASCII become references in a page, and where the charset of a text does not have them, or its encoding is 7bit, the part becomes UTF-8 in quoted-printable; ' +
      'base64 is written anew, quoted-printable stays as it is up to the footer; `format=flowed` is heeded. 8-bit octets are written only where there were some.\n\n' +
      `${WHEN}\n\n` +
      "What cannot be done is left (`on_defect='leave'`), for a missing footer is not worth a mail; with `'refuse'` the message is refused (554 5.6.3) when it is defective, never because it is signed or has no text. " +
      `Several footers stand one under the other. ${DEFECT}`,
    examples: [
      "function hook.dot()\n  if client.auth_user then\n    mime.add_footer{ text = '-- \\nExample Corp, Springfield' }\n  end\nend",
    ],
    call: (context, given) => {
      const table = new ChangeTable(
        'mime.add_footer',
        ['text', 'html', 'signed', 'nested', 'on_defect'],
        given,
      );
      const text = table.lines('text');
      const html = table.flag('html') === false ? false : table.lines('html');
      if (text === undefined && typeof html !== 'string')
        throw new LuaError('mime.add_footer needs a text or html');
      const asked = {
        what: 'add_footer',
        octets: (text ?? '').length + (html || '').length,
        parts: false,
        refuse: table.refuse('leave'),
        harmless: noDefects,
      };
      const limits = mimeLimits(optionsOf(context).values);
      return change(context, asked, (changes) => changes.addFooter({ text, html }, table.rules, limits));
    },
  }),
  luaFunction({
    name: 'remove',
    params: [
      integer('index', PART),
      optionalAnything(
        'replacement',
        'string|false',
        'The text that stands in its place, UTF-8; nil: one that names what was removed; false: nothing, unless a multipart would be left without parts.',
      ),
      optionalAnything(
        'options',
        'mime_change',
        'What is to be other than usual. An unknown field raises an error.',
      ),
    ],
    results: outcomeResults,
    suspends: true,
    text:
      'Takes a part out, with all that is in it. In its place stands a `text/plain` part with the replacement. Of part 1 the whole content is removed, and its headers stay but for those of the content. ' +
      `Parts have the same numbers however many were removed.\n\n${WHEN}\n\n` +
      "What cannot be done has the message refused at the dot (554 5.6.3), so that nothing goes through that was to be removed; with `on_defect='leave'` it goes on as it is. " +
      DEFECT,
    examples: [
      "function hook.dot()\n  for i, part in ipairs(mime.parts) do\n    for _, name in ipairs(part.filenames or {}) do\n      if name:find('%.exe$') then mime.remove(i, 'A program was removed here.') break end\n    end\n  end\nend",
    ],
    call: (context, index, replacement, options) => {
      const table = new ChangeTable('mime.remove', ['signed', 'nested', 'on_defect'], options);
      if (replacement !== undefined && replacement !== false && typeof replacement !== 'string')
        throw new LuaError('the replacement has to be a string or false');
      const text = typeof replacement === 'string' ? lines('the replacement', replacement) : undefined;
      const asked = {
        what: `remove(${index})`,
        octets: (text ?? '').length,
        parts: true,
        refuse: table.refuse('refuse'),
        harmless: none,
      };
      const notice = { text, without: replacement === false };
      const limits = mimeLimits(optionsOf(context).values);
      return change(context, asked, (changes) => changes.remove(index, notice, table.rules, limits));
    },
  }),
  luaFunction({
    name: 'replace',
    params: [
      integer('index', PART),
      bytes('octets', 'The new content, decoded. In a text every line end becomes CRLF.'),
      optionalAnything(
        'options',
        'mime_replacement',
        'What is to be other than usual. An unknown field raises an error.',
      ),
    ],
    results: outcomeResults,
    suspends: true,
    text:
      'Puts other octets in the place of the content of a part that holds no others, in its Content-Transfer-Encoding; where that is none (7bit, 8bit, binary) and cannot hold them, a text becomes ' +
      'quoted-printable and anything else base64. The headers of the part stay, but for Content-MD5 and what the options say. The octets are in the charset that the part has, or in that of option `charset`; nothing is converted.\n\n' +
      `${WHEN}\n\n` +
      "What cannot be done has the message refused at the dot (554 5.6.3); with `on_defect='leave'` it goes on as it is. " +
      DEFECT,
    examples: [
      "function hook.dot()\n  mime.replace(1, 'The text was taken away.', { type = 'text/plain; charset=us-ascii', on_defect = 'leave' })\nend",
    ],
    call: (context, index, octets, options) => {
      const fields = ['type', 'charset', 'filename', 'signed', 'nested', 'on_defect'];
      const table = new ChangeTable('mime.replace', fields, options);
      const headers = { type: table.type(), charset: table.charset(), filename: table.filename() };
      if (headers.type !== undefined && headers.charset !== undefined)
        throw new LuaError('mime.replace takes a type or a charset: the type may have `; charset=` in it');
      const asked = {
        what: `replace(${index})`,
        octets: octets.length,
        parts: true,
        refuse: table.refuse('refuse'),
        harmless: none,
      };
      const limits = mimeLimits(optionsOf(context).values);
      const content = Buffer.from(octets, 'latin1');
      return change(context, asked, (changes) =>
        changes.replace(index, content, headers, table.rules, limits),
      );
    },
  }),
];

const common = [
  {
    name: 'signed',
    type: 'boolean?',
    text: 'true: also what is signed or encrypted, whose signature it breaks',
  },
  { name: 'nested', type: 'boolean?', text: 'true: also in messages inside the message' },
];

const onDefect = (usual: string) => ({
  name: 'on_defect',
  type: 'string?',
  text: `\`'refuse'\`: the message is refused when the change cannot be made, \`'leave'\`: it goes on without; usually \`'${usual}'\``,
});

export const changeRecords: readonly RecordSpec[] = [
  {
    name: 'mime_footer',
    text: 'What `mime.add_footer` takes.',
    fields: [
      { name: 'text', type: 'string?', text: 'for `text/plain`, UTF-8' },
      {
        name: 'html',
        type: 'string|false|nil',
        text: 'for `text/html`, UTF-8, source; nil: made of `text`; false: pages get none',
      },
      ...common,
      onDefect('leave'),
    ],
  },
  {
    name: 'mime_change',
    text: 'What `mime.remove` takes besides.',
    fields: [...common, onDefect('refuse')],
  },
  {
    name: 'mime_replacement',
    text: 'What `mime.replace` takes besides.',
    fields: [
      {
        name: 'type',
        type: 'string?',
        text: 'a new Content-Type, parameters included; the other headers of the content go, the encoding is kept',
      },
      { name: 'charset', type: 'string?', text: 'the charset in the Content-Type' },
      { name: 'filename', type: 'string?', text: 'the name in Content-Disposition, UTF-8' },
      ...common,
      onDefect('refuse'),
    ],
  },
  {
    name: 'change_fault',
    text: 'Why a change is not made: the second result of `mime.add_footer`, `mime.remove` and `mime.replace` is one of these words.',
    fields: Object.entries(changeFaults).map(([name, text]) => ({ name, type: 'string', text })),
  },
];
