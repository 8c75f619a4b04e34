// Which file of a directory imports which, read from the text: the code is formatted, so an import begins at the start of a line.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Import {
  /** Paths under the directory, as `net/listener.ts`. */
  readonly from: string;
  readonly to: string;
  /** Only types: nothing of it is there when the program runs. */
  readonly isType: boolean;
}

/** import or export ... from '...', with what stands between; import '...'. */
const statement = /^(?:import|export)\s+(?:(type\s+)?([\w*{}\s,$]*?)\s*from\s+)?'([^']+)';/gm;
const call = /\bimport\('([^']+)'\)/g;

/** `{ type A, type B }`: a list in which each name is a type. */
function areTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names)?.[1];
  const words = (list ?? '').split(',').map((word) => word.trim());
  return list !== undefined && words.every((word) => word === '' || word.startsWith('type '));
}

/** The imports that the text of a file names, as they are written. */
export function importsIn(text: string): { readonly path: string; readonly isType: boolean }[] {
  const found = [...text.matchAll(statement)].map(([, type, names, path]) => ({
    path: path ?? '',
    isType: type !== undefined || areTypes(names ?? ''),
  }));
  return [...found, ...[...text.matchAll(call)].map(([, path]) => ({ path: path ?? '', isType: false }))];
}

/** The TypeScript files of a directory and what each imports of the others. */
export function readImports(directory: string): {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
} {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();
  const imports = files.flatMap((from) =>
    importsIn(readFileSync(join(directory, from), 'utf8'))
      .filter(({ path }) => path.startsWith('.'))
      .map(({ path, isType }) => ({ from, to: posix.join(posix.dirname(from), path), isType })),
  );
  return { files, imports };
}

/** A way from a file back to itself, or undefined: `['a.ts', 'b.ts', 'a.ts']`. */
export function circleIn(imports: readonly Import[]): readonly string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const left = new Set<string>();
  const way: string[] = [];
  const walk = (file: string): readonly string[] | undefined => {
    const at = way.indexOf(file);
    if (at >= 0) return [...way.slice(at), file];
    if (left.has(file)) return undefined;
    way.push(file);
    for (const to of next.get(file) ?? []) {
      const circle = walk(to);
      if (circle !== undefined) return circle;
    }
    way.pop();
    left.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const circle = walk(file);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
