// Where mime.parts and uri.found differ from what the original answered (spec/vectors/mime.json), and why. The identifiers are those of
// the defects that were observed in the original; `bytes` and `design` mark decisions of ours. Every entry is checked to be needed.

/** A part as its octets: the record follows from them. */
export interface PartBytes {
  /** Headers with the empty line. */
  readonly head: string;
  readonly body: string;
  /** The decoded body where it is another. */
  readonly decoded?: string;
}

export interface Difference {
  readonly reason: string;
  /** Replaces the body of the original's last part. */
  readonly lastBody?: string;
  /** Replaces all parts. */
  readonly parts?: readonly PartBytes[];
  /** Replaces all URIs: part, uri_raw, host. */
  readonly uris?: readonly (readonly [number, string, string | undefined])[];
}

/** Holds for all cases; spec/unit/message/mime-vectors.spec.ts applies it where no entry below says more. */
export const finalNewline =
  'A22: the original does not give the last LF of the message to its parser, so that the last part is one octet short';

const closing =
  'A22: the original does not see a closing delimiter on the last line and counts it to the last part';
const emptyLine =
  'design: the original counts the empty line to body_length (not to the digest) when a part has no headers; body_length is the body';
const eightBit = 'A24, S6: the original drops octets above 127 and takes 0xFF for the end of the file';

const around =
  'decided: punctuation, brackets and words around a URI are none of it: no look-up of such a host finds anything';
const punctuation = [...'abcdefghijklm'].map(
  (name) => [1, `http://${name}.example.com/`, `${name}.example.com`] as const,
);
const attributes = [
  [1, 'http://href.example.com/', 'href.example.com'],
  [1, 'http://src.example.com/', 'src.example.com'],
  [1, 'http://css.example.com/a.png', 'css.example.com'],
  [1, 'http://act.example.com', 'act.example.com'],
] as const;

const top =
  'From: alice@example.com\r\nTo: bob@example.org\r\nSubject: test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="BB"\r\n\r\n';
const plain: PartBytes = { head: 'Content-Type: text/plain; charset=us-ascii\r\n\r\n', body: 'Plain part.' };
const link = '<html><a href="http://html.example.com/x?y=1">link</a></html>';
const html: PartBytes = { head: 'Content-Type: text/html\r\n\r\n', body: link };
const inner = 'Content-Type: multipart/alternative; boundary="INNER"\r\n\r\n';
const short = 'From: alice@example.com\r\nTo: bob@example.org\r\nSubject: test\r\n';

