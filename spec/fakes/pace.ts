// Bounds in milliseconds that hold on slow and on busy machines: what is measured is held against work of known length that is done at the
// same moment.

/** Milliseconds of processor time that the work below takes on the quiet machine on which the bounds were found. */
const REFERENCE = 6;
/**
 * How much more than the bound is allowed: caches and memory are others' too, and memory is collected in between. A fault of this kind takes ten
 * times as long, or more.
 */
const ALLOWANCE = 4;

/** Calculation and memory, as in what is measured. The number keeps it from being left out. */
function work(): number {
  let sum = 0;
  const octets = Buffer.alloc(1 << 20, 'From: somebody <a@example.com>\r\n', 'latin1');
  for (let i = 0; i < octets.length; i++) sum = (Math.imul(sum, 31) + (octets[i] ?? 0)) | 0;
  const words = octets.toString('latin1', 0, 300_000).split(' ');
  const map = new Map<string, number>();
  for (const [i, word] of words.entries()) map.set(`${word}${i & 1023}`, i);
  return sum + map.size;
}

/** How many times slower than that machine this one is now; never below 1. */
export function pace(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return Math.max(1, least / REFERENCE);
}

/** Milliseconds that are allowed now where `bound` holds on a quiet machine. */
export function allowed(bound: number): number {
  return bound * ALLOWANCE * pace();
}

/**
 * Measures until it is within the bound, at most `rounds` times: what work of ours takes it takes each time, what the machine or a collection of
 * memory adds it does not. Gives what was too long, as text; '' when a round was within.
 */
export async function beyond(
  bound: number,
  measure: () => number | Promise<number>,
  rounds = 8,
): Promise<string> {
  let text = '';
  for (let round = 0; round < rounds; round++) {
    const before = allowed(bound);
    const measured = await measure();
    const most = Math.max(before, measured <= before ? 0 : allowed(bound));
    if (measured <= most) return '';
    text = `${measured.toFixed(1)} ms, ${most.toFixed(1)} are allowed (${bound} on a quiet machine)`;
  }
  return text;
}
