// A session as whoever looks after the service sees it: who is there, and what it waits for.
import type { SessionState } from '../../observe/metric/table/connections.ts';
import type { SessionRow } from '../../ops/desk.ts';
import type { Conversation } from './conversation.ts';
import type { SessionCore } from './session-core.ts';

export interface SessionProgress {
  readonly core: SessionCore;
  readonly conversation: Conversation;
  readonly over: boolean;
  /** Octets that came. */
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly started: number;
}

export function stateOf({ conversation, core, over }: SessionProgress): SessionState {
  if (over || core.ending !== undefined) return 'closing';
  if (core.hasPolicy && core.hooks.waiting !== undefined) return 'hook';
  if (core.delivering) return 'next_hop';
  if (!conversation.welcomed) return 'opening';
  if (conversation.inContent || conversation.betweenChunks) return 'content';
  return core.transaction === undefined ? 'command' : 'transaction';
}

const tenth = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);

/** How listeners without a name are called. */
export const listenerName = (name: string): string => (name === '' ? 'default' : name);

export function sessionRow(progress: SessionProgress, now: number): SessionRow {
  const { bytes, core, started } = progress;
  const { client, listener, report, transaction } = core;
  const waiting = core.hasPolicy ? core.hooks.waiting : undefined;
  return {
    id: core.idSess,
    client: client.address,
    host: client.host,
    listener: listenerName(listener.name),
    ...(client.proxy !== undefined && { proxy: client.proxy.address }),
    ...(client.tls !== undefined && { tls: client.tls.version }),
    state: stateOf(progress),
    ...(waiting !== undefined && { hook: waiting.hook, hook_seconds: tenth(now - waiting.since) }),
    bytes,
    messages: report.messages,
    commands: report.commands,
    seconds: tenth(now - started),
    hello: core.helo,
    ...(transaction !== undefined && {
      sender: transaction.sender,
      recipients: transaction.recipients.length,
    }),
  };
}
