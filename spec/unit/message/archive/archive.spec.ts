// What is found in archives: names, kinds, encryption, what is inside those inside; the bounds; a word for whatever programs may read in different ways.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ArchiveDefect,
  type ArchiveLimits,
  archiveDefects,
  truncations,
} from '../../../../src/message/archive/listing.ts';
import { BufferSource } from '../../../../src/message/archive/source.ts';
import { type ArchiveList, listArchive } from '../../../../src/message/archive/walk.ts';
import { arj, bsdtar7z, locked7z, packed7z, plain7z, secret7z } from '../../../fakes/archive-samples.ts';
import { cab, gzip, rar4, rar5, tar, tnef, zip } from '../../../fakes/make-archive.ts';

const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]);
const limits: ArchiveLimits = { names: 1000, bytes: 1_048_576, depth: 3 };

const list = (octets: Buffer, other: Partial<ArchiveLimits> = {}): Promise<ArchiveList | undefined> =>
  listArchive(
    new BufferSource(octets, async () => undefined),
    { ...limits, ...other },
    async () => undefined,
  );

async function listing(octets: Buffer, other: Partial<ArchiveLimits> = {}): Promise<ArchiveList['listing']> {
  const found = await list(octets, other);
  if (found === undefined) throw new Error('no archive');
  return found.listing;
}

const names = async (octets: Buffer): Promise<readonly string[]> =>
  (await listing(octets)).entries.map(
    ({ depth, ext, name }) => `${depth} ${name}${ext === undefined ? '' : ` ${ext}`}`,
  );

