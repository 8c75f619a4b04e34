// Between hook.dot and hook.forward the header edits of the policy are written into the message (doc/reference/header.md). Only
// when there are any: an unedited message is forwarded byte for byte as it was received.
import type { HeaderList } from './header/header-list.ts';
import type { Spool } from './spool.ts';

export interface ReceivedLayout {
  /** Bytes of the header block as stored, without the empty line. */
  readonly headerLength: number;
  /** True when an empty line ends the header block. */
  readonly hasEmptyLine: boolean;
}

/** Rejects with the file system's error; the message is then as it was. */
export async function rewriteHeaders(
  spool: Spool,
  headers: HeaderList,
  layout: ReceivedLayout,
): Promise<void> {
  if (!headers.edited) return;
  const block = headers.toBuffer();
  const prefix = layout.hasEmptyLine ? block : Buffer.concat([block, Buffer.from('\r\n')]);
  await spool.replacePrefix(layout.headerLength, prefix);
}
