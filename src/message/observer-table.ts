// What of a message's content is observed while it comes in, by key: a row for each table of the API that is about one message. Another
// observer (a digest of the body, a text extractor) is one more row with a reader of its own, and a lazy field in its module.
import { mimeReader } from './mime-reader.ts';
import type { ObserverTable } from './observers.ts';

export type ObserverKey = 'mime.parts' | 'uri.found' | 'uri.domains' | 'mime.defects' | 'mime.limits';

export const observerTable: ObserverTable<ObserverKey> = {
  'mime.parts': { shown: { module: 'mime', field: 'parts' }, reader: mimeReader },
  'uri.found': { shown: { module: 'uri', field: 'found' }, reader: mimeReader },
  'uri.domains': { reader: mimeReader },
  'mime.defects': { shown: { module: 'mime', field: 'defects' }, reader: mimeReader },
  'mime.limits': { shown: { module: 'mime', field: 'limits' }, reader: mimeReader },
};