describe('kinds', () => {
  test.each<readonly [string, Buffer, string, readonly string[]]>([
    [
      'zip',
      zip([
        { name: 'a/b.txt', data: 'x' },
        { name: 'c.txt', data: exe },
      ]),
      'zip',
      ['1 a/b.txt', '1 c.txt exe'],
    ],
    [
      'tar',
      tar([
        { name: 'a.txt', data: 'x' },
        { name: `${'d/'.repeat(80)}b.exe`, data: exe },
      ]),
      'tar',
      ['1 a.txt', `1 ${'d/'.repeat(80)}b.exe exe`],
    ],
    ['gz of a tar', gzip('x.tar', tar([{ name: 'b.exe', data: exe }])), 'gz', ['1 x.tar tar', '2 b.exe exe']],
    ['rar 4', rar4([{ name: 'a.txt' }, { name: 'd\\b.exe' }]), 'rar', ['1 a.txt', '1 d/b.exe']],
    ['rar 5', rar5(['a.txt', 'd/b.exe']), 'rar', ['1 a.txt', '1 d/b.exe']],
    ['cab', cab(['a.txt', 'd\\b.exe']), 'cab', ['1 a.txt', '1 d/b.exe']],
    [
      '7z, its header packed',
      packed7z,
      '7z',
      [
        ...['1 d/', '1 d/empty', '1 d/a.txt', '1 d/b.exe'],
        ...Array.from({ length: 8 }, (_, i) => `1 d/c${i + 1}.txt`),
        '1 d/ä€.txt',
      ],
    ],
    ['7z, its header as it is', plain7z, '7z', ['1 d/a.txt', '1 d/b.exe']],
    ['7z of another program', bsdtar7z, '7z', ['1 d/a.txt', '1 d/b.exe', '1 d/empty']],
    ['7z behind a program', Buffer.concat([exe, plain7z]), 'exe', ['1 d/a.txt', '1 d/b.exe']],
    [
      '7z in zip',
      zip([{ name: 'a', data: packed7z }]),
      'zip',
      expect.arrayContaining(['1 a 7z', '2 d/b.exe']),
    ],
    [
      'winmail.dat',
      tnef([
        { title: 'A.TXT', longName: 'a.txt', data: 'hello' },
        { title: 'B.BIN', longName: 'ü.exe', data: exe },
        { title: 'Z', data: zip([{ name: 'e.exe', data: exe }]) },
        { title: 'M', inside: tnef([{ title: 'c.exe', data: exe }]) },
      ]),
      'dat',
      ['1 A.TXT', '1 B.BIN exe', '1 Z zip', '1 M dat', '2 e.exe exe', '2 c.exe exe'],
    ],
    [
      'zip in tar in zip',
      zip([{ name: 't', data: tar([{ name: 'z', data: zip([{ name: 'e.exe', data: exe }]) }]) }]),
      'zip',
      ['1 t tar', '2 z zip', '3 e.exe exe'],
    ],
    [
      'a document with macros',
      zip([{ name: 'word/document.xml' }, { name: 'word/vbaProject.bin' }]),
      'docm',
      ['1 word/document.xml', '1 word/vbaProject.bin'],
    ],
    [
      'a program that unpacks itself',
      zip([{ name: 'a.txt' }], { prefix: `MZ${'\0'.repeat(300)}` }),
      'zip',
      ['1 a.txt'],
    ],
    ['a zip64 archive', zip([{ name: 'a.exe', data: exe, zip64: true }]), 'zip', ['1 a.exe exe']],
  ])('%s', async (_, octets, ext, expected) => {
    expect((await list(octets))?.kind.ext).toBe(ext);
    expect(await names(octets)).toEqual(expected);
    expect([...(await listing(octets)).truncated]).toEqual([]);
  });

  test('what is no archive', async () => {
    for (const text of ['', 'x', 'hello world', '%PDF-1.7', 'PK', '\x89PNG\r\n\x1a\n'])
      expect(await list(Buffer.from(text, 'latin1'))).toBeUndefined();
  });

  test('encryption', async () => {
    const encrypted = async (octets: Buffer): Promise<unknown> => {
      const { entries, truncated } = await listing(octets);
      return [entries.map((entry) => entry.encrypted), [...truncated]];
    };
    expect(await encrypted(zip([{ name: 'a', data: 'x', encrypted: true }, { name: 'b' }]))).toEqual([
      [true, false],
      [],
    ]);
    expect(await encrypted(rar4([{ name: 'a', encrypted: true }]))).toEqual([[true], []]);
    expect(await encrypted(rar4([{ name: 'a' }], true))).toEqual([[], ['encrypted']]);
    expect(await encrypted(rar5(['a'], true))).toEqual([[], ['encrypted']]);
    expect(await encrypted(secret7z)).toEqual([[true, true], []]);
    expect(await encrypted(locked7z)).toEqual([[], ['encrypted']]);
  });

  test('names in code page 437 and in UTF-8, from an extra field too', async () => {
    expect(await names(zip([{ name: Buffer.from([0x81, 0x2e, 0x65, 0x78, 0x65]) }]))).toEqual(['1 ü.exe']);
    const field = Buffer.concat([Buffer.from([0x75, 0x70, 10, 0, 1, 0, 0, 0, 0]), Buffer.from('b.exe')]);
    expect((await listing(zip([{ name: 'a.txt', extra: field }]))).entries[0]?.names).toEqual([
      'a.txt',
      'b.exe',
    ]);
  });
});

