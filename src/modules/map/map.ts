// Lua module `map`: lists in files that change, which all connections share (doc/reference/map.md).
import { resolve } from 'node:path';
import { nearestName } from '../../base/nearest-name.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import { LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes, optionalBytes } from '../../lua-api/params.ts';
import { LuaObject } from '../../lua-api/value.ts';
import { REVISION } from '../../policy/revision-view.ts';
import { type MapKind, mapKinds, mapLimits } from './content.ts';
import { longestKey, longestLine } from './line.ts';
import type { MapFile, MapFiles } from './map-files.ts';

const method = luaMethod<MapFile>();

const mapClass: ClassSpec = {
  name: 'map_obj',
  text: 'A list that is open. All connections of a worker share its content; nothing of it is copied but the value that is asked for.',
  attributes: [
    { name: 'path', type: 'string', text: 'the file, absolute', read: (file) => (file as MapFile).path },
    {
      name: 'size',
      type: 'integer',
      text: 'how many keys and networks it has now',
      read: (file) => (file as MapFile).content.entries,
    },
  ],
  toText: (file) => `map of ${(file as MapFile).path}`,
  methods: [
    method({
      name: 'lookup',
      params: [bytes('key', 'a key in any case of letters, or an address')],
      results: [
        {
          name: 'value',
          type: 'string?',
          text: 'what stands behind the key, blanks at both ends left out; empty when nothing does. nil when the list does not have the key',
        },
      ],
      text:
        'Looks up a key. In a list of networks, and of kind `access`, an address is looked up in the networks: the smallest one that holds it ' +
        'counts. What a stranger sent can be given as it is: what cannot be a key is not found. Does not suspend, also when the file has just changed.',
      examples: [
        `local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write("# whom we know\\nalice@example.com  OK\\nbob@example.com\\n")
file:close()
local people = map.open(path)
os.remove(path)
assert(people:lookup("Alice@example.com") == "OK")
assert(people:lookup("bob@example.com") == "")
assert(people:lookup("carol@example.com") == nil)
assert(people.size == 2)`,
      ],
      call: (_context, file, key) => [key.length > longestKey ? undefined : file.lookup(key)],
    }),
  ],
};

function kindOf(word: string): MapKind {
  const kind = mapKinds.find((each) => each === word);
  if (kind !== undefined) return kind;
  const near = nearestName(word, mapKinds);
  throw new LuaError(
    `bad argument #2 to 'map.open' (${mapKinds.join(', ')} expected, got '${word.slice(0, 60)}'${near === undefined ? '' : `; did you mean ${near}?`})`,
  );
}

export const createMapModule = (files: MapFiles): ModuleSpec => {
  // For scripts that are of no revision.
  const nobody = { directory: Buffer.from(process.cwd()).toString('latin1') };
  return luaModule({
    name: 'map',
    text:
      'Lists in files: recipients, networks, senders that are refused. A file is read once for all connections of a worker and again when it has ' +
      'changed; a list of 1,000,000 lines is no trouble. `smtpe.access` (doc/helpers.md) looks up addresses and domains in one.\n\n' +
      '    # a comment has a line of its own\n    bob@example.com     OK\n    192.0.2.0/24        REJECT we know you\n\n' +
      'A line is a key, and behind blanks its value, if it has one. Line ends are LF or CRLF. Case of ASCII letters in keys does not count; other ' +
      `octets are compared as they are. At most ${mapLimits.lines} lines, ${mapLimits.bytes >> 20} MiB, ${longestKey} octets for a key and ${longestLine} for a line. ` +
      'A mistake is: a control character, a key twice with different values, a value that begins with `#`, a network that is none.\n\n' +
      'While a list is used its file is looked at once a second. One that has changed, and was found the same by two looks, is read in the background: look-ups ' +
      'get what was read before until the new content is complete. When that has a mistake, or the file is gone, the old content stays, and one line in the log says ' +
      'why, with file and line. Replace a file by renaming a finished one (`mv list.new list`): when it is opened for the first time, or who writes it pauses for seconds, nobody can see ' +
      'that it is not finished.',
    classes: [mapClass],
    functions: [
      luaFunction({
        name: 'open',
        params: [
          bytes('path', 'the file; a relative one lies beside the script'),
          optionalBytes(
            'kind',
            '`keys`; `networks`: each key is an address or `address/bits`; `access`: both, what is written as an address is one',
            'keys',
          ),
        ],
        results: [{ name: 'list', type: 'map_obj', text: 'the list' }],
        suspends: true,
        text:
          'Opens a list. The first time it is read, which takes a second for a million lines; from then on it is there at once for all connections ' +
          'with this policy. A reload of the policy opens it anew. Open it at file level: then start, reload and `smtpe check` find what is ' +
          'wrong. Raises an error with path and line when it cannot be read, has a mistake, or 100 files are open. Suspends while it is read.',
        examples: [
          `local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write("10.0.0.0/8 ours\\n10.1.0.0/16 lab\\n2001:db8::/32 far\\n")
file:close()
local networks = map.open(path, "networks")
os.remove(path)
assert(networks:lookup("10.2.0.1") == "ours")
assert(networks:lookup("10.1.0.1") == "lab")
assert(networks:lookup("2001:db8::1") == "far")
assert(networks:lookup("192.0.2.1") == nil)`,
        ],
        call: (context, path, word) => {
          const revision = REVISION.of(context) ?? nobody;
          const file = files.open(revision, resolve(revision.directory, path), kindOf(word));
          if (!(file instanceof Promise)) return [new LuaObject(mapClass, file)];
          return {
            kind: 'suspension',
            describe: () => `map.open (${path})`,
            done: file.then((opened) => [new LuaObject(mapClass, opened)]),
            // Others may wait for the same file.
            cancel: () => undefined,
          };
        },
      }),
    ],
  });
};
