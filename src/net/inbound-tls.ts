// TLS with clients as a process has it: the material that was read, the key of its tickets, and the contexts that its listeners have come to need.
// It must never read a file; what it is given has been checked (makeContexts).
import type { OptionValues } from '../options/option-table.ts';
import { type ContextsOutcome, makeContexts, type TlsContexts, type TlsValues } from './tls-context.ts';
import { NO_MATERIAL, type TicketKey, type TlsMaterial } from './tls-material.ts';

export class InboundTls {
  #material: TlsMaterial;
  #ticketKey: TicketKey | undefined;
  /** By the values of a listener, which stay the same object until one of them is set. */
  #known = new WeakMap<OptionValues, ContextsOutcome>();
  /** By the options that contexts are made by: listeners that say the same share them. */
  #made = new Map<string, ContextsOutcome>();

  constructor(material: TlsMaterial = NO_MATERIAL, ticketKey?: TicketKey) {
    this.#material = material;
    this.#ticketKey = ticketKey;
  }

  /** Those of a listener with these options; undefined: it has none. Never for the options of a session. */
  contexts(values: OptionValues): TlsContexts | undefined {
    if (values['smtp-tls'] === '') return undefined;
    let outcome = this.#known.get(values);
    if (outcome === undefined) {
      outcome = this.#make(values);
      this.#known.set(values, outcome);
    }
    return outcome.kind === 'made' ? outcome.contexts : undefined;
  }

  /** New files: what is made of them is for new connections. */
  take(material: TlsMaterial): void {
    this.#material = material;
    this.#forget();
  }

  /** Tickets that were sealed with the key before are worth nothing from now on: their clients make a full handshake. */
  renew(ticketKey: TicketKey): void {
    this.#ticketKey = ticketKey;
    this.#forget();
  }

  #forget(): void {
    this.#known = new WeakMap();
    this.#made = new Map();
  }

  #make(values: TlsValues): ContextsOutcome {
    const key = JSON.stringify([
      values['smtp-tls'],
      values['smtp-tls-min'],
      values['smtp-tls-ciphers'],
      values['smtp-tls-client-ca'],
      values['smtp-tls-client-cert'],
    ]);
    const outcome = this.#made.get(key) ?? makeContexts(values, this.#material, this.#ticketKey);
    this.#made.set(key, outcome);
    return outcome;
  }
}