describe('what programs find and others may not', () => {
  test('a program with a rar behind it, in zip, stays a program', async () => {
    const program = Buffer.concat([exe, rar5(['b.txt'])]);
    expect(await names(zip([{ name: 'a', data: program }]))).toEqual(['1 a exe', '2 b.txt']);
    expect((await list(program))?.kind.ext).toBe('exe');
  });

  const packed = zip([{ name: 'b.exe', data: exe }]);
  const hidden = tar([{ name: 'b.exe', data: exe }]);
  const withoutEnd = packed.subarray(0, packed.lastIndexOf('PK\x05\x06'));
  test.each<readonly [string, Buffer, readonly string[]]>([
    ['tar without a mark', tar([{ name: 'b.exe', data: exe }], ''), ['1 b.exe exe']],
    [
      'tar whose first name looks like a picture',
      tar([{ name: 'GIF89a' }, { name: 'b.exe', data: exe }], ''),
      ['1 GIF89a', '1 b.exe exe'],
    ],
    [
      'tar with a size of no octets',
      tar([{ name: 'a.txt', data: hidden, pax: '10 size=0\n' }]),
      ['1 a.txt', '1 b.exe exe'],
    ],
    [
      'tar with a line in a comment',
      tar([{ name: 'a', pax: '25 comment=x\n12 path=b.c\n14 path=b.exe\n' }]),
      ['1 b.exe'],
    ],
    [
      'zip with much around it',
      Buffer.concat([Buffer.from('x'), packed, Buffer.alloc(70_000)]),
      ['1 b.exe exe'],
    ],
    ...[0, 24, 65_533, 65_534, 65_536, 200_000].map(
      (length): readonly [string, Buffer, readonly string[]] => [
        `zip behind ${length} octets and entries of another one`,
        Buffer.concat([Buffer.alloc(length), withoutEnd, zip([{ name: 'a.txt' }])]),
        ['1 a.txt', '1 b.exe exe'],
      ],
    ),
    ...[
      ['rar', rar5(['a.txt'])],
      ['an old rar', rar4([{ name: 'a.txt' }])],
      ['cab', cab(['a.txt'])],
      ['tar', tar([{ name: 'a.txt' }])],
    ].map(([name, octets]): readonly [string, Buffer, readonly string[]] => [
      `zip behind ${name}`,
      Buffer.concat([octets as Buffer, packed]),
      ['1 a.txt', '1 b.exe exe'],
    ]),
    ['zip behind gz', Buffer.concat([gzip('a.txt', Buffer.from('x')), packed]), ['1 a.txt', '1 b.exe exe']],
    ['zip behind 7z', Buffer.concat([plain7z, packed]), ['1 d/a.txt', '1 d/b.exe', '1 b.exe exe']],
    ['7z behind rar', Buffer.concat([rar5(['c.txt']), plain7z]), ['1 c.txt', '1 d/a.txt', '1 d/b.exe']],
    ['rar behind a zip', Buffer.concat([zip([{ name: 'a.txt' }]), rar5(['b.exe'])]), ['1 a.txt', '1 b.exe']],
    [
      '7z behind a zip with a comment',
      Buffer.concat([zip([{ name: 'a.txt' }], { behind: 'xx' }), plain7z]),
      ['1 a.txt', '1 d/a.txt', '1 d/b.exe'],
    ],
    ['rar behind something', Buffer.concat([Buffer.alloc(100_000, 'x'), rar5(['b.exe'])]), ['1 b.exe']],
    [
      'rar behind something, between two pieces',
      Buffer.concat([Buffer.alloc(65_533, 'x'), rar4([{ name: 'b.exe' }])]),
      ['1 b.exe'],
    ],
    ['rar behind a program', Buffer.concat([exe, rar5(['b.exe'])]), ['1 b.exe']],
    [
      'rar behind something in zip',
      zip([{ name: 'a', data: Buffer.concat([Buffer.from('x'), rar5(['b.exe'])]) }]),
      ['1 a rar', '2 b.exe'],
    ],
    ['a name like that of a directory', zip([{ name: 'b.exe/', data: exe }]), ['1 b.exe/ exe']],
  ])('%s', async (_, octets, expected) => {
    expect(await names(octets)).toEqual(expected);
  });

  test('a name like that of a directory is one of a file where there are octets', async () => {
    const { entries } = await listing(zip([{ name: 'b.exe/', data: exe }, { name: 'd/' }]));
    expect(entries.map((entry) => entry.names)).toEqual([['b.exe', 'b.exe/'], []]);
  });

  test('a sparse file has both of its names', async () => {
    const { entries } = await listing(tar([{ name: 'a', pax: '25 GNU.sparse.name=b.exe\n' }]));
    expect(entries[0]?.names).toContain('b.exe');
  });

  test.each([8, 28])('a zip that contradicts itself at octet %i', async (at) => {
    const octets = zip([{ name: 'a.txt', data: 'x' }]);
    // Before the data: how it is packed; how many octets that makes.
    octets[at === 28 ? 18 : at] = 9;
    expect([...(await listing(octets)).defects]).toContain('damaged');
  });
});

