// Names in a query that nobody knows: a typo must not show everything in place of little.
/** Characters of a name that are shown. */
const LONGEST = 100;

/** What is wrong with the names in a query. */
export function unknownName(query: URLSearchParams, known: readonly string[]): string | undefined {
  const there =
    known.length === 0
      ? 'nothing may be asked here'
      : `there are ${known.map((name) => `?${name}=`).join(' ')}`;
  for (const given of query.keys()) {
    const name = given.length > LONGEST ? `${given.slice(0, LONGEST)}...` : given;
    if (!known.includes(given)) return `?${name}= is not known; ${there}`;
    if (query.getAll(given).length > 1) return `?${name}= stands there twice`;
  }
  return undefined;
}
