// Whether octets are the header of an entry of a tar archive: by the sum that stands in it (POSIX ustar), as archives of the time before the mark
// `ustar` have nothing else. Pure.

const block = 512;

/** The sum of the octets, those of the sum itself counted as blanks. */
export function isTarHeader(head: Buffer): boolean {
  if (head.length < block || head[0] === 0) return false;
  const said = /^[ \0]*([0-7]{1,7})[ \0]/.exec(head.toString('latin1', 148, 157));
  if (said === null) return false;
  let sum = 8 * 32;
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += head[i] as number;
  return sum === Number.parseInt(said[1] ?? '', 8);
}
