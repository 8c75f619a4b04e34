// The keys of mime.defects: what is odd about how a message is put together, so that programs may read it in different ways
// (draft-chen-email-mime-ambiguity-defense). Found by parts.ts; a policy decides what it is worth.

export const mimeDefects = {
  header_line:
    'a line in the headers that is none: no colon, a blank or an octet beyond ASCII in the name, an empty continuation, a first line that begins with a blank',
  header_blank: 'blanks before the colon of a header',
  header_8bit: 'octets above 127 in the headers',
  header_nul: 'NUL in the headers',
  no_empty_line: 'headers that end without an empty line',
  several_content_types: 'more than one Content-Type header in a part',
  several_encodings: 'more than one Content-Transfer-Encoding header in a part',
  several_names: 'a part with different file names in its headers',
  unknown_encoding: 'a Content-Transfer-Encoding that is none of RFC 2045',
  encoded_multipart: 'base64 or quoted-printable for a multipart or a message, which RFC 2045 6.4 forbids',
  no_boundary: 'a multipart that declares no boundary',
  unclosed_multipart: 'a multipart without its closing delimiter',
  unused_boundary: 'a multipart in which no delimiter of its own comes',
  base64_foreign: 'octets in base64 that are none of it: programs pass over them, or end there',
  base64_behind_padding: 'base64 that goes on behind its padding: programs read on, or end there',
  long_line: 'a line of more than 998 octets, which RFC 5322 2.1.1 forbids',
  text_after_parts: 'text behind the closing delimiter of a multipart',
} as const;

export type MimeDefect = keyof typeof mimeDefects;
