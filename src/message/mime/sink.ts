// Where parts.ts reports what it finds in a message. Implemented by message/mime-reader.ts.
import type { PartFacts } from './content-type.ts';
import type { MimeDefect } from './defects.ts';
import type { MimeLimitName } from './limits.ts';
import type { BodyReader, CreateReader, PartPlace, PartRecord } from './part.ts';
import type { PlaceSink } from './places.ts';

export interface MimeSink {
  /** Undefined when nobody wants mime.parts; then no digest is made. */
  readonly part: ((record: PartRecord) => void) | undefined;
  /** Where each part stands, behind its record. */
  readonly place?: ((place: PartPlace) => void) | undefined;
  /** Undefined when nobody looks for URIs. `part` is the 1-based number of the part. */
  readonly text:
    | ((part: number, facts: PartFacts, ...reading: Parameters<CreateReader>) => BodyReader)
    | undefined;
  /** Each header of the message itself, part 0, and of its parts: name in lower case, value unfolded, as latin1. */
  readonly header: ((name: string, value: string, part: number) => void) | undefined;
  /** Something about the message is odd; undefined when nobody wants mime.defects. May come more than once. */
  readonly defect: ((name: MimeDefect) => void) | undefined;
  /** Where the parts stand; nobody asks but who changes the message. */
  readonly places?: PlaceSink | undefined;
  /** A limit made something opaque. */
  limit(name: MimeLimitName): void;
}
