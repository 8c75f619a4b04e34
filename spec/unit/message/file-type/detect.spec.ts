// What files are by their octets: what runs and what programs open, above all; and that ordinary text is nothing of the kind.
import { describe, expect, test } from 'vitest';
import { detect } from '../../../../src/message/file-type/detect.ts';
import { magicTable } from '../../../../src/message/file-type/magic-table.ts';
import { gzip, rar5, tar, zip } from '../../../fakes/make-archive.ts';

const pe = (flags: number): Buffer => {
  const octets = Buffer.alloc(160);
  octets.write('MZ');
  octets.writeUInt32LE(64, 60);
  octets.write('PE', 64);
  octets.writeUInt16LE(flags, 86);
  return octets;
};
const compound = (...names: readonly string[]): Buffer =>
  Buffer.concat([
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    Buffer.alloc(500),
    ...names.map((name) => Buffer.from(name, 'utf16le')),
  ]);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const iso = Buffer.alloc(40_000);
iso.write('CD001', 32_769);

describe('detect', () => {
  test.each<readonly [string, Buffer | string]>([
    ['exe', pe(2)],
    ['dll', pe(0x2002)],
    ['exe', 'MZ\x90'],
    ['elf', '\x7fELF\x02'],
    ['macho', '\xcf\xfa\xed\xfe'],
    ['macho', '\xca\xfe\xba\xbe\0\0\0\x02'],
    ['class', '\xca\xfe\xba\xbe\0\0\x004'],
    ['lnk', 'L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F'],
    ['zip', zip([{ name: 'a' }])],
    ['docx', zip([{ name: '[Content_Types].xml' }, { name: 'word/document.xml' }])],
    ['docm', zip([{ name: 'word/document.xml' }, { name: 'word/vbaProject.bin' }])],
    ['xlsm', zip([{ name: 'xl/workbook.xml' }, { name: 'xl/vbaProject.bin' }])],
    ['xlsb', zip([{ name: 'xl/workbook.bin' }])],
    ['pptx', zip([{ name: 'ppt/presentation.xml' }])],
    ['odt', zip([{ name: 'mimetype', data: 'application/vnd.oasis.opendocument.text' }])],
    ['jar', zip([{ name: 'META-INF/MANIFEST.MF' }])],
    ['apk', zip([{ name: 'AndroidManifest.xml' }, { name: 'META-INF/MANIFEST.MF' }])],
    ['doc', compound('WordDocument')],
    ['xls', compound('Workbook')],
    ['msg', compound('__properties_version1.0')],
    ['ole', compound('EncryptedPackage')],
    ['msi', Buffer.concat([compound(), Buffer.from('84100c0000000000c000000000000046', 'hex')])],
    ['rar', rar5(['a'])],
    ['7z', "7z\xbc\xaf'\x1c\0"],
    ['gz', gzip('a', Buffer.from('x'))],
    ['tar', tar([{ name: 'a' }])],
    ['iso', iso],
    ['pdf', '\r\n%PDF-1.4'],
    ['rtf', '{\\rtf1'],
    ['one', '\xe4R\\{\x8c\xd8\xa7M\xae\xb1Sx\xd0)\x96\xd3'],
    ['png', '\x89PNG\r\n\x1a\n'],
    ['sh', '#!/bin/sh\necho'],
    ['py', '#!/usr/bin/env python3\n'],
    ['ps1', 'Invoke-WebRequest http://x -OutFile y; Start-Process y'],
    ['vbs', 'Set x = CreateObject("WScript.Shell")'],
    ['js', 'var a = new ActiveXObject("x");'],
    ['js', '(function () { eval(x) })();'],
    ['jse', '#@~^xxx'],
    ['bat', '@echo off\r\nstart x'],
    ['hta', '<html><script language="VBScript">'],
    ['hta', '<HTA:APPLICATION id=x>'],
    ['wsf', '<job id="a"><script language="JScript">'],
    ['url', '[InternetShortcut]\r\nURL=http://x'],
    ['reg', 'Windows Registry Editor Version 5.00\r\n'],
    ['reg', Buffer.from('\ufeffWindows Registry Editor Version 5.00\r\n', 'utf16le')],
    ['svg', '<?xml version="1.0"?>\n<svg xmlns="x"><script>'],
    ['html', '<!DOCTYPE html><p>'],
    ['html', 'text <script>alert(1)</script>'],
    ['eml', 'From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\n\r\ntext'],
    ['ics', 'BEGIN:VCALENDAR\r\n'],
    ['zip', Buffer.concat([latin1('rubbish '), zip([{ name: 'a' }])])],
  ])('%s', (ext, octets) => {
    expect(detect(typeof octets === 'string' ? latin1(octets) : octets)?.ext).toBe(ext);
  });

  test.each([
    '',
    'Hello,\r\n\r\nthe function that we talked about: var is fine. Let us meet at 10.\r\n-- \r\nJoe',
    'a,b,c\n1,2,3\n',
    'Package delivery: your job at the script office',
    'Grüße, <joe@example.com> schrieb:\r\n> mehr',
    'To whom it may concern: from now on',
    'PK',
    '\0\0\0\0',
  ])('nothing: %j', (text) => {
    expect(detect(Buffer.from(text))).toBeUndefined();
  });

  test('each row of the table is found by its own mark', () => {
    for (const { at, ext } of magicTable) {
      const octets = Buffer.alloc(40_000, 0x20);
      for (const [offset, mark] of at) octets.write(mark, offset, 'latin1');
      const found = detect(octets)?.ext;
      expect(found, `${ext} ${at[0]?.[1]}`).toBeDefined();
    }
  });

  test('beginnings of any length of what is known are no error', () => {
    for (const octets of [
      pe(2),
      zip([{ name: 'mimetype', data: 'x' }]),
      compound('Workbook'),
      tar([{ name: 'a' }]),
    ])
      for (let length = 0; length < 120; length++) detect(octets.subarray(0, length));
  });
});