describe('defects', () => {
  const cases: readonly (readonly [ArchiveDefect, Buffer])[] = [
    ['names_differ', zip([{ name: 'a.txt', localName: 'b.exe' }])],
    [
      'hidden_entries',
      zip([{ name: 'a.txt' }, { name: 'b.exe', data: exe, hidden: true }, { name: 'c.txt' }]),
    ],
    ['hidden_entries', zip([{ name: 'a.txt' }, { name: 'b.exe', data: exe, hidden: true }])],
    [
      'overlapping_entries',
      zip([
        { name: 'a.txt', data: exe },
        { name: 'a.exe', overlaps: true },
      ]),
    ],
    ['missing_entries', zip([{ name: 'a.txt', missing: true }])],
    ['no_directory', zip([{ name: 'a.txt' }], { noDirectory: true })],
    ['octets_before', zip([{ name: 'a.txt' }], { prefix: 'xx' })],
    ['octets_behind', zip([{ name: 'a.txt' }], { behind: 'xx' })],
    ['several_directories', Buffer.concat([zip([{ name: 'a.txt' }]), zip([{ name: 'b.exe' }])])],
    ['odd_name', zip([{ name: 'a\u202etxt.exe' }])],
    ['odd_name', zip([{ name: 'a\0.txt' }])],
    ['path_outside', zip([{ name: '../a.txt' }])],
    ['path_outside', zip([{ name: 'C:\\a.txt' }])],
    ['path_outside', tar([{ name: 'a', link: '/etc/passwd' }])],
    ['name_twice', zip([{ name: 'a.txt' }, { name: 'a.txt' }])],
    ['damaged', gzip('a', tar([{ name: 'b', data: exe }])).subarray(0, 30)],
    ['damaged', rar5(['a.txt']).subarray(0, 20)],
  ];
  test.each(cases)('%s', async (word, octets) => {
    expect([...(await listing(octets)).defects]).toContain(word);
  });

  test('there is a case for each, and a good archive has none', async () => {
    expect([...new Set(cases.map(([name]) => name))].sort()).toEqual(Object.keys(archiveDefects).sort());
    for (const good of [
      zip([
        { name: 'a', data: exe },
        { name: 'ü', data: 'x' },
      ]),
      tar([{ name: 'a' }]),
      rar5(['a']),
      cab(['a']),
      packed7z,
      tnef([{ title: 'a', data: 'x' }]),
    ])
      expect([...(await listing(good)).defects]).toEqual([]);
  });

  test('nothing hides behind them', async () => {
    const all = async (octets: Buffer): Promise<readonly string[]> =>
      (await listing(octets)).entries.flatMap((entry) => entry.names);
    for (const octets of [
      zip([{ name: 'a.txt', localName: 'b.exe' }]),
      zip([{ name: 'a.txt' }, { name: 'b.exe', data: exe, hidden: true }]),
      zip([{ name: 'b.exe' }], { noDirectory: true }),
      zip([{ name: 'b.exe' }], { prefix: 'GIF89a', behind: 'rubbish' }),
      Buffer.concat([zip([{ name: 'b.exe' }]), zip([{ name: 'a.txt' }])]),
      zip([{ name: 'b.exe. .' }]),
      zip([{ name: 'b.exe::$DATA' }]),
      zip([{ name: 'a.txt:b.exe' }]),
      zip([{ name: 'b.exe ' }]),
      zip([{ name: 'b\u202e.exe' }]),
      tnef([{ title: 'a.txt', longName: 'b.exe' }]),
      tnef([{ title: 'b.exe', longName: 'a.txt' }]),
      zip([{ name: 'x/..\\b.exe' }]),
      zip([{ name: 'b.\u200bexe' }]),
      zip([{ name: 'b.exe\0.txt' }]),
    ])
      expect(await all(octets)).toContain('b.exe');
  });
});

