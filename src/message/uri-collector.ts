// uri.found of one message: what the finders offer is parsed, each URI is kept once (by uri_raw), and no more than the limit. The headers
// have a count of their own, so that nobody can hide the URIs of the body behind a long header. Called by uri-finder.ts, uri-header.ts.
import { createHash } from 'node:crypto';
import type { Uri } from '../uri/parse-uri.ts';
import type { MimeLimits } from './mime-limits.ts';
import type { Candidate } from './uri-token.ts';

/** uri.parse: undefined when the text, latin1, is no URI. */
export type ParseUri = (text: string) => Uri | undefined;

/** An entry of uri.found: as uri.parse gives it, with the number of the part; 0 is the message headers. */
export interface FoundUri extends Uri {
  readonly mime_part: number;
}

export interface UriSink {
  /** `key` is the MD5 of uri_raw in lower-case hex. */
  uri(key: string, found: FoundUri): void;
  limit(name: 'uris'): void;
}

/** What one place, headers or bodies, has used up. */
interface Used {
  count: number;
  octets: number;
}

/** Mean length of all URIs together that the limit on their number stands for: few are long, and each is kept in several forms. */
const meanLength = 256;

export class UriCollector {
  readonly #parse: ParseUri;
  readonly #sink: UriSink;
  readonly #limits: Pick<MimeLimits, 'uris' | 'uriLength'>;
  readonly #seen = new Set<string>();
  readonly #headers: Used = { count: 0, octets: 0 };
  readonly #bodies: Used = { count: 0, octets: 0 };

  constructor(parse: ParseUri, limits: Pick<MimeLimits, 'uris' | 'uriLength'>, sink: UriSink) {
    this.#parse = parse;
    this.#limits = limits;
    this.#sink = sink;
  }

  /** The longest run of octets that is looked at as one: a URI of full length with every character written as a reference. */
  get tokenLength(): number {
    return this.#limits.uriLength * 8;
  }

  /** No more URIs are taken from the headers (part 0) or the bodies. */
  full(part: number): boolean {
    const used = part === 0 ? this.#headers : this.#bodies;
    return used.count >= this.#limits.uris || used.octets >= this.#limits.uris * meanLength;
  }

  /** True when it is a URI, new or not. */
  offer(candidate: Candidate, part: number): boolean {
    const same = candidate.raw === candidate.text;
    const raw = candidate.raw.slice(0, this.#limits.uriLength);
    if (this.#seen.has(raw)) return true;
    const parsed = this.#parse(same ? raw : candidate.text.slice(0, this.#limits.uriLength));
    if (parsed === undefined) return false;
    const name = same ? parsed.uri_raw : raw;
    if (!this.#seen.has(name) && !this.full(part)) this.#take(name, parsed, part);
    return true;
  }

  /**
   * A collector for a second reading of a body, so that the order of uri.found does not depend on how the two readings take turns: what
   * it has found counts when `join` is called.
   */
  fork(): { readonly collector: UriCollector; join(): void } {
    const found: FoundUri[] = [];
    const sink: UriSink = { uri: (_key, uri) => found.push(uri), limit: () => undefined };
    return {
      collector: new UriCollector(this.#parse, this.#limits, sink),
      join: () => {
        for (const uri of found)
          if (!this.#seen.has(uri.uri_raw) && !this.full(uri.mime_part))
            this.#take(uri.uri_raw, uri, uri.mime_part);
      },
    };
  }

  #take(name: string, parsed: Uri, part: number): void {
    this.#seen.add(name);
    const used = part === 0 ? this.#headers : this.#bodies;
    used.count++;
    used.octets += name.length;
    const key = createHash('md5').update(name, 'latin1').digest('hex');
    this.#sink.uri(key, { ...parsed, uri_raw: name, mime_part: part });
    if (this.full(part)) this.#sink.limit('uris');
  }
}
