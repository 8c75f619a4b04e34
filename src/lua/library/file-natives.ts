// The natives behind lib-lua/compat/lfs.lua: what LuaFileSystem tells of files, over the same port as io and os. Failures are nil, text and
// number. Reading a directory waits, and is bounded; the rest is a system call as io.open is one.
import { systemErrorOf } from '../../base/system-error.ts';
import { type FunctionSpec, type LuaResults, luaFunction } from '../../lua-api/function-spec.ts';
import { anything, bytes, number } from '../../lua-api/params.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import type { Disk, FileFacts } from '../../ops/system.ts';

/** Names of one directory. */
const MOST_NAMES = 100_000;
/** As io.open has it. */
const LONGEST_PATH = 4096;

export interface FileSurroundings {
  /** Before a path is looked at. */
  onPath(path: string): void;
  /** Before a path is changed. */
  onChange(path: string): void;
}

const path = bytes('path', 'A file or directory.');
const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

const kinds = {
  file: 'file',
  directory: 'directory',
  link: 'link',
  socket: 'socket',
  pipe: 'named pipe',
  character: 'char device',
  block: 'block device',
  other: 'other',
} as const satisfies Record<FileFacts['kind'], string>;

const letters = ['r', 'w', 'x'] as const;

function permissions(mode: number): string {
  let text = '';
  for (let bit = 8; bit >= 0; bit--) text += mode & (1 << bit) ? letters[(8 - bit) % 3] : '-';
  return text;
}

function recordOf(facts: FileFacts): LuaRecord {
  const { kind, mode, device, inode, links, owner, group, size, accessed, modified, changed, blocks } = facts;
  return {
    ...{ mode: kinds[kind], dev: device, ino: inode, nlink: links, uid: owner, gid: group },
    ...{ rdev: facts.deviceNumber, access: accessed, modification: modified, change: changed },
    ...{ size, permissions: permissions(mode), blocks, blksize: facts.blockSize },
  };
}

export function fileFunctions(disk: Disk, { onPath, onChange }: FileSurroundings): readonly FunctionSpec[] {
  const attempt = (name: string, run: () => LuaResults): LuaResults => {
    try {
      if (name.length > LONGEST_PATH || name.includes('\0'))
        return [undefined, `${name.slice(0, 60)}: no path`, 36];
      return run();
    } catch (error) {
      const { text, number } = systemErrorOf(error);
      return [undefined, text, number];
    }
  };
  const changing = (name: string, run: (octets: Buffer) => void): LuaResults =>
    attempt(name, () => {
      onPath(name);
      onChange(name);
      run(octetsOf(name));
      return [true];
    });
  return [
    luaFunction({
      name: 'attributes',
      params: [path, anything('follow', 'boolean', 'Through symbolic links.')],
      text: 'A table of what is known of a file.',
      call: (_context, name, follow) =>
        attempt(name, () => {
          onPath(name);
          const facts = disk.look(octetsOf(name), follow === true);
          const target = facts.kind === 'link' ? { target: disk.readLink(octetsOf(name)) } : {};
          return [{ ...recordOf(facts), ...target }];
        }),
    }),
    luaFunction({
      name: 'names',
      params: [path],
      suspends: true,
      text: 'The names in a directory.',
      call: (_context, name) => {
        if (name.length > LONGEST_PATH || name.includes('\0'))
          return [undefined, `${name.slice(0, 60)}: no path`, 36];
        onPath(name);
        const stop = new AbortController();
        const read = async (): Promise<LuaResults> => {
          try {
            const names = await disk.list(octetsOf(name), MOST_NAMES, stop.signal);
            return names === undefined
              ? [undefined, `more than ${MOST_NAMES} names are in the directory`, 7]
              : [names];
          } catch (error) {
            const { text, number: code } = systemErrorOf(error);
            return [undefined, text, code];
          }
        };
        return {
          kind: 'suspension',
          describe: () => `lfs.dir ${name}`,
          done: read(),
          cancel: () => stop.abort(),
        };
      },
    }),
    luaFunction({
      name: 'make_directory',
      params: [path],
      text: 'Makes a directory.',
      call: (_context, name) => changing(name, (octets) => disk.makeDirectory(octets)),
    }),
    luaFunction({
      name: 'remove_directory',
      params: [path],
      text: 'Removes an empty directory.',
      call: (_context, name) => changing(name, (octets) => disk.removeDirectory(octets)),
    }),
    luaFunction({
      name: 'touch',
      params: [path, number('accessed', 'Seconds.'), number('modified', 'Seconds.')],
      text: 'Sets the times of a file.',
      call: (_context, name, accessed, modified) =>
        changing(name, (octets) => disk.setTimes(octets, accessed, modified)),
    }),
    luaFunction({
      name: 'link',
      params: [path, bytes('new', 'The new name.'), anything('symbolic', 'boolean', 'A symbolic link.')],
      text: 'Makes a link.',
      call: (_context, name, made, symbolic) =>
        changing(made, (octets) => disk.makeLink(octetsOf(name), octets, symbolic === true)),
    }),
    luaFunction({
      name: 'current',
      params: [],
      text: 'The working directory.',
      call: () => [Buffer.from(process.cwd(), 'utf8')],
    }),
  ];
}
