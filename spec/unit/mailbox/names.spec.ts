// Names on disk: of folders in modified UTF-7, of messages with their flags and sizes.
import { describe, expect, it } from 'vitest';
import {
  decodeModifiedUtf7,
  encodeModifiedUtf7,
  folderNameOf,
  readFolderName,
} from '../../../src/mailbox/folder-name.ts';
import {
  arrivalOf,
  compareArrival,
  flagsOf,
  isMailName,
  sizesOf,
  withFlags,
} from '../../../src/mailbox/mail-name.ts';
import { tabEscaped, tabUnescaped } from '../../../src/mailbox/tab-escape.ts';
import { Seeded } from '../../fakes/seeded.ts';

describe('modified UTF-7', () => {
  // RFC 3501 section 5.1.3, and what Dovecot 2.3.19 writes.
  it.each([
    ['Work', 'Work'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['A&B', 'A&-B'],
    ['&', '&-'],
    ['&-', '&--'],
    ['😀', '&2D3eAA-'],
    ['tab\there', 'tab&AAk-here'],
    ['', ''],
  ])('%j is %j', (text, octets) => {
    expect(encodeModifiedUtf7(text)).toBe(octets);
    expect(decodeModifiedUtf7(octets)).toBe(text);
  });

  it.each(['&', 'a&', '&AP', '&APw', '&AGE-', '&APw-&APw-', 'ü', '&A-', '&APw=-', '&/-', '\x01', '&AP w-'])(
    '%j is none',
    (octets) => {
      expect(decodeModifiedUtf7(octets)).toBeUndefined();
    },
  );

  it('gives back any text', () => {
    const random = new Seeded(7);
    for (let turn = 0; turn < 2000; turn++) {
      const units = Array.from({ length: random.below(8) }, () =>
        random.oneIn(2) ? 32 + random.below(95) : 0xa0 + random.below(0xd000),
      );
      const text = String.fromCharCode(...units);
      expect(decodeModifiedUtf7(encodeModifiedUtf7(text))).toBe(text);
    }
  });
});

describe('names of folders', () => {
  it.each([
    ['inbox', 'INBOX', 'INBOX', ''],
    ['Work/Entwürfe', 'Work/Entwürfe', 'Work.Entwürfe', '.Work.Entw&APw-rfe'],
    ['INBOX/x', 'INBOX/x', 'INBOX.x', '.INBOX.x'],
    ['inboxes', 'inboxes', 'inboxes', '.inboxes'],
  ])('%j', (asked, vname, name, directory) => {
    expect(readFolderName(asked, '/')).toEqual({ kind: 'name', vname, name, directory });
    if (directory !== '') expect(folderNameOf(directory, '/')).toBe(vname);
  });

  it.each([
    '',
    '/',
    'a//b',
    '/a',
    'a/',
    '.',
    '..',
    'a/../b',
    'a.b',
    '.hidden',
    '~root',
    'a\0b',
    'a\nb',
    'a\x7f',
    '\ud800',
    'x'.repeat(255),
    'ü'.repeat(100),
    Array.from({ length: 17 }, () => 'a').join('/'),
  ])('%j is no name', (asked) => {
    expect(readFolderName(asked, '/').kind).toBe('bad');
  });

  it('are parts between dots where the separator is one', () => {
    expect(readFolderName('a.b', '.')).toMatchObject({ name: 'a.b', directory: '.a.b' });
    expect(readFolderName('a/b', '.').kind).toBe('bad');
    expect(folderNameOf('.a.b', '.')).toBe('a.b');
  });

  it.each(['a', '.', '..', '..a', '.a..b', '.&', '.a.', '.ü'])('%j is no folder', (directory) => {
    expect(folderNameOf(directory, '/')).toBeUndefined();
  });
});

describe('names of messages', () => {
  it.each([
    ['1.M2P3.h:2,', [], []],
    ['1.M2P3.h:2,DFRST', ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'], []],
    ['1.M2P3.h:2,Sabz', ['\\Seen'], [0, 1, 25]],
    ['1.M2P3.h', [], []],
    ['1.M2P3.h:1,S', [], []],
    ['1.M2P3.h:2,PQ', [], []],
    ['1.M2P3.h:2,S,XF', ['\\Seen'], []],
  ] as const)('%j has its flags', (fileName, flags, keywords) => {
    expect(flagsOf(fileName)).toEqual({ flags, keywords });
  });

  it.each([
    ['a', 'a:2,STb'],
    ['a:2,F', 'a:2,STb'],
    ['a:2,PRa', 'a:2,PSTb'],
    ['a:2,SX~,other,F', 'a:2,STXb~,other,F'],
    ['a:1,what', 'a:2,STb'],
    ['a:', 'a:2,STb'],
  ])('%j with other flags is %j', (fileName, expected) => {
    expect(withFlags(fileName, { flags: ['\\Deleted', '\\Seen'], keywords: [1] })).toBe(expected);
  });

  it.each([
    ['1.h,S=5,W=6:2,S', { size: 5, virtualSize: 6 }],
    ['1.h,W=6', { virtualSize: 6 }],
    ['1.h,S=x', {}],
    ['1.h:2,S=5', {}],
    ['1.h,S=5z', {}],
  ])('%j has its sizes', (fileName, sizes) => {
    expect(sizesOf(fileName)).toEqual(sizes);
  });

  it('are in the order in which they came', () => {
    const names = ['10.M1.h', '9.M500.h', '9.M6.h', '9.M6.g', 'x', '9.h'];
    const sorted = names.map(arrivalOf).sort(compareArrival);
    expect(sorted.map(({ name }) => name)).toEqual(['x', '9.h', '9.M6.g', '9.M6.h', '9.M500.h', '10.M1.h']);
  });

  it.each(['.hidden', 'a\nb', 'a\rb', ':2,S', ''])('%j is none', (name) => {
    expect(isMailName(name)).toBe(false);
  });
});

it('Dovecot escapes what may not stand in a line, and reads it back', () => {
  const text = 'a\0b\x01c\td\re\nf\x01';
  expect(tabEscaped(text)).toBe('a\x010b\x011c\x01td\x01re\x01nf\x011');
  expect(tabUnescaped(tabEscaped(text))).toBe(text);
  expect(tabUnescaped('a\x01zb\x01')).toBe('azb');
});
