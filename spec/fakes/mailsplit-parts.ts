// The leaves of a message as mailsplit sees them: the second opinion on MIME structure in the tests. Messages inside messages are split
// again, also those that mailsplit leaves alone (attached or encoded ones).
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type MimeNode, Splitter, type SplitterChunk } from 'mailsplit';

export interface Leaf {
  /** Lower case, without parameters; `text/plain` when there is none. */
  readonly type: string;
  readonly encoded: string;
  readonly decoded: string;
}

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

async function decode(node: MimeNode, body: Buffer): Promise<Buffer> {
  const decoder = node.getDecoder();
  const pieces: Buffer[] = [];
  decoder.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = once(decoder, 'end');
  decoder.end(body);
  await ended;
  return Buffer.concat(pieces);
}

async function split(
  message: Buffer,
): Promise<readonly { readonly node: MimeNode; readonly body: Buffer }[]> {
  const splitter = new Splitter();
  const found: { node: MimeNode; pieces: Buffer[] }[] = [];
  splitter.on('data', (chunk: SplitterChunk) => {
    if (chunk.type === 'node') found.push({ node: chunk as MimeNode, pieces: [] });
    else if (chunk.type === 'body') found.at(-1)?.pieces.push((chunk as { value: Buffer }).value);
  });
  const ended = once(splitter, 'end');
  splitter.end(message);
  await ended;
  return found.map(({ node, pieces }) => ({ node, body: Buffer.concat(pieces) }));
}

export async function mailsplitLeaves(message: Buffer): Promise<readonly Leaf[]> {
  const leaves: Leaf[] = [];
  for (const { node, body } of await split(message)) {
    // The message in a messageNode comes as nodes of its own.
    if (node.multipart || node.messageNode === true) continue;
    const decoded = await decode(node, body);
    if (node.contentType === 'message/rfc822') {
      leaves.push(...(await mailsplitLeaves(decoded)));
      continue;
    }
    leaves.push({ type: node.contentType || '', encoded: md5(body), decoded: md5(decoded) });
  }
  return leaves;
}
