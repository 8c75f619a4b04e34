// What Lua 5.1 source needs before Lua 5.4 can read it.

/** The source as Lua 5.4 understands it, line for line. */
export function translate(source: string): string {
  return source;
}
