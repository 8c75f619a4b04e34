// Finds names in the text of a policy that the Lua API does not have (`net.contain_ip`), by the tables of the modules: a mistake that
// otherwise shows only when that line runs, and costs a client its session. Looks at the text only, and says nothing of a module whose
// name the policy uses in any other way (a local of that name, an alias, a field added by the policy).
import type { ModuleSpec } from '../lua/function-spec.ts';
import { type Token, tokensOf } from '../lua/lua51-source.ts';
import { nearestName } from '../options/nearest-name.ts';

type Names = ReadonlyMap<string, Names | undefined>;

/** What stands behind the dot of a module; a table of the API has names of its own. */
function namesOf(module: ModuleSpec): Names {
  const names = new Map<string, Names | undefined>();
  for (const list of [module.functions, module.constants, module.fields, module.lazyFields]) {
    for (const { name } of list) names.set(name, undefined);
  }
  for (const table of module.tables) {
    names.set(table.name, new Map(table.constants.map(({ name }) => [name, undefined])));
  }
  for (const inner of module.modules) names.set(inner.name, namesOf(inner));
  return names;
}

/** The tokens at which a name of the API begins, by that name; undefined for one that the policy uses otherwise too. */
function uses(
  tokens: readonly Token[],
  modules: readonly ModuleSpec[],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[] | undefined>(modules.map(({ name }) => [name, []]));
  tokens.forEach((token, i) => {
    if (token.kind !== 'name' || !found.has(token.text)) return;
    const before = tokens[i - 1]?.text;
    if (before === '.' || before === ':') return;
    if (tokens[i + 1]?.text === '.') found.get(token.text)?.push(i);
    else found.set(token.text, undefined);
  });
  return new Map(
    [...found].flatMap(([name, places]) => (places === undefined ? [] : [[name, places] as const])),
  );
}

/** A name that the policy itself gives a value: `client.seen = true`, `function net.mine()`. */
function isMade(tokens: readonly Token[], from: number, last: number): boolean {
  return tokens[last + 1]?.text === '=' || tokens[from - 1]?.text === 'function';
}

interface Unknown {
  readonly name: string;
  readonly line: number;
  readonly hint: string;
}

/** The first unknown name of the path that begins at token `from`, and where in the tokens it ends. */
function firstUnknown(
  tokens: readonly Token[],
  from: number,
  module: ModuleSpec,
  source: string,
): { readonly unknown: Unknown; readonly last: number } | undefined {
  let known: Names | undefined = namesOf(module);
  let path = module.name;
  for (let i = from + 2; known !== undefined && tokens[i - 1]?.text === '.'; i += 2) {
    const token = tokens[i];
    if (token?.kind !== 'name') return undefined;
    const name = `${path}.${token.text}`;
    if (!known.has(token.text)) {
      const near = nearestName(token.text, [...known.keys()]);
      const hint = near === undefined ? '' : `; did you mean ${path}.${near}?`;
      return { unknown: { name, line: source.slice(0, token.start).split('\n').length, hint }, last: i };
    }
    known = known.get(token.text);
    path = name;
  }
  return undefined;
}

/** One text for each unknown name, in the order of the lines. */
export function unknownNames(source: string, modules: readonly ModuleSpec[]): readonly string[] {
  const tokens = tokensOf(source);
  const made = new Set<string>();
  const problems = new Map<string, Unknown>();
  const places = uses(tokens, modules);
  for (const module of modules) {
    for (const from of places.get(module.name) ?? []) {
      const found = firstUnknown(tokens, from, module, source);
      if (found === undefined) continue;
      const { unknown, last } = found;
      if (isMade(tokens, from, last)) made.add(unknown.name);
      else if (!problems.has(unknown.name)) problems.set(unknown.name, unknown);
    }
  }
  return [...problems.values()]
    .filter(({ name }) => !made.has(name))
    .sort((a, b) => a.line - b.line)
    .map(({ name, line, hint }) => `line ${line}: there is no ${name}${hint}`);
}
