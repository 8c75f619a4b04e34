// What the thread of head-thread.ts runs, and how its answers lie in memory. Plain text: there is no file of it to load when the sources are run directly,
// and the program is one file when it is built.
//
// A question is [directory, names, joined by NUL, octets as latin1]. The answer is one ArrayBuffer: numbers, 64 bits each: how many files were looked at,
// and for each of them where its header block ends (-1: not read), its size and when it was changed, milliseconds since the Epoch; then the blocks, one
// behind the other. An answer ends before the last file when it has taken long, or is long: others wait behind it.
//
// Must never: open what it was not told to, or another way than to read it; follow a link, wait for a pipe, read what is no file.

export interface ProgramSettings {
  /** Of open(2). */
  readonly flags: number;
  /** Octets of a file that are looked at for the end of its header block, at first and at most. */
  readonly first: number;
  readonly most: number;
  /** Octets of blocks, and milliseconds, after which an answer ends. */
  readonly room: number;
  readonly milliseconds: number;
}

/** Numbers of a file. */
export const OF_FILE = 3;

export const headThreadProgram = `
const { closeSync, fstatSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { first, flags, milliseconds, most, room } = workerData;
Error.stackTraceLimit = 0;
// A line end in front of all: an empty line ends the block there too.
const piece = Buffer.alloc(1 + most, 10);
const blocks = Buffer.alloc(room + most);
function endOf(count) {
  const its = piece.subarray(0, 1 + count);
  const bare = its.indexOf('\\n\\n', 0, 'latin1');
  const whole = its.indexOf('\\n\\r\\n', 0, 'latin1');
  if (bare < 0 && whole < 0) return undefined;
  return bare >= 0 && (whole < 0 || bare < whole) ? bare + 1 : whole + 2;
}
/** Of a block that stands at the beginning of the piece; undefined: it is no file, or cannot be read. */
function read(path, numbers, at) {
  let file;
  try {
    file = openSync(path, flags);
    const facts = fstatSync(file);
    if (!facts.isFile()) return undefined;
    let count = readSync(file, piece, 1, first, 0);
    let end = endOf(count);
    if (end === undefined && count === first) {
      count = readSync(file, piece, 1, most, 0);
      end = endOf(count);
    }
    numbers[at + 1] = facts.size;
    numbers[at + 2] = facts.mtimeMs;
    return end ?? count;
  } catch {
    return undefined;
  } finally {
    try { if (file !== undefined) closeSync(file); } catch {}
  }
}
parentPort.on('message', ([directory, joined]) => {
  const began = performance.now();
  const names = joined.split('\\0');
  const numbers = new Float64Array(1 + ${OF_FILE} * names.length);
  let used = 0;
  let count = 0;
  for (const name of names) {
    if (count > 0 && (used > room || performance.now() - began > milliseconds)) break;
    const at = 1 + ${OF_FILE} * count++;
    const isText = /^[\\x00-\\x7f]*$/.test(name);
    const path = isText ? directory + '/' + name : Buffer.concat([Buffer.from(directory + '/'), Buffer.from(name, 'latin1')]);
    const length = read(path, numbers, at);
    if (length !== undefined) {
      piece.copy(blocks, used, 1, 1 + length);
      used += length;
    }
    numbers[at] = length === undefined ? -1 : used;
  }
  numbers[0] = count;
  const answer = new Uint8Array(numbers.byteLength + used);
  answer.set(new Uint8Array(numbers.buffer));
  answer.set(blocks.subarray(0, used), numbers.byteLength);
  parentPort.postMessage(answer.buffer, [answer.buffer]);
});
`;
