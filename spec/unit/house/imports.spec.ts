// How the rooms of src hold together: every import goes down, and what must never meet does not (rooms.ts says which room is where).
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circleIn, importsIn, readImports } from './read-imports.ts';
import { arrowsOf, floors, nevers, roomOf } from './rooms.ts';

const { files, imports } = readImports(join(import.meta.dirname, '../../../src'));
const arrows = arrowsOf(imports);

describe('the rooms of src', () => {
  it('are all on a floor', () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  it('import only files that exist', () => {
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
    expect(imports.length).toBeGreaterThan(1000);
  });

  it.each(nevers)('$name', ({ broken }) => {
    const wrong = arrows.filter(({ from, to }) => broken(from, to)).map(({ from, to }) => `${from} -> ${to}`);
    expect(wrong).toEqual([]);
  });

  it('have no files that import each other but for their types', () => {
    expect(circleIn(imports.filter(({ isType }) => !isType))).toBeUndefined();
  });
});

describe('the reader of imports', () => {
  it('tells types from values', () => {
    const text = [
      "import { a, type B } from './a.ts';",
      "import type { C } from './c.ts';",
      "import { type D, type E } from './d.ts';",
      "import {\n  type F,\n  g,\n} from './f.ts';",
      "export { h } from './h.ts';",
      "export type { I } from './i.ts';",
      "export * from './j.ts';",
      "import * as k from 'node:fs';",
      "import './l.ts';",
      "const { m } = await import('./m.ts');",
      "// import { n } from './n.ts';",
    ].join('\n');
    expect(importsIn(text).map(({ path, isType }) => `${path}${isType ? ' type' : ''}`)).toEqual([
      './a.ts',
      './c.ts type',
      './d.ts type',
      './f.ts',
      './h.ts',
      './i.ts type',
      './j.ts',
      'node:fs',
      './l.ts',
      './m.ts',
    ]);
  });

  it('finds a circle', () => {
    const arrow = (from: string, to: string) => ({ from, to, isType: false });
    expect(circleIn([arrow('a', 'b'), arrow('b', 'c'), arrow('d', 'b')])).toBeUndefined();
    expect(circleIn([arrow('a', 'b'), arrow('b', 'c'), arrow('c', 'b')])).toEqual(['b', 'c', 'b']);
  });

  it('knows that an arrow upward is none', () => {
    const upward = nevers.find(({ name }) => name === 'no arrow upward');
    expect(upward?.broken('options', 'net')).toBe(true);
    expect(upward?.broken('net', 'options')).toBe(false);
    expect(floors.length).toBe(new Set(floors).size);
  });
});
