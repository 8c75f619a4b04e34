// The headers of a message that are ours: the Received that we put in front of it, where signatures stand below that, and results in our name that
// are not from us, which go.
import { maySpeakForUs, removeForged, resultsHeader } from '../../message/forged-results.ts';
import { protocolWord, receivedHeader } from '../../message/received-header.ts';
import type { EndedMessage } from './verdict.ts';

/** The Received header of ours. Before hook.dot, where the policy may take it away. */
export function addTrace(message: EndedMessage): void {
  const { auth, client, deps, extended, helo, values } = message.core;
  const { id, parameters, recipients } = message.transaction;
  const only = recipients.length === 1 ? recipients[0] : undefined;
  const utf8 = parameters.SMTPUTF8 !== undefined;
  message.transaction.receiver?.syncHeaders();
  message.transaction.trace(
    receivedHeader({
      helo,
      protocol: protocolWord(extended, utf8, client.tls !== undefined, auth !== undefined),
      host: client.hostKnown ? client.host : undefined,
      address: client.address,
      tls: client.tls,
      user: values['smtp-received-user'] ? auth?.user : undefined,
      by: deps.hostName,
      id,
      recipient: only?.address,
      time: deps.clock.now(),
    }),
  );
}

/** Where signatures are to stand: on top, but below what says how the message came to us. */
export function belowTrace({ transaction }: EndedMessage): number {
  const { belowTrace: first, headers } = transaction;
  let at = first;
  // 1: there is no Received of ours, nor a place that it keeps for the results.
  while (at > 1 && headers.isEdit(at) && headers.find(resultsHeader, at - first + 1)?.index === at) at++;
  return at;
}

/** Results in our name that came with the message, when they go whatever the policy does (authres-remove). */
export function removeForgedResults(message: EndedMessage): void {
  const { client, deps, log, values } = message.core;
  if (values['authres-remove'] !== '+') return;
  if (maySpeakForUs(values['authres-trusted-hosts'], client.rightsAddress)) return;
  message.transaction.receiver?.syncHeaders();
  // What the policy has written at the end of the headers stays.
  const names = [values['authserv-id'] || deps.hostName];
  const removed = removeForged(message.transaction.headers, names, 'received');
  if (removed > 0) log.emit('authres-removed', { transaction: message.transaction.id, removed });
}
