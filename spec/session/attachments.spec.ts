// The example policy etc/examples/attachments.lua, as it stands there: what it refuses, by whatever trick it came, and what it lets through.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { arj, locked7z, packed7z, plain7z, secret7z, texts7z } from '../fakes/archive-samples.ts';
import { cab, gzip, rar4, rar5, tar, tnef, zip } from '../fakes/make-archive.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = readFileSync(join(import.meta.dirname, '../../etc/examples/attachments.lua'), 'utf8');

let hop: NextHop;
let server: WholeServer;
let client: RigClient;
beforeAll(async () => {
  hop = await NextHop.start();
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-smart-host': hop.target,
      'limit-errors': '0',
      'limit-archive-names': '50',
      'limit-mime-parts': '40',
    },
  });
  client = server.inMemory();
  await client.reply();
  await client.command('EHLO client.example');
});
afterAll(async () => {
  await client.quit();
  await server.stop();
  await hop.close();
});

async function send(text: string): Promise<string> {
  await client.command('MAIL FROM:<a@x.example>');
  await client.command('RCPT TO:<b@example.net>');
  await client.command('DATA');
  client.send(Buffer.from(`${text}\r\n.\r\n`, 'latin1'));
  return (await client.reply()).trimEnd();
}

const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(300)]);
const lines = (octets: Buffer): string => octets.toString('base64').replace(/(.{76})/g, '$1\r\n');

/** A message with one attachment; `head` are headers of the part. */
function attached(head: string, octets: Buffer | string = 'text'): string {
  const body = lines(Buffer.from(octets as string, 'latin1'));
  return `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n${head}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}\r\n--b--`;
}
const named = (name: string, octets: Buffer | string = 'text'): string =>
  attached(
    `Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=${name}`,
    octets,
  );
const data = (octets: Buffer): string => named('a.dat', octets);
const program = '550 5.7.1 programs are not accepted';

