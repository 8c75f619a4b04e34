// The server of a case: the policy is loaded into it when the first client connects, so that what the case has said of files, store and names before
// is there when its file level runs.
import type { Duplex } from 'node:stream';
import type { App } from '../app.ts';
import { LocalCounters } from '../net/connection-counters.ts';
import type { Peer } from '../net/peer.ts';
import { CurrentPolicy } from '../policy/current-policy.ts';
import type { SmtpServer } from '../smtp/server/server.ts';
import type { CasePolicy } from './play-case.ts';
import { type HookListener, recordedPolicy } from './recorded-policy.ts';

type Loaded =
  | { readonly kind: 'serves'; readonly server: SmtpServer; readonly current: CurrentPolicy }
  | { readonly kind: 'failed'; readonly message: string };

export class CaseServer {
  readonly #app: App;
  readonly #policy: CasePolicy;
  readonly #listener: HookListener;
  #loaded: Promise<Loaded> | undefined;

  constructor(app: App, policy: CasePolicy, listener: HookListener) {
    this.#app = app;
    this.#policy = policy;
    this.#listener = listener;
  }

  /** Serves a connection to its end. Why the policy could not be loaded, if it could not: then the connection is closed. */
  async serve(stream: Duplex, peer: Peer): Promise<string | undefined> {
    this.#loaded ??= this.#load();
    const loaded = await this.#loaded;
    if (loaded.kind === 'failed') {
      stream.destroy();
      return loaded.message;
    }
    await loaded.server.serve(stream, peer, false);
    return undefined;
  }

  async #load(): Promise<Loaded> {
    const app = this.#app;
    const { path, source } = this.#policy;
    const started = await CurrentPolicy.start({ ...app.place(path), source });
    if (started.kind === 'failed') return started;
    const { current } = started;
    const policy = recordedPolicy(current.policy, this.#listener);
    return { kind: 'serves', current, server: app.server({ policy }, new LocalCounters()) };
  }

  /** Ends its sessions and lets go of the policy. */
  async close(): Promise<void> {
    const loaded = await this.#loaded;
    if (loaded?.kind !== 'serves') return;
    await loaded.server.close(0);
    loaded.current.retire();
  }
}
