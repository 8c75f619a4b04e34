// Lua module `header`: edits of the headers of the message being received (doc/reference/header.md).

import type { CallContext } from '../lua-api/call-context.ts';
import { LuaError, luaFunction } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { optionalBytes, optionalFlag, optionalInteger } from '../lua-api/params.ts';
import { shownText } from '../message/mime/shown-text.ts';
import { editable, readable, writable } from './header-access.ts';
import { addressFunctions, addressRecords } from './header-addresses.ts';
import { readingFunctions } from './header-reading.ts';
import { traceFunctions, traceRecords } from './header-trace.ts';

/** A fold: line end and at least one blank. A bare LF is taken and becomes CRLF. */
const FOLD = /\r?\n(?=[ \t])/g;

/** RFC 5322 section 2.2: printable ASCII but colon. */
const FIELD_NAME = /^[!-9;-~]+$/;

/** In a whole line blanks may stand before the colon (RFC 5322 section 4.5). One anchored pattern: linear for any number of blanks. */
const NAME_IN_LINE = /^[!-9;-~]+[ \t]*$/;

/** Text that may stand in a header: CR and LF only as correct folding, no NUL (no header injection). */
function checkedText(text: string, what: string): string {
  const folded = text.replace(/\r?\n$/, '').replace(FOLD, '\r\n');
  const unfolded = folded.replace(/\r\n(?=[ \t])/g, '');
  if (/[\r\n\0]/.test(unfolded)) {
    throw new LuaError(`${what} must not contain CR, LF or NUL, except CRLF and a blank as folding`);
  }
  if (/\r\n[ \t]*(\r\n|$)/.test(folded)) throw new LuaError(`${what} must not contain an empty folded line`);
  return folded;
}

function checkedLine(line: string): string {
  const checked = checkedText(line, 'a header line');
  const colon = checked.indexOf(':');
  if (colon < 1 || !NAME_IN_LINE.test(checked.slice(0, colon))) {
    throw new LuaError(`a header line must be "Name: value", got ${JSON.stringify(checked.slice(0, 60))}`);
  }
  return checked;
}

/** For whoever follows the session. */
function tell({ log }: CallContext, name: string, change: string): void {
  if (log.wants('header-changed')) log.emit('header-changed', { function: `header.${name}`, change });
}

const NAME = 'The name of the header, without the colon, in upper or lower case.';

