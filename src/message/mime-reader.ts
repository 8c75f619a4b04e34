// Fills mime.parts, uri.found, mime.defects and mime.limits of one message, those that are wanted at the same time in one pass of the MIME
// parser. What a limit made opaque is shown by every table of mime.limits, and logged once, whatever pass it was that reached it. URIs are
// looked for once: whoever wants a table of them later has it filled from what the first pass finds.
import type { LiveTable, LuaRecord } from '../lua-api/value.ts';
import { limitOption, limitText, type MimeLimitName } from './mime/limits.ts';
import { MimeParser } from './mime/parts.ts';
import type { MimeSink } from './mime/sink.ts';
import type { MessageReader, ObserverSetup, Tables } from './observers.ts';
import type { ContentObserver } from './receiver.ts';
import { UriCollector } from './uri/collector.ts';
import type { FoundUri } from './uri/found.ts';
import { searchHeader } from './uri/header.ts';
import { searchPage, secondUriReader, uriReader } from './uri/text.ts';

export type MimeKey = 'mime.parts' | 'uri.found' | 'uri.domains' | 'mime.defects' | 'mime.limits';

/**
 * A pass that several readings of the same message feed: what one has fed the others pass over. What it finds is told as it goes on, or when all is
 * read: then each URI is told once, with the link that showed it.
 */
class SharedPass {
  readonly #pass: ContentObserver;
  readonly #collector: UriCollector;
  readonly #atOnce: boolean;
  #fed = 0;
  #ended = false;

  constructor(pass: ContentObserver, collector: UriCollector, atOnce: boolean) {
    this.#pass = pass;
    this.#collector = collector;
    this.#atOnce = atOnce;
  }

  reading(): ContentObserver {
    let at = 0;
    return {
      feed: (content) => {
        const known = Math.max(0, this.#fed - at);
        at += content.length;
        if (this.#ended || known >= content.length) return;
        this.#fed = at;
        this.#pass.feed(known === 0 ? content : content.subarray(known));
        if (!this.#atOnce) this.#collector.tell();
      },
      end: () => {
        if (this.#ended) return;
        this.#ended = true;
        this.#pass.end();
        this.#collector.flush();
      },
    };
  }
}

const both = (first: ContentObserver, second: ContentObserver): ContentObserver => ({
  feed(content) {
    first.feed(content);
    second.feed(content);
  },
  end() {
    first.end();
    second.end();
  },
});

/** Who is told of each URI. */
interface UriTable {
  uri(key: string, found: FoundUri, isNew: boolean): void;
  truncated(): void;
}

function foundTable(table: LiveTable): UriTable {
  return {
    uri(key, found, isNew) {
      if (isNew) table.append(key);
      table.set(key, found as FoundUri & LuaRecord);
    },
    truncated: () => table.set('truncated', true),
  };
}

/** Registered domains, each once. */
function domainTable(table: LiveTable): UriTable {
  const known = new Set<string>();
  return {
    uri(_key, { scheme, domain }) {
      if (domain === undefined || known.has(domain) || /^[cm]id$/i.test(scheme)) return;
      known.add(domain);
      table.append(domain);
    },
    truncated: () => table.set('truncated', true),
  };
}

class MimeReader implements MessageReader {
  readonly #setup: ObserverSetup;
  readonly #reported = new Set<MimeLimitName>();
  readonly #limitTables: LiveTable[] = [];
  readonly #uriTables: UriTable[] = [];
  #collector: UriCollector | undefined;
  /** The pass that looks for URIs. */
  #search: SharedPass | undefined;

  constructor(setup: ObserverSetup) {
    this.#setup = setup;
  }

  pass(tables: Tables<MimeKey>, atOnce: boolean): ContentObserver {
    const { 'mime.parts': parts, 'mime.defects': defects, 'mime.limits': limits } = tables;
    const limit = (name: MimeLimitName): void => this.#limit(name);
    const known = this.#search;
    const collector = this.#collectorFor(tables);
    if (limits !== undefined) {
      this.#limitTables.push(limits);
      for (const name of this.#reported) limits.set(limitOption(name), true);
    }
    if (known !== undefined && parts === undefined && defects === undefined && limits === undefined)
      return known.reading();
    const sink: MimeSink = {
      part: parts === undefined ? undefined : (record) => parts.append(record),
      text:
        collector === undefined
          ? undefined
          : (part, facts, reading) =>
              (reading === 'first' ? uriReader : secondUriReader)(collector, part, facts),
      defect: defects === undefined ? undefined : (name) => defects.set(name, true),
      header:
        collector === undefined
          ? undefined
          : (name, value, part) => searchHeader(collector, name, value, part),
      limit,
    };
    const pass = new MimeParser(sink, this.#setup.limits);
    if (collector === undefined) {
      const wantsUris = tables['uri.found'] ?? tables['uri.domains'];
      return known === undefined || wantsUris === undefined ? pass : both(known.reading(), pass);
    }
    this.#search = new SharedPass(pass, collector, atOnce);
    return this.#search.reading();
  }

  reached(name: MimeLimitName): void {
    this.#limit(name);
  }

  /** Where the URIs go that the pass for these tables is to look for; undefined when it need not, because another one does. */
  #collectorFor(tables: Tables<MimeKey>): UriCollector | undefined {
    const { 'uri.found': uris, 'uri.domains': domains } = tables;
    const wanted: UriTable[] = [];
    if (uris !== undefined) wanted.push(foundTable(uris));
    if (domains !== undefined) wanted.push(domainTable(domains));
    if (wanted.length === 0) return undefined;
    this.#uriTables.push(...wanted);
    if (this.#collector !== undefined) {
      for (const table of wanted) {
        this.#collector.list(table);
        if (this.#reported.has('uris')) table.truncated();
      }
      return undefined;
    }
    this.#collector = new UriCollector(
      this.#setup.parseUri,
      this.#setup.limits,
      {
        uri: (key, found, isNew) => {
          for (const table of this.#uriTables) table.uri(key, found, isNew);
        },
        limit: (name) => {
          if (name === 'uris') for (const table of this.#uriTables) table.truncated();
          this.#limit(name);
        },
      },
      searchPage,
    );
    return this.#collector;
  }

  #limit(name: MimeLimitName): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    for (const table of this.#limitTables) table.set(limitOption(name), true);
    const consequence = limitText(name, this.#setup.limits);
    this.#setup.log?.emit('mime-limit', { consequence, limit: name });
  }
}

/** The reader of these keys for a message. */
export const mimeReader = (setup: ObserverSetup): MessageReader => new MimeReader(setup);
