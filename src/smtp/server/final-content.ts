// What a message is when the policy is done with it: what it did to the file is looked at, what it wants changed is written, and the whole is signed. The
// file is never half of one message and half of another: whatever goes wrong is a verdict.
import type { Maybe } from '../../base/maybe.ts';
import type { ContentChanges } from '../../message/change/content-changes.ts';
import type { HeaderList } from '../../message/header/header-list.ts';
import { checkHeaders, checkLeft } from '../../message/received-file.ts';
import type { MessageReceiver } from '../../message/receiver.ts';
import { type ReceivedLayout, rewriteHeaders } from '../../message/rewrite.ts';
import { type FinalWishes, signFinal } from '../../message/sign-final.ts';
import { changed, fileChanged, refusal, spoolFailure } from './message-refusal.ts';
import { belowTrace } from './own-headers.ts';
import type { EndedMessage, Verdict } from './verdict.ts';

/**
 * Makes the message what the policy wants it to be, behind hook.dot: its content, its headers, its signatures. Gives the verdict when that cannot be;
 * undefined: it goes on.
 */
export function finish(message: EndedMessage, receiver: MessageReceiver): Maybe<Verdict | undefined> {
  const { layout } = receiver;
  const { headers } = message.transaction;
  const wishes = message.transaction.finalWishes;
  const changes = message.transaction.contentChanges;
  for (const unmade of changes?.left ?? [])
    message.core.log.emit('content-unchanged', { transaction: message.transaction.id, ...unmade });
  if (changes?.refusal !== undefined) return refusal(message, 'unchangeable', {}, changes.refusal);
  const isChanged = changes !== undefined && changes.count > 0;
  const edited = layout !== undefined && (headers.edited || wishes !== undefined || isChanged);
  const onDisk = message.spool.pieces === undefined;
  if (!edited && !onDisk) return undefined;
  const receivedSize = message.spool.size;
  return (onDisk ? faultOfLeft(message) : Promise.resolve(undefined))
    .then(async (fault) => {
      if (fault !== undefined || !edited) return changed(message, fault);
      const wrong = onDisk ? await checkHeaders(message.spool, headers, layout, receivedSize) : undefined;
      if (wrong !== undefined) return changed(message, wrong);
      const now = isChanged ? await changeContent(message, changes, headers, layout) : layout;
      if ('reply' in now) return now;
      const unsigned = wishes === undefined ? undefined : await sign(message, headers, now, wishes);
      if (unsigned === undefined) await rewriteHeaders(message.spool, headers, now);
      return unsigned;
    })
    .catch((error: Error) => spoolFailure(message, error));
}

/** Writes what the policy wants changed in the content; where its headers end then, or the verdict. */
async function changeContent(
  message: EndedMessage,
  changes: ContentChanges,
  headers: HeaderList,
  layout: ReceivedLayout,
): Promise<ReceivedLayout | Verdict> {
  const { id } = message.transaction;
  const conflict = await changes.conflict(headers, message.spool.shown);
  if (conflict === 'file')
    return fileChanged(
      message,
      'its content was changed in the file and by mime.*; right would be: by one of them',
    );
  if (conflict !== undefined) {
    const outcome = changes.mustBeMade ? 'refused' : 'left';
    message.core.log.emit('content-unchanged', { transaction: id, change: 'all', cause: conflict, outcome });
    return changes.mustBeMade ? refusal(message, 'unchangeable', {}, conflict) : layout;
  }
  const bytes = message.spool.size;
  const { content, hasEmptyLine } = await changes.write(headers);
  await message.spool.replaceContent(content);
  message.core.log.emit('content-changed', {
    transaction: id,
    changes: changes.count,
    bytes,
    became: message.spool.size,
  });
  return { headerLength: layout.headerLength, hasEmptyLine };
}

/** The verdict when the message cannot be signed, and is not to go without. */
async function sign(
  message: EndedMessage,
  headers: HeaderList,
  layout: ReceivedLayout,
  wishes: FinalWishes,
): Promise<Verdict | undefined> {
  const cause = await untilOver(message, wishes, () =>
    signFinal(message.spool, headers, layout, wishes, belowTrace(message)),
  );
  if (cause === undefined) return undefined;
  message.core.log.emit('not-signed', { transaction: message.transaction.id, cause });
  if (message.core.values['dkim-sign-failure'] === 'unsigned') return undefined;
  return refusal(message, 'unsigned', {}, cause);
}

/** Whoever seals may wait for DNS, and not for longer than the session lasts. */
async function untilOver<T>(
  { core }: EndedMessage,
  { sealer }: FinalWishes,
  work: () => Promise<T>,
): Promise<T> {
  if (sealer === undefined) return work();
  const { abortSignal } = core;
  const giveUp = (): void => sealer.giveUp();
  abortSignal.addEventListener('abort', giveUp, { once: true });
  try {
    if (abortSignal.aborted) giveUp();
    return await work();
  } finally {
    abortSignal.removeEventListener('abort', giveUp);
  }
}

/** What is wrong with the file that the policy left. A service that was asked last may have begun to write it only now. */
export async function faultOfLeft({ spool }: EndedMessage): ReturnType<typeof checkLeft> {
  await spool.onDisk();
  return checkLeft(spool);
}
