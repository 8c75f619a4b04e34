// Finds the name somebody may have meant: for unknown options, verbose words and hooks.

/** Edit distance in which swapping two neighbours counts as one (optimal string alignment). Time is the product of the lengths. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** True when every part of `given` (between hyphens or underscores) is much like a part of `name`: smtp-prot, smtp-server-port. */
function hasParts(given: string, name: string): boolean {
  const parts = name.split(/[-_]/);
  const isLike = (part: string, other: string): boolean =>
    other.startsWith(part) || (part.length > 2 && distance(part, other) < 2);
  return given.split(/[-_]/).every((part) => part !== '' && parts.some((other) => isLike(part, other)));
}

/** The known name nearest to `given`, without regard to case; undefined when none is near. */
export function nearestName<N extends string>(given: string, names: readonly N[]): N | undefined {
  const wanted = given.toLowerCase().slice(0, 100);
  let best: N | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const d = distance(wanted, name.toLowerCase());
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  // Nobody means a name by one letter of it.
  return best ?? (wanted.length < 2 ? undefined : names.find((name) => hasParts(wanted, name.toLowerCase())));
}
