// require 'lfs' beside links that lead somewhere, nowhere and to themselves, and times that are none.
import { mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

const place = mkdtempSync(join(tmpdir(), 'smtpe-lfs-'));
let engine: TestEngine;
beforeAll(async () => {
  engine = await startElsewhere();
});
afterAll(() => {
  engine.engine.close();
  rmSync(place, { recursive: true });
});

const ask = (script: string): Promise<readonly string[]> =>
  linesOf(engine, `local lfs, at = require 'lfs', '${place}/'\n${script}`);

describe('touch', () => {
  it.each(['0/0', '1/0', '-1/0', '1e300', '-1', "'x'", 'true', '{}'])(
    'takes no %s for a time',
    async (value) => {
      const lines = await ask(`io.open(at .. 'file', 'w'):close() lfs.touch(at .. 'file', 5, 6)
      show(pcall(lfs.touch, at .. 'file', ${value})) show(pcall(lfs.touch, at .. 'file', 5, ${value}))
      show(lfs.attributes(at .. 'file', 'access'), lfs.attributes(at .. 'file', 'modification'))`);
      expect(lines[0]).toMatch(
        /^false .*bad argument #2 to 'touch' \((?:number|seconds since 1970) expected, got /,
      );
      expect(lines[1]).toMatch(
        /^false .*bad argument #3 to 'touch' \((?:number|seconds since 1970) expected, got /,
      );
      expect(lines[2]).toBe('5 6');
    },
  );

  it('sets both times, to now when none is given', async () => {
    const lines = await ask(`local file = at .. 'times' io.open(file, 'w'):close()
      show(lfs.touch(file, 1.5)) show(lfs.attributes(file, 'access'), lfs.attributes(file, 'modification'))
      show(lfs.touch(file, '7', 8)) show(lfs.attributes(file, 'access'), lfs.attributes(file, 'modification'))
      show(lfs.touch(file)) show(os.time() - lfs.attributes(file, 'modification') < 100) show(lfs.touch(at .. 'nothing'))`);
    expect(lines).toEqual(['true', '1 1', 'true', '7 8', 'true', 'true', 'nil No such file or directory 2']);
  });
});

it('follows links where LuaFileSystem does, and nowhere else', async () => {
  const lines = await ask(`lfs.mkdir(at .. 'dir') io.open(at .. 'dir/file', 'w'):close()
    show(lfs.link('dir', at .. 'link', true)) show(lfs.link('nowhere', at .. 'dangling', true)) show(lfs.link('loop', at .. 'loop', true))
    show(lfs.attributes(at .. 'link', 'mode'), lfs.symlinkattributes(at .. 'link', 'mode'), lfs.symlinkattributes(at .. 'link', 'target'))
    show(lfs.symlinkattributes(at .. 'link').target, lfs.symlinkattributes(at .. 'dir', 'target'), pcall(lfs.attributes, at .. 'dir', 'target'))
    show(lfs.attributes(at .. 'dangling')) show(lfs.symlinkattributes(at .. 'dangling', 'mode'))
    show(lfs.attributes(at .. 'loop'))
    show(lfs.rmdir(at .. 'link')) show(lfs.mkdir(at .. 'dangling')) show(lfs.link('x', at .. 'dangling', true)) show(lfs.touch(at .. 'loop'))
    lfs.touch(at .. 'link', 9) show(lfs.attributes(at .. 'dir', 'access'))
    local names = {} for name in lfs.dir(at .. 'link') do names[#names + 1] = name end table.sort(names) show(table.concat(names, ' '))
    show(pcall(lfs.dir, at .. 'dangling'))`);
  const from = (name: string, why: string): string =>
    `nil cannot obtain information from file '${place}/${name}': ${why}`;
  expect(lines).toEqual([
    ...[
      'true',
      'true',
      'true',
      'directory link dir',
      expect.stringMatching(/^dir nil false .*invalid attribute name 'target'/),
    ],
    ...[
      from('dangling', 'No such file or directory 2'),
      'link',
      from('loop', 'Too many levels of symbolic links 40'),
    ],
    ...[
      'nil Not a directory 20',
      'nil File exists 17',
      'nil File exists 17',
      'nil Too many levels of symbolic links 40',
    ],
    ...['9', '. .. file', `false cannot open ${place}/dangling: No such file or directory`],
  ]);
  expect(readlinkSync(join(place, 'link'))).toBe('dir');
  expect(statSync(join(place, 'dir')).isDirectory()).toBe(true);
});
