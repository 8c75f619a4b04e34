// The server of a case: the policy is loaded into it when the first client connects, so that what the case has said of files, store and names before
// is there when its file level runs.
import type { Duplex } from 'node:stream';
import type { App, ScriptPaths } from '../app.ts';
import { LocalCounters } from '../net/connection-counters.ts';
import type { Peer } from '../net/peer.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import type { SmtpServer } from '../smtp/server/server.ts';
import type { SessionListener } from '../smtp/server/session-core.ts';

export interface CasePolicy extends ScriptPaths {
  /** Read, looked at and compiled once for all cases. */
  readonly first: CurrentPolicy;
}

type Loaded =
  | { readonly kind: 'serves'; readonly server: SmtpServer; readonly current: CurrentPolicy }
  | { readonly kind: 'failed'; readonly message: string };

export class CaseServer {
  readonly #app: App;
  readonly #policy: CasePolicy;
  #loaded: Promise<Loaded> | undefined;

  constructor(app: App, policy: CasePolicy) {
    this.#app = app;
    this.#policy = policy;
  }

  /** Serves a connection to its end. Why the policy could not be loaded, if it could not: then the connection is closed. */
  async serve(
    stream: Duplex,
    peer: Peer,
    listener?: Pick<SessionListener, 'name' | 'flags'>,
  ): Promise<string | undefined> {
    this.#loaded ??= this.#load();
    const loaded = await this.#loaded;
    if (loaded.kind === 'failed') {
      stream.destroy();
      return loaded.message;
    }
    await loaded.server.serve(stream, peer, false, listener?.flags, listener?.name);
    return undefined;
  }

  async #load(): Promise<Loaded> {
    const app = this.#app;
    const started = await CurrentPolicy.again(this.#policy.first, app.place(this.#policy));
    if (started.kind === 'failed') return started;
    const { current } = started;
    return { kind: 'serves', current, server: app.server(current, new LocalCounters()) };
  }

  /** Ends its sessions and lets go of the policy. */
  async close(): Promise<void> {
    const loaded = await this.#loaded;
    if (loaded?.kind !== 'serves') return;
    await loaded.server.close(0);
    loaded.current.retire();
  }
}
