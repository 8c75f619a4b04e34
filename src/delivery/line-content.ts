// Whether a message would come out as another one if it was sent as lines, which is how everything goes that a policy sends itself: asked in a
// transaction with BODY=BINARYMIME, whose message must not be made lines of (RFC 3030 section 3).
import type { MessageSource } from './port/delivery.ts';

const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * A NUL, a CR by itself, or CRLF line ends that are not the only ones, or do not stand at the end. Text with LF line ends throughout is a
 * policy's own, as Lua writes it. Rejects with the error of the file system.
 */
export async function isNoText(message: MessageSource): Promise<boolean> {
  let before = LF;
  let crlf = false;
  let lf = false;
  for await (const piece of message.pieces ?? message.read()) {
    for (const octet of piece) {
      if (octet === NUL || (before === CR && octet !== LF)) return true;
      if (octet === LF) {
        if (before === CR) crlf = true;
        else lf = true;
      }
      before = octet;
    }
  }
  return before === CR || (crlf && (lf || before !== LF));
}
