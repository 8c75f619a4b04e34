// The session as the Lua modules see it (policy/session-view): its transaction, its headers, a way to write to the client, and what fills
// mime.parts and uri.found when the policy first reads them.
import type { LiveTable } from '../lua/value.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { SessionView, TransactionView, WriteOutcome } from '../policy/session-view.ts';
import type { SessionCore } from './session-core.ts';

type Activation = 'activateParts' | 'activateUris' | 'activateDefects' | 'activateLimits';

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
    return this.#core.earlyHeaders;
  }

  get headersOfNext(): boolean {
    return this.#core.endingTransaction;
  }

  get headersLocked(): boolean {
    return this.#core.resetting;
  }

  write(text: Buffer, timeoutMs: number): Promise<WriteOutcome> {
    return this.#core.output.write(text, timeoutMs);
  }

  mimeParts(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create(), 'activateParts');
  }

  urisFound(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create(), 'activateUris');
  }

  mimeDefects(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create(), 'activateDefects');
  }

  mimeLimits(create: () => LiveTable): LiveTable | Promise<LiveTable> {
    return this.#watched(create(), 'activateLimits');
  }

  /** The table is filled from now on; outside a transaction it stays empty until the next MAIL makes the policy ask again. */
  #watched(table: LiveTable, which: Activation): LiveTable | Promise<LiveTable> {
    const core = this.#core;
    const { transaction } = core;
    core.tablesRead = true;
    if (which === 'activateDefects' || which === 'activateLimits') core.hooks.rareTableRead();
    if (transaction === undefined) return table;
    transaction.keep(table);
    const observer = transaction.observer(() => core.deps.newObserver(core.log));
    const ready = observer[which](table, transaction.message);
    return ready instanceof Promise ? ready.then(() => table) : table;
  }
}
