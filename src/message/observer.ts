// What a message's content is shown to so that mime.parts and uri.found fill while it comes in. One for each message; it costs nothing
// until the policy reads one of the two, and when that happens in mid-message it is shown what came before. The session owns it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LiveTable } from '../lua/value.ts';
import type { Log } from '../ops/log.ts';
import { limitOption, limitText, type MimeLimitName, type MimeLimits } from './mime-limits.ts';
import { MimeParser } from './mime-parts.ts';
import type { MimeSink } from './mime-sink.ts';
import type { StoredMessage } from './stored-message.ts';
import { type ParseUri, UriCollector } from './uri-collector.ts';
import { searchHeader } from './uri-header.ts';
import { secondUriReader, uriReader } from './uri-text.ts';

export interface ObserverSetup {
  readonly limits: MimeLimits;
  readonly parseUri: ParseUri;
  /** Gets a line when a limit makes something opaque; each limit once. */
  readonly log: Log | undefined;
}

/** The tables to be filled. */
interface Tables {
  parts?: LiveTable;
  uris?: LiveTable;
  defects?: LiveTable;
  limits?: LiveTable;
}

/** A parser at work, and what came in while it still reads what was before. */
interface Run {
  readonly parser: MimeParser;
  waiting: Buffer[] | undefined;
}

/** A message in memory up to this size is read again at once, a larger one in pieces with a turn of the event loop between them. */
const atOnceBytes = 262_144;
const turnBytes = 65_536;

export class MessageObserver {
  readonly #setup: ObserverSetup;
  readonly #reported = new Set<MimeLimitName>();
  readonly #limitTables: LiveTable[] = [];
  /** Tables that were wanted before the first byte: one parser fills both. */
  #early: Tables | undefined;
  #runs: Run[] = [];
  #begun = false;
  #ended = false;
  #closed = false;

  constructor(setup: ObserverSetup) {
    this.#setup = setup;
  }

  /**
   * Fills `live` with the entries of mime.parts from now on, and with those of the part of the message that is there already. The promise
   * resolves when that has been read; there is none when it was at hand. Rejects when the stored message cannot be read.
   */
  activateParts(live: LiveTable, message: StoredMessage | undefined): void | Promise<void> {
    return this.#activate({ parts: live }, message);
  }

  /** The same for uri.found. */
  activateUris(live: LiveTable, message: StoredMessage | undefined): void | Promise<void> {
    return this.#activate({ uris: live }, message);
  }

  /** The same for mime.defects. */
  activateDefects(live: LiveTable, message: StoredMessage | undefined): void | Promise<void> {
    return this.#activate({ defects: live }, message);
  }

  /** The same for mime.limits, which also shows those that were reached while other tables were filled. */
  activateLimits(live: LiveTable, message: StoredMessage | undefined): void | Promise<void> {
    this.#limitTables.push(live);
    for (const name of this.#reported) live.set(limitOption(name), true);
    return this.#activate({ limits: live }, message);
  }

  /** The next bytes of the message, after they have been stored. */
  feed(content: Buffer): void {
    if (!this.#begun) {
      this.#begun = true;
      if (this.#early !== undefined)
        this.#runs.push({ parser: this.#parser(this.#early), waiting: undefined });
    }
    for (const run of this.#runs) {
      if (run.waiting === undefined) run.parser.feed(content);
      else run.waiting.push(content);
    }
  }

  /** The message is complete. A table activated later is filled from the stored message as it is then. */
  end(): void {
    this.#ended = true;
    for (const run of this.#runs) if (run.waiting === undefined) run.parser.end();
  }

  /** Gives up: the session is over. A replay in progress stops; its promise resolves. */
  close(): void {
    this.#closed = true;
    this.#runs = [];
  }

  #activate(tables: Tables, message: StoredMessage | undefined): void | Promise<void> {
    const size = message?.size ?? 0;
    if (message === undefined || size === 0) {
      if (!this.#begun) this.#early = { ...this.#early, ...tables };
      return;
    }
    const run: Run = { parser: this.#parser(tables), waiting: undefined };
    this.#runs.push(run);
    const { pieces } = message;
    if (pieces === undefined || size > atOnceBytes) return this.#replay(run, message, size);
    for (const piece of pieces) run.parser.feed(piece);
    if (this.#ended) run.parser.end();
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
          run.parser.feed(part);
          await nextTurn();
        }
        if (left <= 0) break;
      }
    } catch (error) {
      this.#runs = this.#runs.filter((item) => item !== run);
      throw error;
    }
    if (this.#closed) return;
    for (const piece of run.waiting) run.parser.feed(piece);
    run.waiting = undefined;
    if (this.#ended) run.parser.end();
  }

  #parser({ parts, uris, defects }: Tables): MimeParser {
    const limit = (name: MimeLimitName): void => this.#limit(name);
    const collector =
      uris === undefined
        ? undefined
        : new UriCollector(this.#setup.parseUri, this.#setup.limits, {
            uri: (key, found) => {
              uris.append(key);
              uris.set(key, { ...found });
            },
            limit: (name) => {
              if (name === 'uris') uris.set('truncated', true);
              limit(name);
            },
          });
    const sink: MimeSink = {
      part: parts === undefined ? undefined : (record) => parts.append(record),
      text:
        collector === undefined
          ? undefined
          : (part, facts, reading) =>
              (reading === 'first' ? uriReader : secondUriReader)(collector, part, facts),
      defect: defects === undefined ? undefined : (name) => defects.set(name, true),
      header: collector === undefined ? undefined : (name, value) => searchHeader(collector, name, value),
      limit,
    };
    return new MimeParser(sink, this.#setup.limits);
  }

  #limit(name: MimeLimitName): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    for (const table of this.#limitTables) table.set(limitOption(name), true);
    this.#setup.log?.write('info', `mime: ${limitText(name, this.#setup.limits)}`, { limit: name });
  }
}
