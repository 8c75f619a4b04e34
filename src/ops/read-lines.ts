// The lines of a log file, plain or compressed by gzip, as they come: one piece of the file at a time, whatever its size. Says what is wrong
// with a file in words that name what would be right.
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, textOf } from '../base/errors.ts';

/** Longer ones are cut: our own are not. */
const LONGEST_LINE = 65_536;
const MAGIC_OCTETS = 6;

/** What other programs compress with, by how it begins, with the program that undoes it. */
const OTHERS: readonly (readonly [string, string, string])[] = [
  ['fd377a585a00', 'xz', 'xzcat'],
  ['28b52ffd', 'zstd', 'zstdcat'],
  ['425a68', 'bzip2', 'bzcat'],
];

export type FileKind =
  | { readonly kind: 'plain' | 'gzip' }
  /** It cannot be read. */
  | { readonly kind: 'wrong'; readonly problem: string };

/** Looks at the beginning of a file. */
export async function fileKind(path: string): Promise<FileKind> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stats = await file.stat();
    if (stats.isDirectory())
      return { kind: 'wrong', problem: `${path} is a directory; name the files in it` };
    // What is no file has no beginning that could be read twice.
    if (!stats.isFile()) return { kind: 'plain' };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_OCTETS), 0, MAGIC_OCTETS, 0);
    const magic = buffer.toString('hex', 0, bytesRead);
    if (magic.startsWith('1f8b')) return { kind: 'gzip' };
    const other = OTHERS.find(([head]) => magic.startsWith(head));
    if (other === undefined) return { kind: 'plain' };
    const [, name, program] = other;
    return {
      kind: 'wrong',
      problem: `${path} is compressed with ${name}; try: ${program} ${path} | smtpe why ... -`,
    };
  } catch (error) {
    const problem =
      codeOf(error) === 'ENOENT'
        ? `${path}: there is no such file`
        : `${path} cannot be read: ${textOf(error)}`;
    return { kind: 'wrong', problem };
  } finally {
    await file?.close();
  }
}

/** Lines of a stream in latin1, without their ends; of a long one the first octets. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const text = chunk.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      yield (rest + text.slice(from, end)).slice(0, LONGEST_LINE);
      rest = '';
      from = end + 1;
    }
    if (rest.length < LONGEST_LINE) rest += text.slice(from, from + LONGEST_LINE);
  }
  if (rest !== '') yield rest.slice(0, LONGEST_LINE);
}

/** Throws an Error whose message is for people when the file ends too soon, or cannot be read to its end. */
export async function* readLines(path: string, kind: 'plain' | 'gzip'): AsyncGenerator<string> {
  const file = createReadStream(path);
  let stream: Readable = file;
  if (kind === 'gzip') {
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    stream = file.pipe(gunzip);
  }
  try {
    yield* linesOf(stream);
  } catch (error) {
    throw new Error(whatIsWrong(path, error), { cause: error });
  } finally {
    stream.destroy();
    file.destroy();
  }
}

function whatIsWrong(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'Z_BUF_ERROR':
      return `${path} ends in the middle of its compressed data: it is being written, or was cut off; what is in front of that was read`;
    case 'Z_DATA_ERROR':
      return `${path} has damaged compressed data; what is in front of it was read`;
    default:
      return `${path} cannot be read to its end: ${textOf(error)}`;
  }
}
