// Which headers a signature of ours names (RFC 6376 5.4): every header there is of each name that is wanted, so that none can be added below,
// and names once more than they occur, so that none can be added at all. Pure.

import { lowerAscii } from '../base/ascii.ts';
import type { HeaderFields } from './header-fields.ts';

/** What RFC 6376 5.4.1 recommends; `List-*` is every header whose name begins so. */
export const defaultSignedNames: readonly string[] = [
  'From',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'Cc',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'In-Reply-To',
  'References',
  'List-*',
];

export const defaultOversignedNames: readonly string[] = ['From', 'Subject', 'To', 'Date'];

/** A message that has more of them is not signed: h= itself would be what is odd about it. */
export const maxSignedNames = 1000;

const headerName = /^[!-9;-~]+$/;

/** Whether a name may stand in h=, or is one with `*` at its end. */
export function isSignableName(name: string): boolean {
  return headerName.test(name) && !name.slice(0, -1).includes('*') && name !== '*' && !name.includes(';');
}

/** h=, in the order of `names`; undefined when they are too many. `From` is always in. */
export function signedNames(
  fields: HeaderFields,
  names: readonly string[],
  oversigned: readonly string[],
): readonly string[] | undefined {
  const wanted = new Map<string, string>();
  const want = (name: string): void => {
    if (!wanted.has(lowerAscii(name))) wanted.set(lowerAscii(name), name);
  };
  for (const name of names) {
    if (!name.endsWith('*')) want(name);
    else
      for (const found of fields.namesFrom(lowerAscii(name.slice(0, -1))))
        if (headerName.test(found) && !found.includes(';')) want(found);
  }
  const more = new Set(oversigned.map(lowerAscii));
  for (const name of oversigned) want(name);
  if (!wanted.has('from')) wanted.set('from', 'From');
  fields.index(wanted.keys());
  const list: string[] = [];
  for (const [lower, name] of wanted) {
    const count = fields.named(lower).length + (more.has(lower) ? 1 : 0);
    if (list.length + count > maxSignedNames) return undefined;
    for (let i = 0; i < count; i++) list.push(name);
  }
  return list;
}
