// Messages made of the pieces that are awkward for a MIME parser, for properties.
import fc from 'fast-check';
import { bytes } from './observe-message.ts';

/** Pieces that messages are made of, the awkward ones above all. */
const fragments = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '--',
  '--b',
  '--b--',
  '--b \t\r\n',
  '\r\n--b\r\n',
  '\r\n--b--\r\n',
  '\r\n--c\r\n',
  '\r\n--c--  \r\n',
  '--bb\r\n',
  '-',
  '=',
  '=\r\n',
  '= \r\n',
  '=3D',
  '=C2=A0',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: multipart/alternative; boundary="c"\r\n',
  'Content-Type: multipart/mixed\r\n',
  'Content-Type: multipart/digest; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/html\r\n',
  'Content-Type: text/plain; format=flowed; delsp=yes\r\n',
  'Content-Type: text/plain; charset=utf-16\r\n',
  'Content-Type: image/png\r\n',
  'Content-Type: text/plain; charset=iso-2022-jp\r\n',
  'Content-Type: text/plain; charset=gb18030\r\n',
  'Content-Type: text/plain; charset=koi8-r\r\n',
  'Content-Type: text/plain; charset=utf-7\r\n',
  'Content-Type: application/octet-stream; name=x.eml\r\n',
  "Content-Disposition: attachment; filename*0*=utf-8''x%2e; filename*1=eml\r\n",
  'Content-Type\r\n : text/html\r\n',
  'Content-Transfer-Encoding: base64;\r\n',
  'this is no header\r\n',
  'X Y: http://junk.example.com/\r\n',
  ': x\r\n',
  ' \r\n',
  '\x1b$B',
  '\x1b(B',
  '+AGg-ttp://u7.example.com/ ',
  '\xd0\xd2\xc9',
  '\x81\x30',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'Subject: http://s.example.com/ =?utf-8?q?http=3A//q.example.com?=\r\n',
  'X: y\r\n',
  ' folded\r\n',
  'aHR0cDovL2I2NC5leGFtcGxlLmNvbS8g',
  'Q29udGVudC1UeXBlOiBtdWx0aXBhcnQvbWl4ZWQ7IGJvdW5kYXJ5PWINCg0KLS1iDQoNCng=',
  'http://www.example.com/',
  ' http://a.example.com/?x=1&amp;y=2 ',
  '<a href="http://e\r\nxample.net/">',
  "<a href='//p.example.org/x'>",
  '<img src=\thttp://i.example.com/>',
  'joe@example.com ',
  'www.ex&#97;mple&#46com/p ',
  'example.com. ',
  '10.1.2.3 ',
  '\xc2\xa0',
  '\xe3\x80\x82',
  '\xe2\x80\x8b',
  '\xff\xfe',
  '\0',
  '&',
  ';',
  '"',
  "'",
  ' ',
  'x',
];

/** Any message of them. */
export const message = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...fragments) },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 5 }).map((it) => Buffer.from(it).toString('latin1')),
      },
    ),
    { maxLength: 60, size: 'max' },
  )
  .map((pieces) => bytes(pieces.join('')));

/** The same in a multipart. */
export const headed = message.map((body) =>
  Buffer.concat([bytes('Content-Type: multipart/mixed; boundary=b\r\n\r\n'), body]),
);