export const differences: Readonly<Record<string, Difference>> = {
  'single-8bit': {
    reason: eightBit,
    parts: [
      {
        head: `${short}Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`,
        body: 'caf\xe9 \xff\xfe\x80\r\nhttp://\xe9t\xe9.example.com/\r\n',
      },
    ],
    // Text is decoded before URIs are looked for: é in UTF-8.
    uris: [[1, 'http://\xc3\xa9t\xc3\xa9.example.com/', '\xc3\xa9t\xc3\xa9.example.com']],
  },
  'cte-binary': {
    reason: eightBit,
    parts: [{ head: `${short}Content-Transfer-Encoding: binary\r\n\r\n`, body: '\x01\x02\xff\r\n' }],
  },
  'uri-plain-utf8': {
    reason: eightBit,
    lastBody:
      'http://caf\xc3\xa9.example.com/ \xc3\xa9http://pre.example.com/ http://path.example.com/\xc3\xa9t\xc3\xa9\r\n',
    uris: [
      [1, 'http://caf\xc3\xa9.example.com/', 'caf\xc3\xa9.example.com'],
      [1, 'http://pre.example.com/', 'pre.example.com'],
      [1, 'http://path.example.com/\xc3\xa9t\xc3\xa9', 'path.example.com'],
    ],
  },
  'headers-only': {
    reason:
      'A22: the original lists no part for a message without body; mime.parts[1] is the top level (API text)',
    parts: [{ head: `${short}Content-Type: text/plain\r\n`, body: '' }],
  },
  'empty-header-body-only': {
    reason: emptyLine,
    parts: [{ head: '\r\n', body: 'body only http://example.com/\r\n' }],
  },
  'mixed-two-text': { reason: closing, lastBody: 'Plain part.' },
  alternative: { reason: closing, lastBody: link },
  'three-parts': {
    reason: closing,
    lastBody: `${Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))
      .toString('base64')
      .replace(/(.{60})/g, '$1\r\n')}`,
  },
  'preamble-epilogue': {
    reason: 'A22: body_length of text behind the closing delimiter has the length of the part before in it',
    lastBody: 'Epilogue http://epi.example.com/\r\n',
  },
  'no-preamble': { reason: closing, lastBody: 'Plain part.' },
  'nested-three-levels': {
    reason: `A22: a closing delimiter in front of another delimiter begins no part; ${closing}`,
    parts: [
      { head: top, body: '' },
      { head: 'Content-Type: multipart/related; boundary="I3"\r\n\r\n', body: '' },
      { head: inner, body: '' },
      plain,
      html,
      {
        head: 'Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <img1>\r\n\r\n',
        body: 'R0lGODlhIG5vdCByZWFsbHk=',
        decoded: 'GIF89a not really',
      },
      plain,
    ],
  },
  'missing-inner-final': { reason: closing, lastBody: 'Plain part.' },
  'boundary-only': {
    reason: 'A22: the original does not see the delimiter on the last line; it begins a part, which is empty',
    parts: [
      { head: `${short}Content-Type: multipart/mixed; boundary="BB"\r\n\r\n`, body: '' },
      { head: '', body: '' },
    ],
  },
  'final-only': { reason: closing, lastBody: '' },
  'empty-part': {
    reason: `${emptyLine}; ${closing}`,
    parts: [{ head: top, body: '' }, { head: '\r\n', body: '' }, plain],
  },
  'part-no-headers': {
    reason: `${emptyLine}; ${closing}`,
    parts: [
      { head: top, body: '' },
      { head: '\r\n', body: 'body without headers http://ph.example.com/' },
      plain,
    ],
  },
  'part-no-blank': { reason: closing, lastBody: 'Plain part.' },
  'single-quoted-boundary': { reason: closing, lastBody: 'Plain part.' },
  'boundary-param-not-first': { reason: closing, lastBody: link },
  'boundary-long': { reason: closing, lastBody: link },
  'boundary-dashes': { reason: closing, lastBody: link },
  'boundary-space': {
    reason:
      'design: declared boundaries delimit parts, also those with blanks; the original guesses and does not see them',
    parts: [{ head: top.replace('"BB"', '"a b c"'), body: '' }, plain, html],
    uris: [[3, 'http://html.example.com/x?y=1', 'html.example.com']],
  },
  'boundary-prefix': { reason: closing, lastBody: 'Plain part.' },
  'dashes-in-body': {
    reason: 'the original puts a LF into the decoded body when it begins with a dash (not to be copied)',
    lastBody: '--\r\nsignature\r\n-- \r\nmore\r\n--x--\r\n',
  },
  rfc822: { reason: closing, lastBody: 'inner body http://inner.example.com/' },
  'rfc822-base64': {
    reason: `${closing}; design: an encoded message is taken apart as mail programs do, so its text is part 4`,
    parts: [
      { head: top, body: '' },
      { head: 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n', body: '' },
      {
        head: '',
        body: 'U3ViamVjdDogYjY0IGlubmVyDQoNCmJvZHkgaHR0cDovL2I2NGlubmVyLmV4\r\nYW1wbGUuY29tLw0K',
        decoded: 'Subject: b64 inner\r\n\r\nbody http://b64inner.example.com/\r\n',
      },
      { head: 'Subject: b64 inner\r\n\r\n', body: 'body http://b64inner.example.com/\r\n' },
    ],
    uris: [[4, 'http://b64inner.example.com/', 'b64inner.example.com']],
  },
  'b64-part-decodes-to-boundary': { reason: closing, lastBody: 'Plain part.' },
  'qp-lower-hex': {
    reason: `${finalNewline}: it does not see the last soft line break`,
    parts: [
      {
        head: `${short}Content-Transfer-Encoding: quoted-printable\r\n\r\n`,
        body: '=e9=E9 =3d =zz = end=\r\n\r\nlast=\r\n',
        decoded: '\xe9\xe9 = =zz = end\r\nlast',
      },
    ],
  },
  'qp-soft-eof': {
    reason: `${finalNewline}: it does not see the soft line break`,
    parts: [
      {
        head: `${short}Content-Transfer-Encoding: quoted-printable\r\n\r\n`,
        body: 'ends soft=\r\n',
        decoded: 'ends soft',
      },
    ],
  },
  'content-type-in-second-part-only': {
    reason: `${emptyLine}; ${closing}`,
    parts: [
      { head: top, body: '' },
      { head: '\r\n', body: 'first' },
      { head: 'Content-Type: text/html\r\n\r\n', body: 'second' },
      { head: '\r\n', body: 'third' },
    ],
  },
  'blank-line-before-boundary': { reason: closing, lastBody: 'Plain part.' },
  'crlf-in-part-end': { reason: closing, lastBody: 'Plain part.' },
  'uri-plain-punctuation': { reason: around, uris: punctuation },
  'uri-html-punctuation': { reason: around, uris: punctuation },
  'uri-plain-sentence': {
    reason: around,
    uris: [
      [1, 'http://some.domain.com/file.html', 'some.domain.com'],
      [1, 'achowe@example.com', 'example.com'],
      [1, 'example.org', 'example.org'],
      [1, 'foo.bar', 'foo.bar'],
    ],
  },
  'uri-plain-attributes': { reason: around, uris: attributes },
  'uri-html-attributes': { reason: around, uris: attributes },
  'uri-plain-trackers': {
    reason: 'decided: what a redirector is told to go to is gone to',
    uris: [
      [1, 'http://redir.example.com/?u=http://target.example.net/path&x=1', 'redir.example.com'],
      [1, 'http://target.example.net/path', 'target.example.net'],
      [1, 'http://redir.example.com/http://inner.example.org/', 'redir.example.com'],
      [1, 'http://inner.example.org/', 'inner.example.org'],
    ],
  },
  'uri-plain-schemes': {
    reason: around,
    uris: [
      [1, 'javascript:alert(1)', undefined],
      [1, 'data:text/html,x', undefined],
      [1, 'about:blank', undefined],
      [1, 'cid:abc@example.com', undefined],
      [1, 'file:///etc/passwd', 'localhost'],
      [1, 'imap://i.example.com', 'i.example.com'],
      [1, 'ldap://l.example.com', 'l.example.com'],
    ],
  },
  'uri-plain-tabs-commas': { reason: around, uris: punctuation.slice(0, 5) },
  'uri-plain-long': {
    reason: 'design: a long URI is cut at limit-uri-length (2048), not dropped: its host is worth knowing',
    uris: [
      [1, `http://long.example.com/${'p'.repeat(1100)}`, 'long.example.com'],
      [1, 'http://after.example.com/', 'after.example.com'],
    ],
  },
  'uri-in-headers': {
    reason:
      'A23: the original never searches the headers of the message; the API text gives them mime_part 0',
    uris: [
      [0, 'http://subject.example.com/', 'subject.example.com'],
      [0, 'http://unsub.example.com/', 'unsub.example.com'],
    ],
  },
  'uri-in-binary-part': { reason: closing, lastBody: 'http://octet.example.com/' },
  'uri-same-in-two-parts': { reason: closing, lastBody: link },
  'uri-no-trailing-newline-part': { reason: closing, lastBody: 'http://tail.example.com/' },
};
