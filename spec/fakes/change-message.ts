// A message changed as the engine does it when it is final (smtp/server/message-end.ts), without a server.

import type { ChangeSource } from '../../src/message/change/change-source.ts';
import { type ChangeOutcome, ContentChanges } from '../../src/message/change/content-changes.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { headerBlockOf } from '../../src/message/mime/header-block.ts';
import { defaultMimeLimits, type MimeLimits } from '../../src/message/mime/limits.ts';

export const plain = { signed: false, nested: false } as const;

export class Changing {
  readonly #changes: ContentChanges;
  readonly #limits: MimeLimits;

  constructor(changes: ContentChanges, limits: MimeLimits) {
    this.#changes = changes;
    this.#limits = limits;
  }

  async footer(
    text: string | undefined,
    html?: string | false,
    rules = plain as { signed: boolean; nested: boolean },
  ): Promise<string> {
    return word(await this.#changes.addFooter({ text, html }, rules, this.#limits));
  }

  /** `text` false: nothing in its place. */
  async remove(
    index: number,
    text?: string | false,
    rules = plain as { signed: boolean; nested: boolean },
  ): Promise<string> {
    const notice = { text: text === false ? undefined : text, without: text === false };
    return word(await this.#changes.remove(index, notice, rules, this.#limits));
  }

  async replace(
    index: number,
    octets: string,
    headers = {},
    rules = plain as { signed: boolean; nested: boolean },
  ): Promise<string> {
    const content = Buffer.from(octets, 'latin1');
    return word(await this.#changes.replace(index, content, headers, rules, this.#limits));
  }
}

function word(outcome: ChangeOutcome): string {
  switch (outcome.kind) {
    case 'noted':
      return 'noted';
    case 'fault':
      return outcome.fault;
    case 'no-part':
      return `1 to ${outcome.count}`;
  }
}

/** In pieces of `size` octets. */
export function sourceOf(message: Buffer, size = 65_536): ChangeSource {
  return {
    size: message.length,
    async *read(start = 0) {
      for (let at = start; at < message.length; at += size)
        yield message.subarray(at, Math.min(message.length, at + size));
    },
  };
}

export async function changeMessage(
  message: Buffer,
  work: (change: Changing) => Promise<unknown>,
  { limits = defaultMimeLimits, size = 65_536 } = {},
): Promise<Buffer> {
  const changes = new ContentChanges(sourceOf(message, size));
  await work(new Changing(changes, limits));
  if (changes.count === 0) return message;
  const block = headerBlockOf(message);
  const headers = new HeaderList();
  headers.receiveBlock(message.subarray(0, block.length));
  if ((await changes.conflict(headers, true)) !== undefined) throw new Error('a conflict');
  const { content, hasEmptyLine } = await changes.write(headers);
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  const written = Buffer.concat(pieces);
  if (!headers.edited) return written;
  const head = hasEmptyLine ? headers.toBuffer() : Buffer.concat([headers.toBuffer(), Buffer.from('\r\n')]);
  return Buffer.concat([head, written.subarray(block.length)]);
}