describe('programs', () => {
  test.each<readonly [string, string]>([
    ['by name', named('a.exe')],
    ['in upper case', named('A.EXE')],
    ['with a dot and a blank behind', named('"a.exe. "')],
    ['behind a harmless extension', named('invoice.pdf.exe')],
    ['in pieces (RFC 2231)', named("x; filename*0*=utf-8''a%2e; filename*1=e; filename*2=xe")],
    ['percent-encoded', named("x; filename*=utf-8''a%2Eexe")],
    ['in an encoded word', named('"=?utf-8?B?YS5leGU=?="')],
    ['in an encoded word in two', named('"=?utf-8?Q?a=2Ee?= =?utf-8?Q?xe?="')],
    ['with the direction turned', named('"=?utf-8?B?YeKAj2V4ZS50eHQuZXhl?="')],
    ['with a zero-width blank', named(`"a.e\xe2\x80\x8bxe"`)],
    ['with NUL in it', named('"a.exe\0.txt"')],
    ['with a stream of Windows', named('"a.txt:b.exe"')],
    ['in wide characters', named('"a\xef\xbc\x8eexe"')],
    ['by name of the type only', attached('Content-Type: application/octet-stream; name=a.exe')],
    [
      'by another name in the other header',
      attached('Content-Type: a/b; name=a.exe\r\nContent-Disposition: attachment; filename=a.txt'),
    ],
    ['with two names', named('a.txt; filename=a.exe')],
    ['with a quote that is not closed', named('"a.exe')],
    ['with a comment', attached('Content-Disposition: attachment; filename(x)=a.exe')],
    [
      'with a header that is folded',
      attached('Content-Disposition: attachment;\r\n filename\r\n =\r\n a.exe'),
    ],
    ['with a blank before the colon', attached('Content-Disposition : attachment; filename=a.exe')],
    ['behind a line that is no header', attached('junk\r\nContent-Disposition: attachment; filename=a.exe')],
    ['in text (uuencode)', 'Subject: x\r\n\r\nbegin 644 a.exe\r\n#YW%B\r\n`\r\nend'],
    ['in a message inside', attached('Content-Type: application/octet-stream; name=m.eml', named('a.exe'))],
    [
      'behind the last delimiter',
      `${attached('Content-Type: text/plain')}\r\n--b\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx`,
    ],
    ['without a name, by octets', data(exe)],
    ['as a picture', attached('Content-Type: image/png; name=a.png', exe)],
    ['a script without its name', data(Buffer.from('var x = new ActiveXObject("WScript.Shell");'))],
    [
      'a document with macros',
      named('a.doc', zip([{ name: 'word/document.xml' }, { name: 'word/vbaProject.bin' }])),
    ],
    ['in zip', named('a.zip', zip([{ name: 'a.txt' }, { name: 'd/b.exe' }]))],
    ['in zip under another name', named('a.zip', zip([{ name: 'a.txt', data: exe }]))],
    ['in zip called something else', data(zip([{ name: 'b.exe' }]))],
    ['in zip in zip', named('a.zip', zip([{ name: 'b.bin', data: zip([{ name: 'c.js' }]) }]))],
    ['in zip in tar in gz', data(gzip('a', tar([{ name: 'b', data: zip([{ name: 'c.scr' }]) }])))],
    ['in tar', data(tar([{ name: 'b.exe' }]))],
    ['in rar', data(rar5(['b.exe']))],
    ['in an old rar', data(rar4([{ name: 'b.exe' }]))],
    ['in cab', data(cab(['b.exe']))],
    ['in 7z', named('a.7z', packed7z)],
    ['in 7z behind a picture', data(Buffer.concat([Buffer.from('GIF89a'), plain7z]))],
    ['in 7z with a password', data(secret7z)],
    ['in 7z in zip', data(zip([{ name: 'a', data: packed7z }]))],
    ['in winmail.dat, by the long name', named('winmail.dat', tnef([{ title: 'A.TXT', longName: 'b.exe' }]))],
    ['in winmail.dat, by octets', data(tnef([{ title: 'A.TXT', data: exe }]))],
    [
      'in zip in a message in winmail.dat',
      data(tnef([{ title: 'm', inside: tnef([{ title: 'z', data: zip([{ name: 'b.exe' }]) }]) }])),
    ],
    ['in gz, by its name', named('a.js.gz', gzip('', Buffer.from('1')))],
    ['in gz, by the name in it', data(gzip('b.exe', Buffer.from('1')))],
    ['in gz, by octets', data(gzip('', exe))],
    ['in bz2 in zip, by its name', data(zip([{ name: 'b.exe.bz2', data: 'BZh91AY&SY' }]))],
    ['as a stream of Windows', named('"a.exe::$DATA"')],
    ['as a stream of Windows in zip', data(zip([{ name: 'a.exe::$DATA' }]))],
    ['with blanks and dots behind, in zip', data(zip([{ name: 'a.exe. . ' }]))],
    ['with the direction turned, in zip', data(zip([{ name: 'a\u202etxt.exe' }]))],
    ['in an encrypted zip, by its name', data(zip([{ name: 'b.exe', encrypted: true, data: 'x' }]))],
    ['in zip behind a picture', data(Buffer.concat([Buffer.from('GIF89a'), zip([{ name: 'b.exe' }])]))],
    [
      'in zip, where the directory does not name it',
      data(zip([{ name: 'a.txt' }, { name: 'b.exe', data: exe, hidden: true }])),
    ],
    ['in zip, by the name before the data', data(zip([{ name: 'a.txt', localName: 'b.exe' }]))],
    ['in zip, with a direction mark', data(zip([{ name: 'b\u202etxt.e\u200bxe' }]))],
    ['by a class of Windows', named('a.txt.{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}')],
    ['a remote desktop', named('a.rdp')],
    ['in tar of the old form', data(tar([{ name: 'b.exe' }], ''))],
    ['in rar behind a picture', data(Buffer.concat([Buffer.from('GIF89a'), rar5(['b.exe'])]))],
    ['in zip without a directory', data(zip([{ name: 'b.exe' }], { noDirectory: true }))],
  ])('%s', async (_, message) => {
    expect(await send(message)).toContain(program);
  });
});

