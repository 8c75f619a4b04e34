// The query of GET /trace.
import { readWish, type TraceWish } from '../observe/trace/wish.ts';
import type { TraceStyle } from './trace-feed.ts';

export const traceNames = ['client', 'from', 'to', 'id', 'new', 'one', 'format', 'content'];

/** What is to be followed and how it is to be shown, or what is wrong with that. */
export function readTrace(
  query: URLSearchParams,
): { readonly wish: TraceWish; readonly style: TraceStyle } | string {
  for (const name of ['new', 'one', 'content'])
    if (!['0', '1'].includes(query.get(name) ?? '0')) return `?${name}=${query.get(name)}: expected 1 or 0`;
  const format = query.get('format') ?? 'json';
  if (format !== 'json' && format !== 'text') return `?format=${format}: expected json or text`;
  const wish = readWish(query);
  if (typeof wish === 'string') return wish;
  return { wish, style: { format, one: query.get('one') === '1', content: query.get('content') === '1' } };
}
