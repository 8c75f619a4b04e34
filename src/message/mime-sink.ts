// Where mime-parts.ts reports what it finds in a message. Implemented by observer.ts.
import type { PartFacts } from './mime-content-type.ts';
import type { MimeDefect } from './mime-defects.ts';
import type { MimeLimitName } from './mime-limits.ts';
import type { BodyReader, CreateReader, PartRecord } from './mime-part.ts';

export interface MimeSink {
  /** Undefined when nobody wants mime.parts; then no digest is made. */
  readonly part: ((record: PartRecord) => void) | undefined;
  /** Undefined when nobody looks for URIs. `part` is the 1-based number of the part. */
  readonly text:
    | ((part: number, facts: PartFacts, ...reading: Parameters<CreateReader>) => BodyReader)
    | undefined;
  /** Each header of the message itself, name in lower case, value unfolded, as latin1. */
  readonly header: ((name: string, value: string) => void) | undefined;
  /** Something about the message is odd; undefined when nobody wants mime.defects. May come more than once. */
  readonly defect: ((name: MimeDefect) => void) | undefined;
  /** A limit made something opaque. */
  limit(name: MimeLimitName): void;
}
