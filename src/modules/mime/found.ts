// What is found of the message while it comes in, as fields of the Lua module mime; filled by message/mime-reader.ts.
import type { LazyFieldSpec, RecordSpec } from '../../lua-api/module-spec.ts';
import { mimeDefects } from '../../message/mime/defects.ts';
import { observed } from '../observed.ts';

const parts: LazyFieldSpec = {
  name: 'parts',
  type: 'mime_part[]',
  text: `The MIME parts of the message in the order they stand in it. \`mime.parts[1]\` is the message itself; \`#mime.parts\` is their number. An entry
appears when its part is complete, the last one just before \`hook.dot\`. Outside a transaction the table is empty; it is a new one for each
transaction. Reading the field for the first time when much of the message is on disk already suspends until that has been looked through.

- Lengths and digests are over the octets of the message with dots unstuffed and line ends CRLF. The line end before a delimiter belongs to the
  delimiter, the last line end of the message to its last part.
- The body of a multipart is what stands before its first delimiter. Text behind a closing delimiter that is not blank is one more part, without
  headers.
- Parts are delimited by the boundaries that the headers declare, blanks behind a delimiter allowed. Where headers can be read in more than
  one way (two Content-Type headers, comments, apostrophes for quotes), a boundary of any of the readings counts. A multipart that
  declares none takes the first line that looks like a delimiter.
- Headers end with the empty line, or before a delimiter, whatever stands in them: a line without colon hides nothing that follows. What comes behind
  such a line is searched for URIs as well. A part without empty line has its body where it does not look like headers.
- Content-Transfer-Encoding counts as a token, without comments; where it is none of the known ones but names one, the text is searched both ways.
- Names of files come from both headers, and from uuencoded text (\`begin 644 x.exe\`), in all forms (RFC 2231 with continuations and charsets, encoded words, quotes, comments, several parameters),
  without paths, without controls, direction and zero-width characters, and without dots and blanks at the end, which Windows drops. Where programs read
  a header in different ways, or the headers differ, each reading is in \`filenames\`, also one that looks for the word \`name\` alone, inside another
  value too: a rule that goes by it cannot be evaded:
  \`for _, name in ipairs(part.filenames or {}) do if name:find('%.exe$') then return '550 5.7.1 no programs' end end\`
- A message/rfc822 part has an empty body; the message in it is the next part. If it is base64 or quoted-printable, which the standards forbid
  and mail programs decode, the encoded octets are a part without headers, followed by the parts of the decoded message.
- An attachment whose name ends in .eml, .mht or .mhtml is taken apart as a message, too, whatever its type; the parts of that message follow it.
- A message without body has one part with an empty body. An empty message has none.
- Options limit-mime-depth, limit-mime-parts, limit-mime-header-bytes and limit-mime-boundary-length bound what is taken apart. What is beyond them
  stays in one part; the mail is not refused for it.

RFC 2045, RFC 2046.`,
  read: (context) => observed(context, 'mime.parts'),
};

const defects: LazyFieldSpec = {
  name: 'defects',
  type: 'mime_defects',
  text: `What is odd about how the message is put together, as keys with the value \`true\`: \`if mime.defects.several_names then ...\`. Mail programs may read such
a message in different ways; most of these things also stand in some legitimate mail. Filled as \`mime.parts\` is, and like it a new table for each transaction.`,
  read: (context) => observed(context, 'mime.defects'),
};

const limits: LazyFieldSpec = {
  name: 'limits',
  type: 'mime_limits',
  text: `The limits that were reached, by the name of their option, with the value \`true\`: \`if mime.limits['limit-mime-parts'] then ...\`. What is beyond a limit was not
looked through, so that "too much to look through" can be a verdict. Those of URIs (\`limit-uris\`, \`limit-uri-length\`) are there when \`uri.found\` was read, those of \`mime.content\`, \`mime.text\`
and \`mime.archive\` when such a call has come to one. Filled
as \`mime.parts\` is, and like it a new table for each transaction.`,
  read: (context) => observed(context, 'mime.limits'),
};

export const foundFields: readonly LazyFieldSpec[] = [parts, defects, limits];

export const foundRecords: readonly RecordSpec[] = [
  {
    name: 'mime_defects',
    text: 'The keys of `mime.defects`; each is there only when it applies.',
    fields: Object.entries(mimeDefects).map(([name, text]) => ({ name, type: 'boolean?', text })),
  },
  {
    name: 'mime_limits',
    text: 'The keys of `mime.limits`: names of options.',
    fields: [{ name: '[string]', type: 'boolean', text: 'the limit was reached' }],
  },
  {
    name: 'mime_part',
    text: 'An entry of `mime.parts`.',
    fields: [
      { name: 'md5_encoded', type: 'string', text: 'MD5 of the body as transmitted, lower-case hex' },
      {
        name: 'md5_decoded',
        type: 'string',
        text: 'MD5 of the body with base64 or quoted-printable undone; the same as `md5_encoded` for other encodings',
      },
      { name: 'part_length', type: 'integer', text: 'octets of headers, empty line and body' },
      { name: 'body_length', type: 'integer', text: 'octets of the body as transmitted' },
      {
        name: 'content_type',
        type: 'string?',
        text: 'the Content-Type header, unfolded, with its name, at most 4096 octets; nil if there is none',
      },
      {
        name: 'content_transfer_encoding',
        type: 'string?',
        text: 'the same for Content-Transfer-Encoding',
      },
      {
        name: 'filename',
        type: 'string?',
        text: 'the name of the file, UTF-8: `filename` of Content-Disposition, else `name` of Content-Type; of several readings the one whose extension runs code (`.exe`, `.js`, `.lnk` ...); nil when there is none',
      },
      {
        name: 'filenames',
        type: 'string[]?',
        text: 'all names that any program may give it, lower case, at most 64; nil when there is none',
      },
      {
        name: 'disposition',
        type: 'string?',
        text: 'the first word of Content-Disposition, lower case: `attachment`, `inline`',
      },
      {
        name: 'type',
        type: 'string',
        text: 'the type of the last Content-Type, lower case, without comments and parameters: `text/html`; `text/plain` when there is none or it cannot be read (RFC 2045 5.2), `message/rfc822` when there is none in a multipart/digest',
      },
      { name: 'charset', type: 'string?', text: 'the declared charset, lower case' },
      {
        name: 'boundary',
        type: 'string?',
        text: 'of a multipart: the boundary that is declared, the first of them when there are several readings; nil when there is none',
      },
      {
        name: 'parent',
        type: 'integer?',
        text: 'the number of the multipart or message that this part stands in; nil for the message itself',
      },
    ],
  },
];
