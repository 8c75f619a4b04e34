// Whether a message has bytes above 127 (RFC 6152), and whether its headers have some (RFC 6532): asked before it is forwarded, so that
// BODY=8BITMIME and SMTPUTF8 are said for those only.
import { isAscii } from 'node:buffer';
import type { MessageSource } from './port/delivery.ts';

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

const LF = 0x0a;
const CR = 0x0d;

/** Up to the empty line. At once for a message in memory; else the file is read. Rejects with the error of the file system. */
export function hasEightBitHeaders(message: MessageSource): boolean | Promise<boolean> {
  const { pieces } = message;
  if (pieces === undefined) return readEightBitHeaders(message);
  const scan = new HeaderScan();
  return pieces.some((piece) => scan.isDecided(piece)) && scan.found;
}

async function readEightBitHeaders(message: MessageSource): Promise<boolean> {
  const scan = new HeaderScan();
  for await (const piece of message.read()) {
    if (scan.isDecided(piece)) break;
  }
  return scan.found;
}

class HeaderScan {
  found = false;
  #lineIsEmpty = true;

  /** Looks at the next bytes; true when the rest does not matter. */
  isDecided(piece: Buffer): boolean {
    for (const octet of piece) {
      if (octet > 0x7f) {
        this.found = true;
        return true;
      }
      if (octet === LF) {
        if (this.#lineIsEmpty) return true;
        this.#lineIsEmpty = true;
      } else if (octet !== CR) this.#lineIsEmpty = false;
    }
    return false;
  }
}
