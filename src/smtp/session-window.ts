// The session as the Lua modules see it (policy/session-view): its transaction, its headers, a way to write to the client, and what fills
// mime.parts and uri.found when the policy first reads them.
import type { LiveTable } from '../lua/value.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { ContentObserver } from '../message/receiver.ts';
import type { SessionView, TransactionView, WriteOutcome } from '../policy/session-view.ts';
import type { SessionCore } from './session-core.ts';

export class SessionWindow implements SessionView {
  readonly #core: SessionCore;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  get idSess(): string {
    return this.#core.idSess;
  }

  get transaction(): TransactionView | undefined {
    this.#core.transaction?.receiver?.syncHeaders();
    return this.#core.transaction;
  }

  get headers(): HeaderList {
    return this.#core.headers;
  }

  write(text: Buffer, timeoutMs: number): Promise<WriteOutcome> {
    return this.#core.output.write(text, timeoutMs);
  }

  mimeParts(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create, (table) => this.#core.deps.observers.mimeParts(table));
  }

  urisFound(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create, (table) => this.#core.deps.observers.urisFound(table));
  }

  /** A table that is filled from now on; outside a transaction it stays empty until the next MAIL makes the policy ask again. */
  #watched(
    create: () => LiveTable,
    observer: (table: LiveTable) => ContentObserver,
  ): LiveTable | Promise<LiveTable> {
    const table = create();
    const transaction = this.#core.transaction;
    if (transaction === undefined) return table;
    const ready = transaction.watch(observer(table), table);
    return ready instanceof Promise ? ready.then(() => table) : table;
  }
}
