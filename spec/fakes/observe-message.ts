// What mime.parts and uri.found hold after a message: the observer filled in memory, for specs that compare tables.

import type { Log } from '../../src/base/log.ts';
import { defaultMimeLimits, type MimeLimits } from '../../src/message/mime/limits.ts';
import type { PartRecord } from '../../src/message/mime/part.ts';
import { observerTable } from '../../src/message/observer-table.ts';
import { MessageObservers } from '../../src/message/observers.ts';
import type { FoundUri } from '../../src/message/uri/found.ts';
import { parseUri } from '../../src/uri/parse-uri.ts';
import { FakeLiveTable } from './live-table.ts';

export interface Observed {
  readonly parts: readonly PartRecord[];
  readonly uris: readonly FoundUri[];
  readonly keys: readonly string[];
  readonly defects: readonly string[];
  readonly limits: readonly string[];
  /** uri.found.truncated */
  readonly truncated: boolean;
}

export function tables(
  parts: FakeLiveTable,
  uris: FakeLiveTable,
  defects = new FakeLiveTable(),
  limits = new FakeLiveTable(),
): Observed {
  const keys = uris.sequence as readonly string[];
  return {
    parts: parts.sequence as unknown as readonly PartRecord[],
    keys,
    defects: [...defects.fields.keys()].sort(),
    limits: [...limits.fields.keys()].sort(),
    truncated: uris.fields.get('truncated') === true,
    uris: keys.map((key) => uris.fields.get(key) as unknown as FoundUri),
  };
}

/** A latin1 string stands for its octets. */
export function bytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}

export function observe(
  message: string | Buffer | readonly Buffer[],
  limits: Partial<MimeLimits> = {},
  log?: Log,
): Observed {
  const observer = new MessageObservers(observerTable, {
    limits: { ...defaultMimeLimits, ...limits },
    parseUri,
    log,
  });
  const parts = new FakeLiveTable();
  const uris = new FakeLiveTable();
  observer.observe('mime.parts', parts, undefined);
  observer.observe('uri.found', uris, undefined);
  const defects = new FakeLiveTable();
  const reached = new FakeLiveTable();
  observer.observe('mime.defects', defects, undefined);
  observer.observe('mime.limits', reached, undefined);
  const chunks = typeof message === 'string' || Buffer.isBuffer(message) ? [bytes(message)] : message;
  for (const chunk of chunks) observer.feed(chunk);
  observer.end();
  return tables(parts, uris, defects, reached);
}

/** uri_raw of each URI found, in order. */
export function rawUris(message: string | Buffer, limits: Partial<MimeLimits> = {}): readonly string[] {
  return observe(message, limits).uris.map((uri) => uri.uri_raw);
}
