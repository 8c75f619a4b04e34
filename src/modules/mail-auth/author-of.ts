// The author of the message being received, by its From headers as they came: names of headers are read as everywhere, so that none hides behind a
// blank or a comment, and edits of the policy do not count.
import { LuaError } from '../../lua-api/function-spec.ts';
import { type Author, authorOf } from '../../mail-auth/author.ts';
import { fieldOf } from '../../message/header/header-field.ts';
import { splitHeaders } from '../../message/header/header-list.ts';
import type { TransactionView } from '../../policy/session-view.ts';

/** For some programs a From header, for others the line of a mailbox: nobody can say who is shown as the author. */
const commentedFrom = /^from[ \t]*\(/i;

/** Throws LuaError before the headers are complete. Outside a transaction there is no author. */
export function authorOfMessage(transaction: TransactionView | undefined): Author {
  if (transaction === undefined) return { kind: 'no_author' };
  if (transaction.layout === undefined)
    throw new LuaError('the headers are not complete yet: ask from hook.eoh on');
  const values: string[] = [];
  for (const header of splitHeaders(transaction.headers.receivedBlock())) {
    const field = fieldOf(header);
    if (field?.name === 'from') values.push(header.slice(field.valueAt));
    else if (field === undefined && commentedFrom.test(header)) return { kind: 'syntax' };
  }
  return authorOf(values);
}
