// What a case keeps of what happened in it: its sessions step by step, as the recorder of a live server has them (observe/trace), how often hooks were
// called, what was asked for and nobody has said anything about, and what was forwarded.
import type { EventBus } from '../base/events.ts';
import type { TraceEntry } from '../observe/trace/entry.ts';
import { recordSessions } from '../observe/trace/subscribe.ts';
import type { TakenMessage } from './ports/scripted-hop.ts';

/** Something that was asked for and that no fake answers. */
export interface MissingFake {
  readonly what: string;
  /** The line to paste; empty: there can be none. */
  readonly paste: string;
}

export interface ForwardedMessage extends TakenMessage {
  /** As it was named. */
  readonly host: string;
}

/** How often a hook was called, and how often it came to its end by itself. */
export interface HookCount {
  called: number;
  ended: number;
}

/** Entries since the client has last said something that are kept: the last ones. A failure shows them. */
const MOST_ENTRIES = 40;
/** Results that are an answer: all others are of hooks that have failed, or were cut off. */
const ANSWER = /^(?:nothing|drop|(?:drop, )?\d{3}\b.*)$/s;

export interface RecordParts {
  readonly bus: EventBus;
  /** By which the steps have their times. */
  readonly clock: { monotonic(): number };
  /** The line of the policy that ran last. */
  readonly place: () => string | undefined;
  /** A directory of the bench, which says nothing to anybody. */
  readonly scratch: string;
  /** The name of a next hop that was given an address. */
  readonly hopAt: (address: string) => string | undefined;
  /** Told of each step. */
  readonly push?: ((entry: TraceEntry) => void) | undefined;
}

export class CaseRecord {
  readonly missingFakes: MissingFake[] = [];
  readonly forwarded: ForwardedMessage[] = [];
  readonly hooks = new Map<string, HookCount>();
  readonly #scratch: string;
  readonly #push: RecordParts['push'];
  readonly #hopAt: RecordParts['hopAt'];
  #entries: TraceEntry[] = [];
  #session = '';

  constructor({ bus, clock, hopAt, place, push, scratch }: RecordParts) {
    this.#hopAt = hopAt;
    this.#scratch = `${scratch}/`;
    this.#push = push;
    recordSessions(bus, clock, (entry) => this.#add(entry), place);
    // The file level fails for this client only: no hook was called.
    bus.on('hook-error', ({ hook, message }) => {
      if (!hook.startsWith('hook.')) this.note(`${hook}: ${message}`);
    });
  }

  #add(entry: TraceEntry): void {
    this.#count(entry);
    this.#session = entry.session;
    this.#keep(this.#plain(entry));
  }

  /** Without what nobody but the bench knows. */
  #plain(entry: TraceEntry): TraceEntry {
    switch (entry.kind) {
      case 'hook':
        return { ...entry, args: entry.args.replaceAll(this.#scratch, '') };
      case 'next-hop':
        return { ...entry, peer: this.#named(entry.peer), line: this.#named(entry.line) };
      default:
        return entry;
    }
  }

  #named(text: string): string {
    return text.replace(/^198\.18\.0\.\d+(?=:|$)/, (address) => this.#hopAt(address) ?? address);
  }

  #keep(entry: TraceEntry): void {
    this.#push?.(entry);
    if (entry.kind === 'client' || entry.kind === 'connect') this.#entries = [];
    this.#entries.push(entry);
    if (this.#entries.length > 2 * MOST_ENTRIES) this.#entries = this.#entries.slice(-MOST_ENTRIES);
  }

  #count(entry: TraceEntry): void {
    switch (entry.kind) {
      case 'hook':
        this.#countOf(entry.hook).called += 1;
        break;
      case 'hook-end':
        if (ANSWER.test(entry.result)) this.#countOf(entry.hook).ended += 1;
        break;
      case 'hook-lines': {
        const count = this.#countOf(entry.hook);
        count.called += entry.calls;
        count.ended += entry.result === '' || ANSWER.test(entry.result) ? entry.calls : entry.calls - 1;
        break;
      }
      default:
    }
  }

  #countOf(hook: string): HookCount {
    let count = this.hooks.get(hook);
    if (count === undefined) {
      count = { called: 0, ended: 0 };
      this.hooks.set(hook, count);
    }
    return count;
  }

  /** Something that whoever plays the case does, in words. */
  note(text: string): void {
    const last = this.#entries.at(-1);
    this.#keep({ kind: 'note', text, session: this.#session, at: last?.at ?? 0 });
  }

  missing(what: string, paste: string): void {
    if (!this.missingFakes.some((one) => one.paste === paste && one.what === what))
      this.missingFakes.push({ what, paste });
  }

  /** What happened since the client has last said something, that included: the last steps. */
  get sinceLastCommand(): readonly TraceEntry[] {
    return this.#entries.slice(-MOST_ENTRIES);
  }
}
