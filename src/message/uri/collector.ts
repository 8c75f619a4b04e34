// uri.found of one message: what the finders offer is parsed, each URI is kept once (by uri_raw), and no more than the limit. The headers
// have a count of their own, so that nobody can hide the URIs of the body behind a long header. What stands in a URI (nested.ts) follows it.
// Called by finder.ts, header.ts, shown-text.ts.
import type { Uri } from '../../uri/parse-uri.ts';
import type { MimeLimits } from '../mime/limits.ts';
import { Found, type FoundUri, type ShownLink, type UriSource } from './found.ts';
import { nestedIn } from './nested.ts';
import type { Candidate } from './token.ts';

/** uri.parse: undefined when the text, latin1, is no URI. `href`: it is read as browsers read the value of an attribute. */
export type ParseUri = (text: string, href: boolean) => Uri | undefined;

/** Limits that leave out something of what was found. */
export type UriLimitName = 'uris' | 'uriLength';

export interface UriSink {
  /** `key` is the MD5 of uri_raw in lower-case hex. Comes again at the end for what has become known of it since. */
  uri(key: string, found: FoundUri, isNew: boolean): void;
  limit(name: UriLimitName): void;
}

/** Searches a page, or a script, that stands in a URI. */
export type SearchPage = (collector: UriCollector, part: number, text: string) => void;

