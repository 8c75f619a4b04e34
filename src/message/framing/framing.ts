// How the octets of a connection become the content of a message: what both framings are to the one who receives it (message/receiver). dot
// is DATA (RFC 5321 section 4.1.1.4), octets is BDAT (RFC 3030 section 2). Content has CRLF line ends and nothing but such, and ends with
// one unless it is empty, whatever its framing; but where a framing `isBinary` it is what came. A framing must never: look at what the lines say, keep octets but those of an undecided
// line end, read past the end of its content, call anybody but `emit`.

export type DataProgress =
  /** The chunk is used up. */
  | { readonly kind: 'more' }
  /** One of several pieces has ended (BDAT without LAST), the message has not; `next` is the offset in the chunk of the first octet behind. */
  | { readonly kind: 'chunk'; readonly next: number }
  /** The message has ended; `next` is the offset in the chunk of the first octet behind. */
  | { readonly kind: 'end'; readonly next: number };

export interface Framing {
  /** Content is what came, octet for octet (BINARYMIME, RFC 3030 section 3). */
  readonly isBinary: boolean;
  /** CRs and LFs seen that are not of a CRLF; each became a line end, or is part of one (`\r\r\n`). */
  readonly bareNewlines: number;
  /** Octets of the content that did not come: the end that a last line was given. */
  readonly added: number;
  /** Octets that may be taken from the connection for the next `feed`; what is behind them is no content. */
  readonly wanted: number;
  /**
   * Reads `chunk` from offset `from` on. Each piece of content is handed to `emit` in order; pieces are slices of the chunk (not copied),
   * none is empty, and none ends within a CRLF.
   */
  feed(chunk: Buffer, from: number, emit: (piece: Buffer) => void): DataProgress;
}

export const MORE: DataProgress = { kind: 'more' };

/** CRs before an LF that are one line end with it; of more of them the first ones are line ends of their own. */
export const MAX_CRS = 16;

/** A shorter rest of a chunk is looked through without copying it to the scanner. */
export const SHORT = 64;
