// Which list of headers a policy reads and edits at this moment: that of its transaction, or that of the next message.
import type { CallContext } from '../lua-api/call-context.ts';
import { LuaError } from '../lua-api/function-spec.ts';
import type { HeaderList } from '../message/header/header-list.ts';
import { optionsOf } from '../options/options.ts';
import { sessionOf } from '../policy/session-view.ts';

const tooLate = 'headers can be changed only up to hook.dot';

/** The list that edits go to now; LuaError where there is none. */
export function editable(context: CallContext): HeaderList {
  const session = sessionOf(context);
  if (session === undefined) throw new LuaError('headers exist only while a client is served');
  if (session.headersLocked === true) throw new LuaError(tooLate);
  const transaction = session.transaction;
  if (transaction === undefined || session.headersOfNext === true) return session.headers;
  if (!transaction.headersEditable) {
    throw new LuaError(tooLate);
  }
  return transaction.headers;
}

/** The list, when `more` bytes may be put in still. */
export function writable(context: CallContext, more: number): HeaderList {
  const headers = editable(context);
  const { count, bytes } = headers.edits;
  const { values } = optionsOf(context);
  if (count >= values['limit-header-edits']) {
    throw new LuaError(
      `more than ${values['limit-header-edits']} headers added or modified (limit-header-edits)`,
    );
  }
  if (bytes + more > values['limit-header-edit-bytes']) {
    throw new LuaError(
      `more than ${values['limit-header-edit-bytes']} bytes of headers added or modified (limit-header-edit-bytes)`,
    );
  }
  return headers;
}

/** Undefined where there is no message. */
export function readable(context: CallContext): HeaderList | undefined {
  const session = sessionOf(context);
  return session?.transaction?.headers ?? session?.headers;
}
