// Whether a message has bytes above 127 (RFC 6152): asked before it is forwarded, so that BODY=8BITMIME is sent for those only.
import { isAscii } from 'node:buffer';
import type { MessageSource } from './delivery.ts';

/** At once for a message in memory; else the file is read. Rejects with the error of the file system. */
export function hasEightBit(message: MessageSource): boolean | Promise<boolean> {
  const pieces = message.pieces;
  return pieces !== undefined ? pieces.some((piece) => !isAscii(piece)) : readEightBit(message);
}

async function readEightBit(message: MessageSource): Promise<boolean> {
  for await (const piece of message.read()) {
    if (!isAscii(piece)) return true;
  }
  return false;
}
