// The table `file` of Rumble's scripts: whether a file is there, and what is known of it.
import { constants } from 'node:fs';
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { Disk, FileFacts } from '../../ops/system.ts';

const kindBits: Readonly<Record<FileFacts['kind'], number>> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  link: constants.S_IFLNK,
  socket: constants.S_IFSOCK,
  pipe: constants.S_IFIFO,
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
  other: 0,
};

/** As Linux has it; a pipe that nobody writes to is not waited for. */
const READ_NOW = constants.O_RDONLY | constants.O_NONBLOCK;

/** Undefined for what cannot be looked at, a path with a NUL among them. */
function look(disk: Disk, path: string): FileFacts | undefined {
  if (path.includes('\0')) return undefined;
  try {
    return disk.look(Buffer.from(path, 'latin1'), true);
  } catch {
    return undefined;
  }
}

function isReadable(disk: Disk, path: string): boolean {
  const facts = look(disk, path);
  if (facts === undefined) return false;
  // A socket, or a device, is not opened to find out.
  if (facts.kind !== 'file' && facts.kind !== 'directory') return (facts.mode & 0o444) !== 0;
  try {
    disk.close(disk.open(Buffer.from(path, 'latin1'), READ_NOW, 0));
    return true;
  } catch {
    return false;
  }
}

const path = bytes('path', 'Of the file; a relative one begins at the working directory of smtpe.');

const functions = (disk: Disk): readonly FunctionSpec[] => [
  luaFunction({
    name: 'stat',
    params: [path],
    results: [
      {
        name: 'facts',
        type: '{ size: integer, created: integer, modified: integer, accessed: integer, mode: integer }?',
        text: 'integers: `size` (octets), `created` (Unix seconds, of the last change of its status), `modified`, `accessed`, `mode` as stat(2) has it; nil when it cannot be looked at',
      },
    ],
    text: 'What is known of a file, or of a directory. Symbolic links are followed.',
    examples: [
      "local facts = file.stat('/')\nassert(facts.mode & 61440 == 16384 and facts.size >= 0)\nassert(file.stat('/nonexistent/x') == nil)",
    ],
    call: (_context, name) => {
      const facts = look(disk, name);
      if (facts === undefined) return [undefined];
      const { accessed, changed, kind, mode, modified, size } = facts;
      return [{ size, created: changed, modified, accessed, mode: kindBits[kind] | mode }];
    },
  }),
  luaFunction({
    name: 'exists',
    params: [path],
    results: [{ name: 'is_there', type: 'boolean', text: 'false, too, when it may not be read' }],
    text: 'Whether there is such a file, or directory, that smtpe may read.',
    examples: ["assert(file.exists('/') and not file.exists('/nonexistent/x'))"],
    call: (_context, name) => [isReadable(disk, name)],
  }),
];

export function createFileTable(disk: Disk): ModuleSpec {
  return luaModule({
    name: 'file',
    text: 'Files, as scripts for Rumble ask about them (doc/rumble.md): in a policy behind `require "rumble"`.',
    functions: functions(disk),
  });
}
