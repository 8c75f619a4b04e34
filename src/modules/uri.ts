// Lua module uri: taking URIs apart, percent-encoding, and uri.found, which the session fills. The parser is in src/uri.
import { luaFunction } from '../lua-api/function-spec.ts';
import { type FieldSpec, luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { optionalBytes } from '../lua-api/params.ts';
import type { LuaRecord } from '../lua-api/value.ts';
import { uriSources } from '../message/uri/found.ts';
import { obscuredReasons } from '../uri/obscured.ts';
import { parseUri, type Uri } from '../uri/parse-uri.ts';
import { decodeForm, encodePercent } from '../uri/percent.ts';
import { domains, skip } from './uri-domains.ts';
import { uriFound } from './uri-found.ts';

/** The table that uri.parse gives and uri.found holds. */
function uriRecord(uri: Uri): LuaRecord {
  return { ...uri };
}

const parse = luaFunction({
  name: 'parse',
  params: [optionalBytes('string', 'what may be a URI', undefined)],
  results: [{ name: 'parts', type: 'uri_parts?', text: 'the parts, or nil when the string is no URI' }],
  text: `Takes a URI apart. Parts that are not there are nil (see uri_parts below).

The URI is taken apart by RFC 3986 before anything is decoded: an encoded \`@\`, \`/\`, \`:\` or \`?\` never moves the host. Beyond the RFC:
- Known schemes only: ip cid mid data file about javascript ftp telnet mailto smtp email mail from gopher http pop pop3 nntp imap ldap https rtsp.
  Those from ftp on need a host. Any other scheme gives nil.
- Without a scheme: a domain of at least two labels with a known top-level domain and an optional path is \`http\`; a mail address is
  \`mailto\`; an IP address is \`ip\` (port 0). \`name:port\` gives nil.
- As browsers do: \`\\\` is \`/\` in http, https, ftp and file; tabs and line ends are dropped, and blanks at the ends; \`http:/host/\` has a host, and
  so has \`http:///host/\` when it is an address or in a known top-level domain. Zeros in front of a port do not count.
- \`host\` is what browsers make of it: letters beyond ASCII are mapped by UTS 46 (lower case, full-width and mathematical letters as plain ones,
  ideographic full stops as dots) and stay UTF-8; numbers are an IPv4 address (\`127.1\`, \`0x7f000001\`: 127.0.0.1); IPv6 is in its short form. A name in
  ASCII, punycode too, stays as it is written, and so does what browsers refuse. A host with an empty label is none.
- Rubbish before \`http://\` (or another known scheme) is passed over, \`Word:\` too (\`Link:http://host\`), and a scheme that is percent-encoded is decoded first.
- In a mail address, what is before the local part and behind the domain is passed over. The domain needs a dot and a top-level domain of letters.
- A host that ends the URI and has a dot needs a last label that can be a top-level domain, or to be a number that browsers take for an address.
- \`file:\` without a host has the host \`localhost\`; with four slashes or more the host behind them, when it is an address or in a known top-level
  domain, as Windows asks it for \`\\\\host\\share\`.

Time linear in the string. Does not suspend.`,
  examples: [
    `local u = uri.parse("http://user:secret@www.example.com:8080/a%20b?q=1#top")
assert(u.scheme == "http" and u.user_info == "user:secret")
assert(u.host == "www.example.com" and u.port == 8080)
assert(u.path == "/a b" and u.query == "q=1" and u.fragment == "top")`,
    `assert(uri.parse("www.example.com/x").scheme == "http")
assert(uri.parse("user+tag@example.com").user_info == "user+tag")
assert(uri.parse("http://good.example.com%2F@evil.example.com/").host == "evil.example.com")
assert(uri.parse("http://127.1/").host == "127.0.0.1")
assert(uri.parse("Link:http://www.example.com/").host == "www.example.com")
assert(uri.parse("Subject: hello") == nil)`,
  ],
  call: (_, string) => {
    const uri = string === undefined ? undefined : parseUri(string);
    return [uri === undefined ? undefined : uriRecord(uri)];
  },
});

const encode = luaFunction({
  name: 'encode',
  params: [optionalBytes('string', 'any octets', undefined)],
  results: [{ name: 'encoded', type: 'string?', text: 'nil for nil' }],
  text:
    'Percent-encodes every octet but ASCII letters, digits and `- _ . ~` as `%HH` with capital digits (RFC 3986 section 2.1). A blank is `%20`. ' +
    '`uri.decode` gives the string back. Does not suspend.',
  examples: [`assert(uri.encode("a b/\\233") == "a%20b%2F%E9")`],
  call: (_, string) => [string === undefined ? undefined : encodePercent(string)],
});

const decode = luaFunction({
  name: 'decode',
  params: [optionalBytes('string', 'a percent-encoded text', undefined)],
  results: [{ name: 'decoded', type: 'string?', text: 'any octets, NUL too; nil for nil' }],
  text: 'Makes `%HH` the octet and `+` a blank. Other text, a `%` without two hexadecimal digits too, stays. Does not suspend.',
  examples: [
    `assert(uri.decode("a+b%2fc%zz") == "a b/c%zz")
assert(uri.decode(uri.encode("\\0\\255+")) == "\\0\\255+")`,
  ],
  call: (_, string) => [string === undefined ? undefined : decodeForm(string)],
});

const partFields: readonly FieldSpec[] = [
  { name: 'uri_raw', type: 'string', text: 'the string, without one trailing `.`' },
  {
    name: 'uri_decoded',
    type: 'string',
    text: 'the same with percent-encoding undone and `+` as a blank; `local@domain` for a mail address',
  },
  {
    name: 'scheme',
    type: 'string',
    text: 'as written, but `mailto` for every mail address (`MailTo:`, `email:`, `mail:`, `from:` too); `http`, `mailto` or `ip` when it is implied',
  },
  {
    name: 'scheme_info',
    type: 'string?',
    text: 'what follows `scheme:`, decoded; nil when the scheme is implied; the address for a mail address',
  },
  {
    name: 'user_info',
    type: 'string?',
    text: 'what is before the last `@` of the authority; the local part of a mail address',
  },
  {
    name: 'host',
    type: 'string?',
    text: 'name or IP address without brackets, in the case it is written in when it is ASCII',
  },
  { name: 'port', type: 'integer', text: "the one given, else the scheme's; 0 for schemes without one" },
  { name: 'path', type: 'string?', text: 'decoded, `+` as a blank, with its first `/`' },
  { name: 'query', type: 'string?', text: 'decoded, `+` as a blank, without the `?`' },
  { name: 'fragment', type: 'string?', text: 'decoded, `+` as a blank, without the `#`' },
];

export const uriModule: ModuleSpec = luaModule({
  name: 'uri',
  text: 'URIs: taking them apart, percent-encoding, and those found in the message.',
  functions: [parse, encode, decode, domains, skip],
  lazyFields: [uriFound],
  records: [
    { name: 'uri_parts', text: 'The parts of a URI.', fields: partFields },
    {
      name: 'uri_in_message',
      text: 'A URI of the message: the same fields, and where it was found.',
      fields: [
        ...partFields,
        {
          name: 'mime_part',
          type: 'integer',
          text: 'number of the part in `mime.parts`; 0 for the headers of the message',
        },
        {
          name: 'address',
          type: 'string?',
          text: 'when `host` is an IP address: it in its one canonical form (`192.0.2.1` however it is written, IPv6 by RFC 5952)',
        },
        {
          name: 'ascii',
          type: 'string?',
          text: 'when `host` is a name: it in lower case, beyond ASCII in punycode, without a dot at the end; nil for what no browser takes for a name',
        },
        {
          name: 'domain',
          type: 'string?',
          text: 'the registered domain of `ascii`, by the Public Suffix List with its private part (`a.b.co.uk`: `b.co.uk`; `x.github.io` is one of its own); nil in no known top-level domain',
        },
        {
          name: 'source',
          type: 'string',
          text: `where it stands; of several places the one that comes first here: ${Object.keys(uriSources)
            .map((name) => `\`${name}\``)
            .join(', ')} (see uri_source below)`,
        },
        { name: 'count', type: 'integer', text: 'in how many places it stands' },
        {
          name: 'text',
          type: 'string?',
          text: 'what a link in HTML to it shows: UTF-8, blanks joined, up to 256 bytes. Of several links one that shows the host of another domain, else one that shows a host, else the first',
        },
        { name: 'text_host', type: 'string?', text: 'the first host in that text, as `ascii` or `address`' },
        { name: 'text_domain', type: 'string?', text: 'its registered domain' },
        {
          name: 'obscured',
          type: 'uri_obscured?',
          text: 'ways in which its host is hidden from people; nil when there are none',
        },
        {
          name: 'nested',
          type: 'string[]?',
          text: 'keys of the URIs that stand in it, which are in `uri.found` as well; nil when there are none',
        },
      ],
    },
    {
      name: 'uri_source',
      text: 'The values of `source`, what is followed first in front.',
      fields: Object.entries(uriSources).map(([name, text]) => ({ name, type: 'string', text })),
    },
    {
      name: 'uri_obscured',
      text: 'The keys of `obscured`, each with the value `true`. Some of these are in legitimate mail, too. For `http`, `https`, `ftp` and `file`.',
      fields: Object.entries(obscuredReasons).map(([name, text]) => ({ name, type: 'boolean?', text })),
    },
    {
      name: 'uri_found',
      text: 'The table `uri.found`.',
      fields: [
        { name: '[integer]', type: 'string', text: 'the key of the Nth URI: the MD5 of its `uri_raw`' },
        { name: '[string]', type: 'uri_in_message', text: 'the URI of a key' },
        {
          name: 'truncated',
          type: 'boolean?',
          text: 'true when there are more URIs than are listed, or more link texts than are looked at',
        },
      ],
    },
  ],
});
