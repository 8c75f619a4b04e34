// A session as whoever looks after the service sees it: who is there, and what it waits for.
import type { SessionState } from '../../observe/metric/table/connections.ts';
import { timeFor } from '../../observe/trace/time-for.ts';
import type { SessionRow, SessionWait } from '../../ops/desk.ts';
import type { Conversation } from './conversation.ts';
import type { SessionCore } from './session-core.ts';

/** What the client has to do next: send a whole command, send data, read what was sent, go on with what may be a PROXY header. */
export type Awaited = 'command' | 'data' | 'reader' | 'beginning';

export interface SessionProgress {
  readonly core: SessionCore;
  readonly conversation: Conversation;
  readonly over: boolean;
  /** What the client is waited for, since when; undefined while he is not. */
  readonly client: { readonly awaited: Awaited | undefined; readonly since: number };
  /** Octets that came. */
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly started: number;
}

/** The hook that waits, of a script or of the policy. */
function waitingHook(core: SessionCore): { readonly hook: string; readonly since: number } | undefined {
  return core.script ?? (core.hasPolicy ? core.hooks.waiting : undefined);
}

export function stateOf({ conversation, core, over }: SessionProgress): SessionState {
  if (over || core.ending !== undefined) return 'closing';
  if (waitingHook(core) !== undefined) return 'hook';
  if (core.delivering) return 'next_hop';
  if (!conversation.welcomed) return 'opening';
  if (conversation.inContent || conversation.betweenChunks) return 'content';
  return core.transaction === undefined ? 'command' : 'transaction';
}

const tenth = (ms: number): number => Math.max(0, Math.round(ms / 100) / 10);

/** How listeners without a name are called. */
export const listenerName = (name: string): string => (name === '' ? 'default' : name);

/** Things that a session waits for, of which a row tells. */
const MOST_WAITS = 5;
/** Characters of what is waited for: a name that a stranger has chosen may be in it. */
const LONGEST = 100;

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text);

const clientWords: Readonly<Record<Awaited, string>> = {
  command: 'client',
  beginning: 'client',
  data: 'client',
  reader: 'client to read',
};

function waitsOf({ client, core, over }: SessionProgress, now: number): readonly SessionWait[] {
  const { ownWait } = core;
  const hookWaits = core.script?.waits() ?? (core.hasPolicy ? core.hooks.waits : []);
  const shown = (text: string): string => cut(core.hide(text));
  if (hookWaits.length > 0)
    return hookWaits.slice(0, MOST_WAITS).map(({ function: name, since, what }) => ({
      ...{ for: timeFor(name), what: shown(what), seconds: tenth(now - since) },
    }));
  if (ownWait !== undefined) {
    const about = ownWait.about();
    return [{ for: about.for, what: shown(about.what), seconds: tenth(now - ownWait.since) }];
  }
  if (over || core.ending !== undefined) return [{ for: 'client', what: 'client to close' }];
  if (client.awaited === undefined) return [{ for: 'engine', what: 'smtpe' }];
  return [{ for: 'client', what: clientWords[client.awaited], seconds: tenth(now - client.since) }];
}

export function sessionRow(progress: SessionProgress, now: number): SessionRow {
  const { bytes, core, started } = progress;
  const { client, listener, report, transaction } = core;
  const waiting = waitingHook(core);
  return {
    id: core.idSess,
    client: client.address,
    host: client.host,
    listener: listenerName(listener.name),
    ...(client.proxy !== undefined && { proxy: client.proxy.address }),
    ...(client.tls !== undefined && { tls: client.tls.version }),
    state: stateOf(progress),
    ...(waiting !== undefined && { hook: waiting.hook, hook_seconds: tenth(now - waiting.since) }),
    waits: waitsOf(progress, now),
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
