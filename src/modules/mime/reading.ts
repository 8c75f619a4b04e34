// Lua module mime: the octets, the text and the headers of a part, read from the stored message.
import { type FunctionSpec, LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes, integer, optionalInteger } from '../../lua-api/params.ts';
import { partRange, readPartHeaders } from '../../message/content/part-octets.ts';
import { partText } from '../../message/content/part-text.ts';
import { lookUpName } from '../../message/header/header-field.ts';
import { HeaderBlock } from '../../message/mime/header-block.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { withPart } from './contents.ts';

export const partNumber = integer('i', 'Number of the part, as in `mime.parts[i]`.');

/** What all of them have in common, for their pages. */
export const whenItMay = `Suspends. The message must be complete: in \`hook.dot\` and later in the transaction; before that it raises an error. It is read
as it is stored at that moment: when the policy has changed the file, or a service has replaced the message, the numbers are those of the parts
as they are now. Without a part of that number, and when limit-mime-read-bytes is used up: nil and why.`;

const error = { name: 'error', type: 'string?', text: 'why there is nothing' };

const content = luaFunction({
  name: 'content',
  params: [
    partNumber,
    optionalInteger('first', 'The first octet that is wanted, from 1.', 1),
    optionalInteger('last', 'The last octet that is wanted; nil: as many as one call may give.', undefined),
  ],
  results: [
    {
      name: 'octets',
      type: 'string?',
      text: 'the octets of the body, decoded; empty when there are none so far behind',
    },
    {
      name: 'more',
      type: 'boolean|string',
      text: 'true when the part has more octets behind them; or why there is nothing',
    },
  ],
  suspends: true,
  text: `The octets of a part with base64 or quoted-printable undone, as \`md5_decoded\` counts them. One call gives at most option limit-mime-content-bytes of them;
\`more\` says that there are others, which the next call may ask for by \`first\`. A part with encoding 7bit, 8bit or binary is read from there; of the
others all that stands before is decoded again. ${whenItMay}`,
  examples: [
    `function hook.dot()
  for i, part in ipairs(mime.parts) do
    if part.type == 'application/pdf' then
      local octets = assert(mime.content(i, 1, 5))
      if octets ~= '%PDF-' then return '550 5.7.1 part ' .. i .. ' is no PDF' end
    end
  end
end`,
  ],
  call(context, number, first, last) {
    if (first < 1) throw new LuaError(`mime.content: octets are counted from 1, not from ${first}`);
    return withPart(context, 'mime.content', number, async ({ message, place, pace, limits }) => {
      const end = Math.min(last ?? Number.MAX_SAFE_INTEGER, first - 1 + limits.contentBytes);
      const { octets, more } = await partRange(message, place, pace, first - 1, Math.max(end, first - 1));
      if (more && (last === undefined || end < last)) sessionOf(context)?.reached?.('contentBytes');
      return [octets, more];
    });
  },
});

const text = luaFunction({
  name: 'text',
  params: [
    partNumber,
    optionalInteger(
      'limit',
      'The most octets that are wanted; nil, or more than that: limit-mime-content-bytes.',
      undefined,
    ),
  ],
  results: [
    { name: 'text', type: 'string?', text: 'the text in UTF-8, never with a character cut in two' },
    {
      name: 'more',
      type: 'boolean|string',
      text: 'true when there is more text behind it; or why there is nothing',
    },
  ],
  suspends: true,
  text: `The text of a part in UTF-8: encoding and charset undone (what is declared, unless a byte order mark says otherwise; octets that are neither UTF-8 nor
declared are taken for windows-1252; what is no text becomes U+FFFD). Of HTML what somebody sees: without tags, comments, scripts and styles, character
references decoded, blanks in a row one blank, a line end where a block begins or ends. What a style hides is shown. It does not ask
whether the part is text. ${whenItMay}`,
  examples: [
    `function hook.dot()
  for i, part in ipairs(mime.parts) do
    if part.type:find('^text/') then
      local text = mime.text(i, 100000)
      if text and text:lower():find('send bitcoin', 1, true) then return '550 5.7.1 no, thank you' end
    end
  end
end`,
  ],
  call(context, number, limit) {
    if (limit !== undefined && limit < 0) throw new LuaError(`mime.text: a limit of ${limit} octets`);
    return withPart(context, 'mime.text', number, async ({ message, place, pace, limits }) => {
      const most = Math.min(limit ?? limits.contentBytes, limits.contentBytes);
      const found = await partText(message, place, pace, most);
      if (found.more && most === limits.contentBytes) sessionOf(context)?.reached?.('contentBytes');
      return [found.text, found.more];
    });
  },
});

const header = luaFunction({
  name: 'header',
  params: [
    partNumber,
    bytes('name', 'Name of the header, in upper or lower case.'),
    optionalInteger(
      'n',
      'Which one of several of that name, from 1 in the order in which they stand there.',
      1,
    ),
  ],
  results: [
    {
      name: 'value',
      type: 'string?',
      text: 'what stands behind the colon, unfolded, without blanks at its ends; nil when there is none',
    },
    error,
  ],
  suspends: true,
  text: `A header of a part (Content-ID, Content-Description, those of an attached message) as it came, encoded words not decoded (\`header.decode\` does that). For a
message inside a message it is the part behind the one of type message/rfc822. At most option limit-mime-header-bytes of a part are headers.
The headers of the message itself are better read by \`header.find\`, which knows what the policy has changed. ${whenItMay}`,
  examples: [
    `function hook.dot()
  for i in ipairs(mime.parts) do
    local id = mime.header(i, 'Content-ID')
    if id and #id > 500 then return '550 5.6.0 Content-ID too long' end
  end
end`,
  ],
  call(context, number, name, n) {
    const wanted = lookUpName(name);
    if (wanted === '') throw new LuaError(`mime.header: '${name}' cannot be the name of a header`);
    return withPart(context, 'mime.header', number, async ({ message, place, pace }) => {
      const block = await readPartHeaders(message, place, pace);
      let left = n;
      let value: string | undefined;
      const reader = new HeaderBlock((found, text) => {
        if (found === wanted && --left === 0) value = text;
      });
      for (let start = 0; start < block.length; ) {
        const lineFeed = block.indexOf(10, start);
        const end = lineFeed < 0 ? block.length : lineFeed + 1;
        const isCrlf = lineFeed > start && block[lineFeed - 1] === 13;
        const contentEnd = lineFeed < 0 ? end : isCrlf ? lineFeed - 1 : lineFeed;
        if (reader.line(block, start, contentEnd, end) !== 'header') break;
        start = end;
      }
      reader.close();
      return [value?.replace(/^[ \t]+|[ \t]+$/g, '')];
    });
  },
});

export const readingFunctions: readonly FunctionSpec[] = [content, text, header];
