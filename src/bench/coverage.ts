// Which lines of a policy have run, of those that can: lines on which a statement begins. A statement has run when one of its own lines has, as Lua
// notes the middle of a long one.
import { type Chunk, parsePolicy, type Statement } from '../policy/lint/syntax.ts';

export interface FileCoverage {
  /** As the user wrote it. */
  readonly name: string;
  /** Lines with a statement; 0 when the text cannot be looked through. */
  readonly lines: number;
  readonly ran: number;
  /** `7`, `51-58`, in order: what never ran. */
  readonly never: readonly string[];
}

interface Located {
  readonly loc?:
    | { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
    | undefined;
}

const startOf = (node: Located): number => node.loc?.start.line ?? 0;
const endOf = (node: Located): number => node.loc?.end.line ?? 0;

/** Lists of statements inside a node, its functions included; `node` may be anything of the tree. */
function* blocksIn(node: unknown): Generator<readonly Statement[]> {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'loc' || key === 'parent') continue;
    if (key === 'body' && Array.isArray(value)) yield value as readonly Statement[];
    else if (Array.isArray(value)) for (const one of value) yield* blocksIn(one);
    else yield* blocksIn(value);
  }
}

/** Where a statement stands that does nothing by itself. */
function isSilent(statement: Statement): boolean {
  return statement.type === 'DoStatement' || statement.type === 'LabelStatement';
}

/** The lines by which a statement is known to have run: all of it but the blocks inside. */
function ownLines(statement: Statement): readonly number[] {
  const own = new Set<number>();
  for (let line = startOf(statement); line <= endOf(statement); line++) own.add(line);
  const inner = [...blocksIn(statement)].flat();
  for (const one of inner) for (let line = startOf(one); line <= endOf(one); line++) own.delete(line);
  own.add(startOf(statement));
  return [...own];
}

function* statementsIn(body: readonly Statement[]): Generator<Statement> {
  for (const statement of body) {
    yield statement;
    for (const block of blocksIn(statement)) yield* statementsIn(block);
  }
}

/** 3 4 5 9 as `3-5`, `9`. */
function ranges(lines: readonly number[], all: readonly number[]): readonly string[] {
  const found: string[] = [];
  const missed = new Set(lines);
  let from: number | undefined;
  let to = 0;
  const end = (): void => {
    if (from !== undefined) found.push(from === to ? String(from) : `${from}-${to}`);
    from = undefined;
  };
  // What lies between two of them and can not run does not part them.
  for (const line of all) {
    if (!missed.has(line)) end();
    else {
      from ??= line;
      to = line;
    }
  }
  end();
  return found;
}

/** `source`: latin1; `ran`: the lines that Lua has noted. */
export function coverageOf(name: string, source: string, ran: ReadonlySet<number>): FileCoverage {
  const chunk: Chunk | undefined = parsePolicy(source);
  if (chunk === undefined) return { name, lines: 0, ran: ran.size, never: [] };
  const byLine = new Map<number, boolean>();
  for (const statement of statementsIn(chunk.body)) {
    if (isSilent(statement)) continue;
    const line = startOf(statement);
    const hasRun = ownLines(statement).some((one) => ran.has(one));
    // A line counts once, and only when all that begins on it has run.
    byLine.set(line, (byLine.get(line) ?? true) && hasRun);
  }
  const all = [...byLine.keys()].sort((a, b) => a - b);
  const missed = all.filter((line) => byLine.get(line) === false);
  return { name, lines: all.length, ran: all.length - missed.length, never: ranges(missed, all) };
}
