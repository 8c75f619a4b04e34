// What a message's content is shown to while it comes in, by key (observer-table.ts): a key is a table that the policy reads, such as
// mime.parts. One for each message; it costs nothing until a key is wanted, and when that happens in mid-message the reader of the key is
// shown what came before. Knows nothing of what the readers look for. The session owns it.
//
// A reader must never await, throw, or keep a chunk that it is fed without copying it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { LiveTable } from '../lua-api/value.ts';
import type { MimeLimitName, MimeLimits } from './mime/limits.ts';
import type { ContentObserver } from './receiver.ts';
import type { StoredMessage } from './stored-message.ts';
import type { ParseUri } from './uri/collector.ts';

/** What readers are made with. */
export interface ObserverSetup {
  readonly limits: MimeLimits;
  readonly parseUri: ParseUri;
  /** Gets a line when a limit makes something opaque; each limit once. */
  readonly log: Log | undefined;
}

/** The tables to be filled, by their keys. */
export type Tables<K extends string> = { readonly [key in K]?: LiveTable };

/** Fills the tables of one or several keys; one for each message. */
export interface MessageReader {
  /**
   * A pass over the content from its first byte on that fills these tables. `atOnce`: all of the message is there and is fed, to its end, before
   * anybody looks at them.
   */
  pass(tables: Tables<string>, atOnce: boolean): ContentObserver;
  /** Somebody who read the message again has come to a limit. */
  reached?(name: MimeLimitName): void;
}

export interface ObserverRow {
  /** The lazy field of the API that shows the table: it is forgotten when the transaction ends. None where functions give what is in it. */
  readonly shown?: { readonly module: string; readonly field: string };
  /** Rows with the same reader that are wanted before the first byte are filled in one pass. */
  readonly reader: (setup: ObserverSetup) => MessageReader;
}

export type ObserverTable<K extends string> = Readonly<Record<K, ObserverRow>>;

/** A pass at work, and what came in while it still reads what was before. */
interface Run {
  readonly pass: ContentObserver;
  waiting: Buffer[] | undefined;
}

/** A message in memory up to this size is read again at once, a larger one in pieces with a turn of the event loop between them. */
const atOnceBytes = 262_144;
const turnBytes = 65_536;

export class MessageObservers<K extends string> implements ContentObserver {
  readonly #table: ObserverTable<K>;
  readonly #setup: ObserverSetup;
  readonly #readers = new Map<ObserverRow['reader'], MessageReader>();
  /** Tables that were wanted before the first byte. */
  readonly #early = new Map<MessageReader, Tables<string>>();
  #runs: Run[] = [];
  #begun = false;
  #ended = false;
  #closed = false;

  constructor(table: ObserverTable<K>, setup: ObserverSetup) {
    this.#table = table;
    this.#setup = setup;
  }

  /**
   * Fills `live` with what the key stands for from now on, and for the part of the message that is there already. The promise resolves
   * when that has been read; there is none when it was at hand. Rejects when the stored message cannot be read.
   */
  observe(key: K, live: LiveTable, message: StoredMessage | undefined): void | Promise<void> {
    const reader = this.#readerOf(this.#table[key].reader);
    const size = message?.size ?? 0;
    if (message === undefined || size === 0) {
      if (!this.#begun) this.#early.set(reader, { ...this.#early.get(reader), [key]: live });
      return;
    }
    const { pieces } = message;
    const isAtHand = pieces !== undefined && size <= atOnceBytes;
    const run: Run = { pass: reader.pass({ [key]: live }, isAtHand && this.#ended), waiting: undefined };
    this.#runs.push(run);
    if (!isAtHand) return this.#replay(run, message, size);
    for (const piece of pieces) run.pass.feed(piece);
    if (this.#ended) run.pass.end();
  }

  /** A limit was reached by whoever reads the message apart from this; for the table of the key. */
  reached(key: K, name: MimeLimitName): void {
    this.#readerOf(this.#table[key].reader).reached?.(name);
  }

  /** The next bytes of the message, after they have been stored. */
  feed(content: Buffer): void {
    if (!this.#begun) {
      this.#begun = true;
      for (const [reader, tables] of this.#early)
        this.#runs.push({ pass: reader.pass(tables, false), waiting: undefined });
    }
    for (const run of this.#runs) {
      if (run.waiting === undefined) run.pass.feed(content);
      else run.waiting.push(content);
    }
  }

  /** The message is complete. A table wanted later is filled from the stored message as it is then. */
  end(): void {
    this.#ended = true;
    for (const run of this.#runs) if (run.waiting === undefined) run.pass.end();
  }

  /** Gives up: the message is over. A replay in progress stops; its promise resolves. */
  close(): void {
    this.#closed = true;
    this.#runs = [];
  }

  #readerOf(create: ObserverRow['reader']): MessageReader {
    const known = this.#readers.get(create);
    if (known !== undefined) return known;
    const reader = create(this.#setup);
    this.#readers.set(create, reader);
    return reader;
  }

  async #replay(run: Run, message: StoredMessage, size: number): Promise<void> {
    run.waiting = [];
    let left = size;
    try {
      for await (const piece of message.read()) {
        for (let at = 0; at < piece.length && left > 0; at += turnBytes) {
          if (this.#closed) return;
          const part = piece.subarray(at, at + Math.min(turnBytes, left));
          left -= part.length;
          run.pass.feed(part);
          await nextTurn();
        }
        if (left <= 0) break;
      }
    } catch (error) {
      this.#runs = this.#runs.filter((item) => item !== run);
      throw error;
    }
    if (this.#closed) return;
    for (const piece of run.waiting) run.pass.feed(piece);
    run.waiting = undefined;
    if (this.#ended) run.pass.end();
  }
}
