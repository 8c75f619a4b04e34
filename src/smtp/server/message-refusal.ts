// How a message is refused at its end by the engine itself: for what it is, because it cannot be kept, or because of what the policy did to its
// file. Each gives the verdict, with the event that there is of it; nothing is sent here.
import { isFull } from '../../base/errors.ts';
import type { FileFault } from '../../message/received-file.ts';
import type { MessageReceiver } from '../../message/receiver.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { EndedMessage, Verdict } from './verdict.ts';

/** What is refused without asking the policy. */
export function ownRefusal(message: EndedMessage, receiver: MessageReceiver): Verdict | undefined {
  const { fault } = receiver;
  if (fault?.kind === 'size')
    return refusal(message, 'size', { limit: message.core.values['smtp-max-size'] });
  if (fault?.kind === 'headers') {
    return refusal(message, 'headers', { limit: message.core.values['limit-header-bytes'] });
  }
  if (fault?.kind === 'header-count') {
    return refusal(message, 'headerCount', { limit: message.core.values['limit-headers'] });
  }
  if (fault?.kind === 'hops')
    return refusal(message, 'hops', { limit: message.core.values['limit-received'] });
  if (fault?.kind === 'binary-headers') return refusal(message, 'binaryHeaders');
  if (fault?.kind === 'spool') return spoolFailure(message, fault.error);
  if (receiver.received === 0) return refusal(message, 'empty');
  if (receiver.bareNewlines > 0 && message.core.values['smtp-bare-newline'] === 'reject') {
    return refusal(message, 'bareNewline');
  }
  return undefined;
}

export function refusal(
  message: EndedMessage,
  error: ErrorName,
  params: ErrorParams = {},
  cause: string = error,
): Verdict {
  const url = message.core.values['smtp-error-url'];
  const reply = errorReply(error, url, { id: message.transaction.id, ...params });
  return { reply, cause, drop: message.decision.drop };
}

export function spoolFailure(message: EndedMessage, error: Error): Verdict {
  message.core.log.emit('spool-fault', {
    transaction: message.transaction.id,
    file: message.spool.path,
    cause: error.message,
  });
  return refusal(message, isFull(error) ? 'storage' : 'spool', {}, error.message);
}

/** The policy did to the file of the message what it may not. */
export function changed(message: EndedMessage, fault: FileFault): Verdict | undefined {
  return fault === undefined ? undefined : fileChanged(message, fault);
}

export function fileChanged(message: EndedMessage, fault: string): Verdict {
  message.core.log.emit('file-changed', {
    transaction: message.transaction.id,
    file: message.spool.path,
    cause: fault,
  });
  return refusal(message, 'fileChanged', {}, fault);
}
