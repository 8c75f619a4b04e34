// The modules of lib-lua/compat that set a global when they are required, as scripts for Lua 5.1 expect it, and what stands in it: so that a
// use of it is no unknown name, and a misspelt function is. Held against the modules themselves by spec/unit/modules/library/names.spec.ts.
import { type FieldSpec, luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { namedFiles } from '../prefetch.ts';
import type { LintFile } from './lint.ts';

interface Elsewhere {
  readonly module: string;
  readonly global: string;
  readonly names: string;
}

export const elsewhereModules: readonly Elsewhere[] = [
  {
    module: 'socket',
    global: 'socket',
    names:
      'BLOCKSIZE _DATAGRAMSIZE _SETSIZE _VERSION __unload bind choose connect connect4 connect6 dns gettime newtry protect select sink sinkt skip sleep source sourcet tcp tcp4 tcp6 try udp udp4 udp6 unix',
  },
  { module: 'ltn12', global: 'ltn12', names: 'BLOCKSIZE _VERSION filter pump sink source' },
  { module: 'json', global: 'json', names: '_VERSION decode encode null util' },
  {
    module: 'cjson',
    global: 'cjson',
    names:
      '_NAME _VERSION array_mt decode decode_array_with_array_mt decode_invalid_numbers decode_max_depth empty_array empty_array_mt encode encode_invalid_numbers encode_keep_buffer encode_max_depth encode_number_precision encode_sparse_array new null',
  },
  {
    module: 'redis',
    global: 'Redis',
    names: '_DESCRIPTION _VERSION command commands connect error',
  },
  {
    module: 'lfs',
    global: 'lfs',
    names:
      '_VERSION attributes chdir currentdir dir link lock lock_dir mkdir rmdir setmode symlinkattributes touch unlock',
  },
];

const field = (name: string): FieldSpec => ({ name, type: 'any', text: '' });

/** The globals that the files get by requiring these modules; those for which a file of their own comes first are left out. */
export function globalsFromElsewhere(files: readonly LintFile[]): readonly ModuleSpec[] {
  const required = new Set(
    files.flatMap(({ text }) =>
      namedFiles(text).flatMap(({ how, what }) => (how === 'require' ? [what] : [])),
    ),
  );
  return elsewhereModules
    .filter(({ module }) => required.has(module))
    .filter(({ module }) => !files.some(({ name }) => name.endsWith(`/${module}.lua`)))
    .map(({ global, names }) => luaModule({ name: global, text: '', fields: names.split(' ').map(field) }));
}
