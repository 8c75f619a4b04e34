// Names in a query that nobody knows: a typo must not show everything in place of little.
/** What is wrong with the names in a query. */
export function unknownName(query: URLSearchParams, known: readonly string[]): string | undefined {
  const there = known.map((name) => `?${name}=`).join(' ');
  for (const name of query.keys()) {
    if (!known.includes(name)) return `?${name}= is not known; there are ${there}`;
    if (query.getAll(name).length > 1) return `?${name}= stands there twice`;
  }
  return undefined;
}