/** URIs within URIs. */
const deepest = 4;

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
  readonly #searchPage: SearchPage;
  /** How many URIs this one's stand in. */
  readonly #depth: number;
  readonly #found = new Map<string, Found>();
  /** Those that nobody was told of yet: most of what is known of one is known a moment later. */
  #untold: Found[] = [];
  readonly #headers: Used = { count: 0, octets: 0, refused: false };
  readonly #bodies: Used = { count: 0, octets: 0, refused: false };

  constructor(
    parse: ParseUri,
    limits: Pick<MimeLimits, 'uris' | 'uriLength'>,
    sink: UriSink,
    searchPage: SearchPage,
    depth = 0,
  ) {
    this.#parse = parse;
    this.#limits = limits;
    this.#sink = sink;
    this.#searchPage = searchPage;
    this.#depth = depth;
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

  /** What is listed of it, new or not; undefined when it is no URI. 'full' when it is one that is not taken. */
  offer({ raw, text, href, marks }: Candidate, part: number, source: UriSource): Found | 'full' | undefined {
    const known = this.#found.get(raw);
    if (known !== undefined) {
      this.#again(known, part, source, marks);
      return known;
    }
    // The whole of it is parsed, however long: what is cut afterwards cannot move the host.
    const whole = this.#parse(text, href);
    if (whole === undefined) return undefined;
    const parsed = this.#cut(raw === text ? whole : { ...whole, uri_raw: raw });
    if (parsed === undefined) return undefined;
    const same = this.#found.get(parsed.uri_raw);
    if (same !== undefined) {
      this.#again(same, part, source, marks);
      return same;
    }
    const found = new Found(parsed, part, source, marks);
    if (!this.#take(found)) return 'full';
    if (this.#depth < deepest) this.#searchWithin(found, text, whole);
    return found;
  }

  /** The same text once more: all that it gave. */
  again(found: readonly Found[], part: number, source: UriSource): void {
    for (const one of found) this.#again(one, part, source, 0);
  }

  /** Nothing is counted any more behind the URI that was one too many: how far is read behind it depends on how the message comes in. */
  #again(found: Found, part: number, source: UriSource, marks: number): void {
    if (!this.full(part)) found.again(part, source, marks);
  }

  /** What a link shows, of a URI that is listed or, with `mayBeNew`, is one. */
  shown(candidate: Candidate, link: ShownLink | undefined, part: number, mayBeNew: boolean): void {
    if (this.full(part)) return;
    let found: Found | 'full' | undefined = this.#found.get(candidate.raw);
    if (mayBeNew) found ??= this.offer(candidate, part, 'href');
    if (link !== undefined && found !== undefined && found !== 'full') found.shows(link);
  }

  /** The first host in what a link shows. */
  hostOf(candidates: readonly Candidate[]): string | undefined {
    for (const [index, { text, href }] of candidates.entries()) {
      const host = this.#parse(text, href)?.host;
      if (host === undefined) continue;
      // The end of a name whose first letters only look like others: whoever has that domain shows the whole.
      const next = candidates[index + 1];
      const whole = next?.text.endsWith(text) === true ? this.#parse(next.text, next.href)?.host : undefined;
      return whole !== undefined && /^[\0-\x7f]*$/.test(whole) ? whole : host;
    }
    return undefined;
  }

  /** Some of the message was read: what is new in it is told. */
  tell(): void {
    for (const found of this.#untold) this.#tell(found, true);
    if (this.#untold.length > 0) this.#untold = [];
  }

  /** The message is complete: what has become known since is told. */
  flush(): void {
    this.tell();
    for (const found of this.#found.values()) {
      if (!found.changed) continue;
      this.#tell(found, false);
    }
  }

  /** For who begins to look in the middle: what is listed so far. */
  list(sink: Pick<UriSink, 'uri'>): void {
    for (const found of this.#found.values()) sink.uri(found.key, found.shown(this.#isListed), true);
  }

  #searchWithin(found: Found, text: string, uri: Uri): void {
    const nested = nestedIn(text, uri);
    if (nested === undefined) return;
    const { part } = found;
    const fork = this.fork(this.#depth + 1);
    if (nested.kind === 'page') this.#searchPage(fork.collector, part, nested.text);
    else for (const candidate of nested.candidates) fork.collector.offer(candidate, part, 'nested');
    const raws = fork.join('nested');
    if (raws.length === 0) return;
    found.nested = raws.filter((raw) => raw !== found.uri.uri_raw);
    found.changed = true;
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
   * it has found counts when `join` is called, which gives what that was. Its depth is that of what stands in URIs.
   */
  fork(depth = this.#depth): {
    readonly collector: UriCollector;
    join(source?: UriSource): readonly string[];
  } {
    const reached = new Set<UriLimitName>();
    const sink: UriSink = { uri: () => undefined, limit: (name) => void reached.add(name) };
    const collector = new UriCollector(this.#parse, this.#limits, sink, this.#searchPage, depth);
    return {
      collector,
      join: (source) => {
        for (const found of collector.#found.values()) this.#join(found, source);
        for (const name of reached) this.#sink.limit(name);
        return [...collector.#found.keys()];
      },
    };
  }

  #join(found: Found, source: UriSource | undefined): void {
    if (source !== undefined) found.source = source;
    const known = this.#found.get(found.uri.uri_raw);
    if (known === undefined) {
      this.#take(found);
      return;
    }
    // What two readings of the same text find stands there once.
    const isAgain = source === undefined && known.lastPart === found.lastPart;
    known.again(found.lastPart, found.source, found.obscured, isAgain ? 0 : found.count);
    if (found.link !== undefined) known.shows(found.link);
  }

  /** Something that may be a URI was left out of the list. */
  leaveOut(): void {
    this.#sink.limit('uris');
  }

  /** Lists it when it is within the limits. */
  #take(found: Found): boolean {
    const name = found.uri.uri_raw;
    const used = this.#used(found.part);
    if (used.count >= this.#limits.uris || used.octets >= this.#limits.uris * meanLength) {
      if (!used.refused) this.leaveOut();
      used.refused = true;
      return false;
    }
    this.#found.set(name, found);
    used.count++;
    used.octets += name.length;
    if (this.#depth === 0) this.#untold.push(found);
    return true;
  }

  readonly #isListed = (raw: string): boolean => this.#found.has(raw);

  #tell(found: Found, isNew: boolean): void {
    // What stands in it may be listed later, as it stands elsewhere too: the headers have a limit of their own.
    found.changed = found.nested?.every(this.#isListed) === false;
    this.#sink.uri(found.key, found.shown(this.#isListed), isNew);
  }
}
