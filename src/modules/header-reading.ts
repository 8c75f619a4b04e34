// header: functions that look at the whole list, and at what stands in a value.
import { lowerAscii } from '../base/ascii.ts';
import { type FunctionSpec, luaFunction, type Param } from '../lua-api/function-spec.ts';
import { bytes, optionalBytes } from '../lua-api/params.ts';
import { LuaFunction } from '../lua-api/value.ts';
import { fieldValue } from '../message/header/header-field.ts';
import { longestShown, shownText } from '../message/mime/shown-text.ts';
import { editable, readable } from './header-access.ts';

const count = luaFunction({
  name: 'count',
  params: [optionalBytes('header_name', 'The name, in upper or lower case; nil: all headers.', undefined)],
  results: [{ name: 'count', type: 'integer', text: 'how many there are' }],
  text: 'Counts the headers of a name, or all. Does not suspend.',
  examples: [
    "header.add('X-Two: a')\nheader.add('X-Two: b')\nassert(header.count('x-two') == 2 and header.count('X-None') == 0)\nassert(header.count() >= 2)",
  ],
  call: (context, name) => {
    const list = readable(context);
    return [name === undefined ? (list?.length ?? 0) : (list?.count(name) ?? 0)];
  },
});

const all = luaFunction({
  name: 'all',
  params: [],
  results: [
    { name: 'next', type: 'fun(): integer?, string?, string?', text: 'for a `for` loop: index, name, value' },
  ],
  text:
    'Goes through all headers in their order: `for index, name, value in header.all() do`. The index is that of `header.insert`, the name as it is written ' +
    '(nil for a line that has none; its value is the whole line then), the value as `header.find` gives it. Each step looks at the list as it is ' +
    'then: whoever adds or deletes in the loop shifts what follows. Does not suspend.',
  examples: [
    "header.add('X-One: 1')\nlocal seen = {}\nfor index, name, value in header.all() do seen[#seen + 1] = name .. '=' .. value end\nassert(table.concat(seen, ' '):find('X-One=1', 1, true))",
  ],
  call: () => {
    let index = 0;
    return [
      new LuaFunction(
        luaFunction({
          name: 'next',
          params: [],
          text: 'The next header.',
          call: (now) => {
            const found = readable(now)?.at(++index);
            if (found === undefined) return [];
            const { header, field } = found;
            if (field === undefined) return [index, undefined, header];
            return [index, header.slice(0, field.valueAt - 1).trim(), fieldValue(header, field)];
          },
        }),
      ),
    ];
  },
});

const isPattern: Param<((value: string) => boolean) | undefined> = {
  name: 'text',
  crossing: 'text',
  type: 'string',
  fallback: 'nil',
  text: 'Only those whose value has this text in it, without regard to the case of ASCII letters; nil: all.',
  read(value) {
    if (value === undefined || value === null) return { ok: true, value: undefined };
    if (typeof value !== 'string') return { ok: false, expected: 'string' };
    const text = lowerAscii(value);
    return { ok: true, value: (given) => lowerAscii(given).includes(text) };
  },
};

const deleteAll = luaFunction({
  name: 'delete_all',
  params: [bytes('header_name', 'The name, in upper or lower case.'), isPattern],
  results: [{ name: 'count', type: 'integer', text: 'how many were deleted' }],
  text: 'Deletes all headers of a name. As all edits, up to `hook.dot`. Does not suspend.',
  examples: [
    "header.add('X-Spam: yes')\nheader.add('X-Spam: no')\nassert(header.delete_all('x-spam', 'YES') == 1)\nassert(header.delete_all('x-spam') == 1 and header.delete_all('x-spam') == 0)",
  ],
  call: (context, name, fits) => {
    const list = editable(context);
    const instances: number[] = [];
    let instance = 0;
    for (const value of list.values(name)) {
      instance++;
      if (fits === undefined || fits(value)) instances.push(instance);
    }
    for (const one of instances.reverse()) list.delete(name, one);
    return [instances.length];
  },
});

const decode = luaFunction({
  name: 'decode',
  params: [bytes('value', 'A value as `header.find` gives it.')],
  results: [{ name: 'text', type: 'string', text: 'in UTF-8, in one line' }],
  text:
    'The text of a header: unfolded, its encoded words (RFC 2047) decoded into UTF-8, blanks between two of them left out, a character that is cut over ' +
    'two put together. What is not of the charset that a word names is read as mail programs guess it; octets beyond ASCII outside of encoded words are taken as UTF-8 where they can ' +
    `be. Control characters and the separators of lines and paragraphs become blanks, so that a text cannot be two lines; marks that turn the direction stay. Read as mail programs read it: broken words too. Of a value the first ${longestShown} ` +
    'octets. An address is not to be looked for in the result: `=?utf-8?q?=3Ca=40b=3E?=` decodes to one. Does not suspend.',
  examples: [
    "assert(header.decode('=?utf-8?q?f=C3=BCr?= =?utf-8?b?IGRpY2g=?=') == 'f\\195\\188r dich')\nassert(header.decode('two\\r\\n lines') == 'two lines')\nfunction hook.dot()\n  local _, subject = header.find('Subject')\n  if subject and header.decode(subject):lower():find('invoice', 1, true) then syslog.info('an invoice') end\nend",
  ],
  call: (_context, value) => [shownText(value)],
});

export const readingFunctions: readonly FunctionSpec[] = [count, all, deleteAll, decode];
