// `npm run build`, behind the compiler: puts the program together in dist/. All that a start loads is one file, and what only one verb
// or one feature needs is one of its own, which is loaded then. Node resolves, reads and links each file by itself, and hundreds of
// them took longer than all else of a start.
import { chmod, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = import.meta.dirname;
const source = (path) => join(root, 'src', path);
const dist = join(root, 'dist');
const ENTRY = source('main.ts');
/** What the entry loads once signals are caught: with everything that it imports itself, it is the file `program.js`. */
const PROGRAM = source('cli/start.ts');

const isPackage = (id) => /^[a-z@]/.test(id) && !id.startsWith('node:');

/**
 * Packages stay where npm puts them. Those that a start needs are all CommonJS, or can be: Node reads each of these twice more when it is
 * imported, to find out what it is and what it exports, and not when it is required.
 */
const requirePackages = {
  name: 'require-packages',
  resolveId(id, _importer, { kind }) {
    if (!isPackage(id)) return null;
    return kind === 'import-statement' ? `\0required:${id}` : { id, external: true };
  },
  load(id) {
    return id.startsWith('\0required:') ? `module.exports = require(${JSON.stringify(id.slice(10))});` : null;
  },
};

const program = new Set();
const findProgram = {
  name: 'find-program',
  buildEnd() {
    const waiting = [PROGRAM];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (program.has(id)) continue;
      program.add(id);
      waiting.push(...(this.getModuleInfo(id)?.importedIds ?? []));
    }
    program.delete(ENTRY);
  },
};

const bundle = await rolldown({
  cwd: root,
  input: { main: ENTRY },
  platform: 'node',
  transform: { target: 'es2023' },
  plugins: [requirePackages, findProgram],
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  sourcemap: true,
  // No hashes: a file that is loaded later is found although another build has come by then.
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: { groups: [{ name: 'program', test: (id) => program.has(id) }] },
});
const written = new Set(output.map(({ fileName }) => fileName));
for (const name of await readdir(dist)) {
  if (!written.has(name)) await rm(join(dist, name), { recursive: true });
}
await cp(source('admin/page'), join(dist, 'admin/page'), { recursive: true });
await chmod(join(dist, 'main.js'), 0o755);
