// Several policy files in a stated order (option script), served as one policy. Each has globals, modules and limits of its own; all see one
// `client`. Who is asked when, and whose answer counts, is the session's business (smtp/server/hook-chain).
import type { Policy } from './instance.ts';

/** The files as one policy; a single one is itself, so that it costs nothing. */
export function chainOf(files: readonly [Policy, ...(readonly Policy[])], revision: number): Policy {
  const [first, ...more] = files;
  if (more.length === 0) return first;
  return { revision, path: first.path, open: (owner) => first.open(owner), more };
}
