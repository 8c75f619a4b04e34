// The files of the repository, as a source of pages.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from './stage.ts';

export function repositoryAt(root: string): Source {
  return {
    text: (path) => {
      const file = join(root, path);
      return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
    },
    names: (path) => {
      const directory = join(root, path);
      return existsSync(directory) && statSync(directory).isDirectory()
        ? readdirSync(directory).sort()
        : undefined;
    },
  };
}
