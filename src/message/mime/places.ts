// Where the parts of a message stand in it, for whoever changes it: offsets in octets from the beginning of the message. Reported by parts.ts
// while it reads; kept by message/change. Parts of messages that have to be decoded first have no place.
import type { PartFacts } from './content-type.ts';

export interface PlaceSink {
  /** A part begins; its headers at `at`. `delimiter`: it stands behind the delimiter that was reported last; else it is the message, or the one in the part before. */
  begin(number: number, at: number, delimiter: boolean): void;
  /** Its headers and their empty line are over; what they say. */
  body(at: number, facts: PartFacts): void;
  /** The part whose headers are over is a multipart whose delimiters are listened for: it has the next level. */
  multipart(): void;
  /** It begins at `from` with the line end in front, of `lineEnd` octets; `level` is that of the multipart, 0 for the outermost. */
  delimiter(level: number, from: number, lineEnd: number): void;
  /** Text behind a closing delimiter: a part without headers, from `at` on. */
  epilogue(number: number, at: number): void;
  /** The message is over. */
  end(at: number): void;
}