describe('bounds', () => {
  const bomb = Buffer.alloc(3_000_000);
  const nested = (depth: number): Buffer =>
    depth === 0 ? exe : zip([{ name: `${depth}.zip`, data: nested(depth - 1) }]);
  test.each<readonly [keyof typeof truncations, Buffer, Partial<ArchiveLimits>]>([
    ['limit-archive-names', zip(Array.from({ length: 30 }, (_, i) => ({ name: `${i}` }))), { names: 20 }],
    ['limit-archive-names', tar(Array.from({ length: 30 }, (_, i) => ({ name: `${i}` }))), { names: 20 }],
    ['limit-archive-bytes', zip([{ name: 'a.zip', data: zip([{ name: 'b', data: bomb, method: 0 }]) }]), {}],
    ['limit-archive-bytes', gzip('a', tar([{ name: 'b', data: bomb }])), {}],
    ['limit-archive-bytes', zip(Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, data: bomb }))), {}],
    ['limit-archive-depth', nested(4), {}],
    ['limit-archive-depth', Buffer.concat(Array.from({ length: 22 }, () => plain7z)), {}],
    ['unsupported', zip([{ name: 'a', data: exe, method: 14 }]), {}],
    ['unsupported', Buffer.from('BZh91AY&SY'), {}],
    ['unsupported', arj, {}],
    // What is in them is not looked at.
    ['unsupported', rar5(['a.txt', 'b.ZIP ']), {}],
    ['unsupported', rar4([{ name: 'b.7z.001' }]), {}],
    ['unsupported', cab(['b.iso']), {}],
    ['limit-archive-names', packed7z, { names: 12 }],
    ['limit-archive-names', tnef([{ title: 'a' }, { title: 'b' }]), { names: 1 }],
    ['limit-archive-bytes', packed7z, { bytes: 160 }],
    ['damaged', packed7z.subarray(0, 40), {}],
    // 7-Zip looks for the header of such an archive.
    ['damaged', Buffer.concat([packed7z.subarray(0, 8), Buffer.alloc(24), packed7z.subarray(32)]), {}],
    ['damaged', tnef([{ title: 'a', data: exe }]).subarray(0, 200), {}],
    ['encrypted', rar5(['a'], true), {}],
    ['damaged', rar5(['a']).subarray(0, 20), {}],
  ])('%s', async (word, octets, other) => {
    const found = await listing(octets, other);
    expect([...found.truncated]).toContain(word);
    expect(found.entries.length).toBeLessThanOrEqual(other.names ?? limits.names);
  });

  test('each way to end has a case above', () => {
    expect(Object.keys(truncations)).toHaveLength(6);
  });

  test('damaged archives end, whatever is wrong with them, and never throw', async () => {
    const whole = [
      zip([
        { name: 'a', data: exe },
        { name: 'z', data: zip([{ name: 'b', data: exe }]) },
      ]),
      tar([{ name: 'a', data: exe }, { name: 'b' }]),
      rar4([{ name: 'a' }]),
      rar5(['a', 'b']),
      cab(['a', 'b']),
      packed7z,
      plain7z,
      secret7z,
      tnef([
        { title: 'a', longName: 'b', data: exe },
        { title: 'c', inside: tnef([]) },
      ]),
      gzip('a', tar([{ name: 'b' }])),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 6 }),
        fc.nat(1000),
        async (good, changes, length) => {
          const octets = Buffer.from(good);
          for (const [at, value] of changes) octets[at % octets.length] = value;
          await list(length % 3 === 0 ? octets.subarray(0, length) : octets);
        },
      ),
      { numRuns: 500 },
    );
  });
});