export const headerModule: ModuleSpec = luaModule({
  name: 'header',
  text:
    'The headers of the message being received, as an ordered list. They can be changed until `hook.dot` returns; the message is ' +
    'rewritten between `hook.dot` and `hook.forward` when they were. None of these functions suspends. A header line may be folded ' +
    '(CRLF followed by a blank or tab); any other CR, LF or NUL raises an error, so that no header can be smuggled in.\n\n' +
    'In `hook.header`, `eoh`, `body` and `dot` the list has what came of the message. Before that it can be edited too: a header that is added ' +
    'in `hook.mail`, `rcpt`, `data` or the first `hook.content` stands in front of those of the message. What is added outside of a ' +
    'transaction (`hook.accept`, `helo`, `ehlo`, `auth`, `noop`, `rset` ...) belongs to the next message: the next MAIL that is accepted takes ' +
    'it over. Edits in a MAIL that is refused are gone. In `hook.reset` nothing can be changed.\n\n' +
    'The headers end with the empty line (or before a delimiter of the multipart that they declare), whatever stands before it; ' +
    '`hook.header`, this list and `mime.parts` go by the same rule. The name of a header is what stands before the first colon, without ' +
    'comments behind it, without blanks, control characters, no-break and zero-width characters and byte order marks around it, and without NUL: `Subject : x` and `Subject (y): x` are found, deleted and replaced ' +
    'as `Subject`. A line without colon or without name, and the `From ` line of a mailbox, are headers without name: they cannot be found.\n\n' +
    'Some programs see the body from the first line on that is no proper header (no colon, blanks or octets beyond ASCII in the name, an ' +
    'empty continuation). Whatever is added, inserted or replaced is written before such a line, so that it is a header for everybody; and behind ' +
    'the `From ` line of a mailbox. What is added counts against `limit-header-edits` and `limit-header-edit-bytes`. A message that begins with a blank gets `X-Not-A-Header:` in front of that line when a header comes before it.',
  functions: [
    luaFunction({
      name: 'add',
      params: [
        optionalBytes(
          'header_line',
          'A complete header, `Name: value`. One line end behind it is dropped.',
          undefined,
        ),
      ],
      text: 'Appends a header to the end of the list, or before the first line that is no header. Does nothing when it is nil. Raises an error for a line without a name or with a stray line end.',
      examples: ["header.add('X-Checked: yes')\nassert(select(2, header.find('x-checked', 1)) == 'yes')"],
      call: (context, line) => {
        if (line === undefined) return [];
        const checked = checkedLine(line);
        writable(context, line.length).add(checked);
        tell(context, 'add', checked);
        return [];
      },
    }),
    luaFunction({
      name: 'insert',
      params: [
        optionalBytes('header_line', 'A complete header, `Name: value`.', undefined),
        optionalInteger(
          'index',
          'The place in the list, from 1. Outside 1 to the number of headers: the end.',
          1,
        ),
      ],
      text: 'Inserts a header before the one at `index`, so that it then has that index. Does nothing when the line is nil.',
      examples: ["header.insert('X-First: 1', 1)\nassert(header.find('X-First', 1) == 1)"],
      call: (context, line, index) => {
        if (line === undefined) return [];
        const checked = checkedLine(line);
        writable(context, line.length).insert(checked, index);
        tell(context, 'insert', checked);
        return [];
      },
    }),
    luaFunction({
      name: 'delete',
      params: [
        optionalBytes('header_name', NAME, undefined),
        optionalInteger('instance', 'Which one of that name, from 1, wherever they stand.', 1),
      ],
      text: 'Deletes the Nth header of the name. Does nothing when there is none.',
      examples: [
        "header.add('X-Gone: 1')\nheader.delete('X-Gone', 1)\nassert(header.find('X-Gone', 1) == nil)",
      ],
      call: (context, name, instance) => {
        if (name === undefined) return [];
        editable(context).delete(name, instance);
        tell(context, 'delete', name);
        return [];
      },
    }),
    luaFunction({
      name: 'modify',
      params: [
        optionalBytes('header_name', `${NAME} It is written as given.`, undefined),
        optionalInteger(
          'instance',
          'Which one of that name, from 1. 0 inserts in front of the first one.',
          1,
        ),
        optionalBytes('new_value', 'The text behind `Name: `.', undefined),
      ],
      text:
        'Replaces the Nth header of the name. When there are fewer than N the new one goes behind the last of them, or to the end of ' +
        'the list when there is none. Does nothing when name or value is nil or the instance is negative.',
      examples: [
        "header.modify('Subject', 1, '[SPAM] hello')\nassert(select(2, header.find('subject', 1)) == '[SPAM] hello')",
      ],
      call: (context, name, instance, value) => {
        if (name === undefined || value === undefined || instance < 0) return [];
        if (!FIELD_NAME.test(name)) {
          throw new LuaError(
            `${JSON.stringify(name.slice(0, 60))} is not a header name (printable ASCII without blank and colon)`,
          );
        }
        const checked = checkedText(value, 'a header value');
        writable(context, name.length + value.length).modify(name, instance, checked);
        tell(context, 'modify', `${name}: ${checked}`);
        return [];
      },
    }),
    luaFunction({
      name: 'find',
      params: [
        optionalBytes('header_name', NAME, undefined),
        optionalInteger('instance', 'Which one of that name, from 1, wherever they stand.', 1),
        optionalFlag('decoded', 'True: the value is decoded, as `header.decode` does it.', false),
      ],
      results: [
        {
          name: 'index',
          type: 'integer|nil',
          text: 'Its place in the list, from 1; nil when there is none.',
        },
        {
          name: 'value',
          type: 'string|nil',
          text: 'The text behind the colon without leading blanks; folding and encoded words are as they came, unless `decoded` is true.',
        },
      ],
      text: 'Finds the Nth header of the name. In `hook.header` the list holds the headers received so far.',
      examples: [
        "header.add('X-Two: a')\nheader.add('X-Two: b')\nlocal index, value = header.find('X-Two', 2)\nassert(index == 2 and value == 'b')\nassert(header.find('X-None', 1) == nil)",
        "header.add('X-Word: =?utf-8?q?f=C3=BCr?=')\nassert(select(2, header.find('X-Word', 1, true)) == 'f\\195\\188r')",
      ],
      call: (context, name, instance, decoded) => {
        const found = name === undefined ? undefined : readable(context)?.find(name, instance);
        if (found === undefined) return [undefined, undefined];
        return [found.index, decoded ? shownText(found.value) : found.value];
      },
    }),
    ...readingFunctions,
    ...addressFunctions,
    ...traceFunctions,
  ],
  records: [...addressRecords, ...traceRecords],
});
