// Where what comes with the program lies: beside src/, and in the same way beside dist/, where the build has put many files together. So nobody
// else asks where its own file is.
import { join } from 'node:path';

/** An absolute path in the directory of the package. */
export const installed = (path: string): string => join(import.meta.dirname, '..', path);

/** Beside the program itself: what the build copies. */
export const besideProgram = (path: string): string => join(import.meta.dirname, path);

/** Lua that comes with smtpe: the engine's own and modules for policies. Beside src/ and dist/. */
export const libLuaDirectory = installed('lib-lua');
