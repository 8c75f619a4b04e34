// The session as the Lua modules see it (policy/session-view): its transaction, its headers, a way to write to the client, and what is
// observed of the message when the policy first reads it.
import type { LiveTable } from '../../lua-api/value.ts';
import type { HeaderList } from '../../message/header/header-list.ts';
import type { MimeLimitName } from '../../message/mime/limits.ts';
import type { ObserverKey } from '../../message/observer-table.ts';
import type {
  ClientView,
  SessionView,
  ShownFact,
  TransactionView,
  WriteOutcome,
} from '../../policy/session-view.ts';
import type { SessionCore } from './session-core.ts';

export class SessionWindow implements SessionView {
  readonly #core: SessionCore;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  get idSess(): string {
    return this.#core.idSess;
  }

  get client(): ClientView {
    const { auth, client, helo } = this.#core;
    const host = client.hostKnown && !client.host.startsWith('[') ? client.host : undefined;
    return {
      address: client.address,
      rightsAddress: client.rightsAddress,
      host,
      isConfirmed: client.hostConfirmed,
      helo,
      user: auth?.user,
      tls: client.tls,
    };
  }

  get transaction(): TransactionView | undefined {
    this.#core.transaction?.receiver?.syncHeaders();
    return this.#core.transaction;
  }

  get headers(): HeaderList {
    return this.#core.earlyHeaders;
  }

  get headersOfNext(): boolean {
    return this.#core.endingTransaction;
  }

  get headersLocked(): boolean {
    return this.#core.resetting;
  }

  shown(fact: ShownFact): void {
    this.#core.shown(fact);
  }

  write(text: Buffer, timeoutMs: number): Promise<WriteOutcome> {
    const { log } = this.#core;
    if (log.wants('client-written')) log.emit('client-written', { text: text.toString('latin1') });
    return this.#core.output.write(text, timeoutMs);
  }

  reached(name: MimeLimitName): void {
    const core = this.#core;
    core.transaction?.reached(name, () => core.deps.newObservers(core.log));
  }

  /** The table is filled from now on; outside a transaction it stays empty until the next MAIL makes the policy ask again. */
  observe(key: ObserverKey, create: () => LiveTable): LiveTable | Promise<LiveTable> {
    const table = create();
    const core = this.#core;
    core.observed(key);
    const ready = core.transaction?.observe(key, table, () => core.deps.newObservers(core.log));
    return ready instanceof Promise ? ready.then(() => table) : table;
  }
}
