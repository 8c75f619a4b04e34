// Which sessions are recorded, option record: those in which something was refused, some of all by chance, or those of a client, a sender or a
// recipient. Pure.
import { readNetwork } from '../net-address/network-list.ts';

export type RecordWish =
  | { readonly kind: 'refused' }
  /** Of a hundred. */
  | { readonly kind: 'percent'; readonly percent: number }
  /** Patterns as the trace of a server has them. */
  | { readonly kind: 'pattern'; readonly of: 'client' | 'from' | 'to'; readonly pattern: string };

export const RECORD_FORMS = 'refused, all, 1%, client:192.0.2.0/24, from:*@b.example or to:x@*';

/** Undefined when it is none of RECORD_FORMS. */
export function readRecordWish(text: string): RecordWish | undefined {
  if (text === 'refused') return { kind: 'refused' };
  if (text === 'all') return { kind: 'percent', percent: 100 };
  const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text)?.[1];
  if (percent !== undefined)
    return Number(percent) <= 100 ? { kind: 'percent', percent: Number(percent) } : undefined;
  const [, of, pattern = ''] = /^(client|from|to):(\S{1,320})$/.exec(text) ?? [];
  if (of === 'client')
    return readNetwork(pattern) === undefined ? undefined : { kind: 'pattern', of, pattern };
  return of === 'from' || of === 'to' ? { kind: 'pattern', of, pattern } : undefined;
}