test.each(['message/partial; id=x; number=1; total=2', 'message/external-body; access-type=url'])(
  'content that is elsewhere: %s',
  async (type) => {
    expect(await send(`Subject: x\r\nContent-Type: ${type}\r\n\r\nSubject: y\r\n\r\nx`)).toContain(
      'content elsewhere',
    );
  },
);

describe('archives', () => {
  const many = zip(Array.from({ length: 60 }, (_, i) => ({ name: `${i}.txt` })));
  const nested = (depth: number): Buffer =>
    zip([{ name: 'a.zip', data: depth === 0 ? 'x' : nested(depth - 1) }]);
  test.each<readonly [string, string, string]>([
    ['with a password', data(zip([{ name: 'a.txt', encrypted: true, data: 'x' }])), 'with a password'],
    ['whose names are encrypted', data(rar5(['a'], true)), 'with a password'],
    ['7z whose names are encrypted', named('a.7z', locked7z), 'with a password'],
    ['of a kind that is not read', named('a.arj', arj), 'cannot be looked into'],
    ['that are packed files', named('a.txt.bz2', 'BZh91AY&SY'), 'cannot be looked into'],
    ['that are packed files: xz', named('a.xz', '\xfd7zXZ\0'), 'cannot be looked into'],
    ['that are packed files: zst', data(Buffer.from('28b52ffd00', 'hex')), 'cannot be looked into'],
    ['in rar', data(rar5(['a.txt', 'b.zip'])), 'cannot be looked into'],
    ['by name only', named('a.lzh'), 'cannot be looked into'],
    ['as text', named('a.uue', 'begin 644 a.exe'), 'cannot be looked into'],
    ['in volumes', named('a.7z.002'), 'cannot be looked into'],
    ['in volumes of the old form', named('a.r01'), 'cannot be looked into'],
    [
      'with two directories',
      data(Buffer.concat([zip([{ name: 'a.txt' }]), zip([{ name: 'b.txt' }])])),
      'damaged or ambiguous',
    ],
    ['cut off: 7z', data(packed7z.subarray(0, 100)), 'cannot be looked into'],
    ['with too many names', data(many), 'too much'],
    ['too deep inside each other', data(nested(5)), 'too much'],
    ['that are ambiguous', data(zip([{ name: 'a.txt', localName: 'b.txt' }])), 'damaged or ambiguous'],
    [
      'with too many parts around',
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(50)}--b--`,
      'too much',
    ],
  ])('%s', async (_, message, text) => {
    const reply = await send(message);
    expect(reply).toMatch(/^550 5\.7\.1 /);
    expect(reply).toContain(text);
  });
});

test.each<readonly [string, string]>([
  ['a letter', 'Subject: x\r\n\r\nhello, is setup.exe of use to you? var x = 1;'],
  ['text that quotes a script', 'Subject: x\r\n\r\n#!/bin/sh\r\necho hello'],
  ['a picture', attached('Content-Type: image/png; name=a.png', '\x89PNG\r\n\x1a\n')],
  ['a document', named('a.docx', zip([{ name: '[Content_Types].xml' }, { name: 'word/document.xml' }]))],
  ['a 7z of texts', named('a.7z', texts7z)],
  ['what Outlook sends', named('winmail.dat', tnef([{ title: 'A.TXT', longName: 'a.txt', data: 'hello' }]))],
  ['a packed text', named('a.txt.gz', gzip('a.txt', Buffer.from('hello')))],
  [
    'a zip of texts',
    named(
      'a.zip',
      zip([
        { name: 'a.txt', data: 'x' },
        { name: 'exe/b.txt', data: 'y' },
      ]),
    ),
  ],
  ['HTML', 'Content-Type: text/html\r\n\r\n<!DOCTYPE html><p>hello <a href="http://a.example/b.exe">x</a>'],
])('%s passes', async (_, message) => {
  expect(await send(message)).toMatch(/^250 /);
});
