// The field found of Lua module uri: the URIs of the message, filled by message/mime-reader.ts while the message comes in.
import type { LazyFieldSpec } from '../lua-api/module-spec.ts';
import { observed } from './observed.ts';

export const uriFound: LazyFieldSpec = {
  name: 'found',
  type: 'uri_found',
  text: `The URIs found in the message, each once, in the order they were found. \`uri.found[i]\` is a key, the MD5 of \`uri_raw\` in lower-case hex;
\`uri.found[key]\` is the table that \`uri.parse\` gives, with one more field, \`mime_part\`: the number of the part in \`mime.parts\`, 0 for
the headers of the message, and what is known of it beyond that (see uri_in_message below): the names to look up, where it stands, what it shows, what it hides. \`#uri.found\` is their number. Outside a transaction the table is empty; it is a new one for each transaction. Reading the
field for the first time when much of the message is on disk already suspends until that has been looked through. An entry is there as soon as its URI was read; \`count\`, \`source\`,
\`text\`, \`obscured\` and \`nested\` are complete in \`hook.dot\`, where \`uri.found[key]\` is another table than before when one of them has changed.

A policy that refuses links which show one domain and lead to another:
\`for _, key in ipairs(uri.found) do local link = uri.found[key]; if link.text_domain and link.text_domain ~= link.domain then return '550 5.7.1 a link leads elsewhere' end end\`

Bodies: text, HTML, XML, SVG, JSON and script parts, message/* such as delivery reports, and what has the name of such a file (.txt, .htm, .svg, .ics, .url ...),
also without Content-Type; attached messages (.eml); preambles, text behind the last
delimiter; base64 and quoted-printable undone. In calendars and cards a line that begins with a blank goes on where the one before ended. Text is read in the charset it declares, or by its byte order mark, and \`uri_raw\` is UTF-8 then; what
declares none, or one that nobody knows, is taken as it is. UTF-16 and UTF-32 without mark are read in both byte orders; octets that are no
text in their charset, ASCII called UTF-16 and the like are read as they are, too.

In HTML, the value of href, src, action, background, srcset and the other attributes that hold URLs, with quotes or without, that of a meta refresh, and what
stands in \`url()\` of style sheets is read whole and as browsers do (WHATWG URL Standard): character references are decoded, then tabs and line ends vanish; any
number of slashes and backslashes leads to the host, with or without \`http:\` before them; the last \`@\` ends the user information, with blanks and quotes in
it too. In a value that is in quotes once more (\`srcdoc\`, \`&quot;\`, typographic quotes, \`href=3D"..."\` that nobody decoded) what is in these counts. Behind a \`>\` in such a value, where the quotation mark may be missing, text is looked for as well.

In all other text, what stands between blanks, control characters or one of \`" < > { } \\ ^\` and backquote is given to \`uri.parse\`, so bare hosts, mail addresses and IP
addresses are found as well. Before that:
- character references (\`&amp;\`, \`&#46;\`) are decoded; soft hyphens and zero-width characters vanish; blanks, quotation marks and punctuation beyond
  ASCII delimit; the full stops of East Asian scripts are dots; in HTML, \`//\` in front of a host (scripts, \`@import\`) is dropped, and \`\\/\` and escapes of
  punctuation (\`\\x2f\`, \`\\u002f\`) are what they are in scripts;
- what stands around it is dropped: rubbish and words before \`http://\` (\`Link:http://...\`), \`name=\`, punctuation, quotes and brackets at the ends (a bracket
  stays when the other one is in the URI), and everything behind a host that is no part of one (\`http://example.com,and\`);
- several with \`,\`, \`;\`, \`|\` or \`](\` between them are several;
- \`hxxp://\`, \`h**p://\`, \`[.]\`, \`(.)\`, \`[dot]\`, \`[at]\` are put right (\`obscured.written_out\`); words with blanks between them (\`example dot com\`) are none;
- a host ends before letters beyond ASCII when only then its top-level domain is a known one (\`example.comを\`).

URIs within URIs are listed behind those that they stand in, with \`source\` \`nested\`, up to four deep: \`http://\` in a path, query or fragment, percent-encoded up to four
times or in base64; hosts in parameters that say where to go (\`url=\`, \`u=\`, \`to=\`, \`redirect=\` ...) and what the best known redirectors make of them; pages in \`data:\`, scripts in
\`javascript:\`; the further addresses of \`mailto:\`. In HTML, hosts are also found that tags or comments cut in pieces, where there is an \`http://\`, \`www.\` or \`@\` in front.

Headers: all values of the headers of the message, and of those of its parts and of messages in it, encoded words decoded. In Subject, Comments, Keywords, Organization and Thread-Topic as in text; in
the others only URIs with \`://\` and \`mailto:\`, because every Received, From and Message-ID has names and addresses that are no links. A URI in \`<...>\` is
read whole. Of one value 256 KiB are searched.

At most \`limit-uris\` from the bodies and as many from the headers, and 256 bytes for each on average: when there are more, \`uri.found.truncated\`
is true (\`pairs\` comes upon it as well: go through the table by \`ipairs\`). The fields of a URI longer than \`limit-uri-length\` are cut, after its host was read from the whole of it (\`uri_raw\` loses user information rather than the host). Of a part, 4000 links with different texts or addresses and
1 MiB of them are looked at for what they show; more, or one that fills its tag with attributes, is \`truncated\`, too.`,
  read: (context) => observed(context, 'uri.found'),
};
