// uri.found of one message: what the finders offer is parsed, each URI is kept once (by uri_raw), and no more than the limit. The headers
// have a count of their own, so that nobody can hide the URIs of the body behind a long header. Called by uri-finder.ts, uri-header.ts.
import { createHash } from 'node:crypto';
import type { Uri } from '../uri/parse-uri.ts';
import type { MimeLimits } from './mime-limits.ts';
import type { Candidate } from './uri-token.ts';

/** uri.parse: undefined when the text, latin1, is no URI. `href`: it is read as browsers read the value of an attribute. */
export type ParseUri = (text: string, href: boolean) => Uri | undefined;

/** An entry of uri.found: as uri.parse gives it, with the number of the part; 0 is the message headers. */
export interface FoundUri extends Uri {
  readonly mime_part: number;
}

/** Limits that leave out something of what was found. */
export type UriLimitName = 'uris' | 'uriLength';

export interface UriSink {
  /** `key` is the MD5 of uri_raw in lower-case hex. */
  uri(key: string, found: FoundUri): void;
  limit(name: UriLimitName): void;
}

/** What one place, headers or bodies, has used up. */
interface Used {
  count: number;
  octets: number;
  /** There was a URI more than the limit allows. */
  refused: boolean;
}

/** Mean length of all URIs together that the limit on their number stands for: few are long, and each is kept in several forms. */
const meanLength = 256;

export class UriCollector {
  readonly #parse: ParseUri;
  readonly #sink: UriSink;
  readonly #limits: Pick<MimeLimits, 'uris' | 'uriLength'>;
  readonly #seen = new Set<string>();
  readonly #headers: Used = { count: 0, octets: 0, refused: false };
  readonly #bodies: Used = { count: 0, octets: 0, refused: false };

  constructor(parse: ParseUri, limits: Pick<MimeLimits, 'uris' | 'uriLength'>, sink: UriSink) {
    this.#parse = parse;
    this.#limits = limits;
    this.#sink = sink;
  }

  /** The longest run of octets that is looked at as one: a URI of full length with every character written as a reference. */
  get tokenLength(): number {
    return this.#limits.uriLength * 8;
  }

  #used(part: number): Used {
    return part === 0 ? this.#headers : this.#bodies;
  }

  /** There are more URIs in the headers (part 0) or the bodies than are taken: looking for further ones is no use. */
  full(part: number): boolean {
    return this.#used(part).refused;
  }

  /** True when it is a URI, new or not. */
  offer({ raw, text, href }: Candidate, part: number): boolean {
    if (this.#seen.has(raw)) return true;
    // The whole of it is parsed, however long: what is cut afterwards cannot move the host.
    const whole = this.#parse(text, href);
    const parsed =
      whole === undefined ? undefined : this.#cut(raw === text ? whole : { ...whole, uri_raw: raw });
    if (parsed === undefined) return false;
    this.#take(parsed, part);
    return true;
  }

  /** With no field longer than the limit; undefined when that is the host, which then is none that can be looked up. */
  #cut(uri: Uri): Uri | undefined {
    const limit = this.#limits.uriLength;
    if (uri.host !== undefined && uri.host.length > limit) return undefined;
    if (uri.uri_raw.length <= limit && uri.uri_decoded.length <= limit) return uri;
    const cut = (field: string | undefined): string | undefined => field?.slice(0, limit);
    if (uri.host !== undefined) this.#sink.limit('uriLength');
    return {
      ...uri,
      uri_raw: this.#cutRaw(uri),
      uri_decoded: uri.uri_decoded.slice(0, limit),
      scheme: uri.scheme.slice(0, limit),
      scheme_info: cut(uri.scheme_info),
      user_info: cut(uri.user_info),
      path: cut(uri.path),
      query: cut(uri.query),
      fragment: cut(uri.fragment),
    };
  }

  /** The beginning of it; when the host is not in there, some of the user information is left out, so that the host is. */
  #cutRaw({ uri_raw: raw, scheme, host, user_info: user }: Uri): string {
    const limit = this.#limits.uriLength;
    const beginning = raw.slice(0, limit);
    if (raw.length <= limit || host === undefined || user === undefined || scheme === 'mailto')
      return beginning;
    if (this.#parse(beginning, true)?.host === host) return beginning;
    const end = `@${host.includes(':') ? `[${host}]` : host}`;
    const start = raw.indexOf('//') + 2;
    return raw.slice(0, Math.max(start, limit - end.length)) + end;
  }

  /**
   * A collector for a second reading of a body, so that the order of uri.found does not depend on how the two readings take turns: what
   * it has found counts when `join` is called.
   */
  fork(): { readonly collector: UriCollector; join(): void } {
    const found: FoundUri[] = [];
    let refused = false;
    const sink: UriSink = {
      uri: (_key, uri) => found.push(uri),
      limit: (name) => {
        refused ||= name === 'uris';
      },
    };
    return {
      collector: new UriCollector(this.#parse, this.#limits, sink),
      join: () => {
        for (const uri of found) this.#take(uri, uri.mime_part);
        if (refused) this.#sink.limit('uris');
      },
    };
  }

  /** Something that may be a URI was left out of the list. */
  leaveOut(): void {
    this.#sink.limit('uris');
  }

  /** Lists it when it is new and within the limits. */
  #take(parsed: Uri, part: number): void {
    const name = parsed.uri_raw;
    if (this.#seen.has(name)) return;
    const used = this.#used(part);
    if (used.count >= this.#limits.uris || used.octets >= this.#limits.uris * meanLength) {
      if (!used.refused) this.leaveOut();
      used.refused = true;
      return;
    }
    this.#seen.add(name);
    used.count++;
    used.octets += name.length;
    const key = createHash('md5').update(name, 'latin1').digest('hex');
    this.#sink.uri(key, { ...parsed, mime_part: part });
  }
}
