// The text of a policy as a syntax tree, for the checks of this folder. luaparse knows Lua 5.3; what 5.4 adds is blanked out before, at
// the same length, so that lines and columns stay. Nothing is reported here: whether the text is Lua is the engine's business.
import luaparse from 'luaparse';

export type Chunk = luaparse.Chunk;
export type Statement = luaparse.Statement;
export type Expression = luaparse.Expression;
export type Identifier = luaparse.Identifier;
export type FunctionNode = luaparse.FunctionDeclaration;

/** A place in a text: both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `local x <const> = 1`, `local f <close> = g()`. */
const ATTRIBUTE = /<[ \t]*(?:const|close)[ \t]*>/g;
/** A first line that begins with # is a comment, as the Lua interpreter has it. */
const FIRST_LINE = /^#[^\n]*/;

const blank = (text: string): string => ' '.repeat(text.length);

/** `source`: latin1. Undefined when luaparse does not understand it, though the engine may. */
export function parsePolicy(source: string): Chunk | undefined {
  const plain = source.replace(FIRST_LINE, blank).replace(ATTRIBUTE, blank);
  try {
    return luaparse.parse(plain, {
      luaVersion: '5.3',
      locations: true,
      comments: false,
      encodingMode: 'pseudo-latin1',
    });
  } catch {
    return undefined;
  }
}

export function placeOf(node: luaparse.Node): Place {
  const { loc } = node as {
    readonly loc?: { readonly start: { readonly line: number; readonly column: number } };
  };
  return { line: loc?.start.line ?? 1, column: (loc?.start.column ?? 0) + 1 };
}
