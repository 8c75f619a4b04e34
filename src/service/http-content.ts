// Undoes the Content-Encoding of an HTTP response (RFC 9110 section 8.4) with a limit on what comes out, so that a small response cannot
// become a huge one. Runs in zlib's threads, not on the event loop.

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { codeOf, textOf } from '../base/errors.ts';

type Decoder = (content: Buffer, limits: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzip: Decoder = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);
const unbrotli: Decoder = promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress);
const unzlib: Decoder = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);
const unraw: Decoder = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);

/** `deflate` should be zlib (RFC 1950); some servers send it without its header. */
const undeflate: Decoder = (content, limits) => {
  const [first = 0, second = 0] = content;
  const zlib = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return zlib ? unzlib(content, limits) : unraw(content, limits);
};

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: unzip,
  'x-gzip': unzip,
  br: unbrotli,
  deflate: undeflate,
};

/** What we can decode, for Accept-Encoding. */
export const acceptEncoding = 'gzip, deflate, br';

const MAX_LAYERS = 3;

export type DecodeOutcome =
  | { readonly kind: 'decoded'; readonly content: Buffer }
  | { readonly kind: 'failed'; readonly error: string };

/**
 * The content as it was before it was encoded, at most `limit` bytes. An unknown encoding is left on: content_encoding names it. Never
 * rejects.
 */
export async function decodeContent(
  content: Buffer,
  encoding: string | undefined,
  limit: number,
): Promise<DecodeOutcome> {
  const layers = (encoding ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (layers.length > MAX_LAYERS) {
    return { kind: 'failed', error: `the content is encoded ${layers.length} times over` };
  }
  let decoded = content;
  for (const name of layers.reverse()) {
    const decode = decoders[name];
    if (decode === undefined || decoded.length === 0) break;
    try {
      decoded = await decode(decoded, { maxOutputLength: limit });
    } catch (error) {
      const tooLarge = codeOf(error) === 'ERR_BUFFER_TOO_LARGE';
      return {
        kind: 'failed',
        error: tooLarge
          ? `the content is larger than option http-max-size (${limit} bytes) when it is decoded`
          : `the content is not valid ${name}: ${textOf(error)}`,
      };
    }
  }
  return { kind: 'decoded', content: decoded };
}
