// An entry of uri.found as it grows while the message is read: a URI that stands in several places is one. What a policy sees of it is made by
// `shown`. Kept by collector.ts. Text is bytes as latin1.
import { hash } from 'node:crypto';
import { type HostNames, hostNames } from '../../uri/host-names.ts';
import { type ObscuredReason, obscuredHost, reasonsOf } from '../../uri/obscured.ts';
import type { Uri } from '../../uri/parse-uri.ts';

/** Where a URI can stand, from what is followed first to what hardly ever is; of several places the first one in this list counts. */
export const uriSources = {
  href: 'attribute `href` of a link, an area, a base or a style sheet',
  action: 'attribute `action` or `formaction` of a form',
  meta: 'a meta refresh',
  src: 'attribute `src`, `srcset`, `background` and the like: what is loaded to be shown',
  css: '`url()` of a style sheet',
  attribute: 'another attribute that holds a URL (`cite`, `ping`, `data` ...)',
  text: 'text, in HTML also comments, scripts and values of other attributes',
  header: 'the headers',
  nested:
    'another URI: its path, query or fragment, `data:`, `javascript:`, or the further addresses of `mailto:`',
} as const;

export type UriSource = keyof typeof uriSources;

const sources = Object.keys(uriSources) as readonly UriSource[];
const rank = new Map(sources.map((source, index) => [source, index]));

/** What a link shows: its text with blanks joined, and the first host in it. */
export interface ShownLink {
  readonly text: string;
  readonly host: string | undefined;
  readonly domain: string | undefined;
}

/** An entry of uri.found: as uri.parse gives it, with the number of the part; 0 is the message headers. */
export interface FoundUri extends Uri {
  readonly mime_part: number;
  readonly address: string | undefined;
  readonly ascii: string | undefined;
  readonly domain: string | undefined;
  readonly source: UriSource;
  readonly count: number;
  readonly text: string | undefined;
  readonly text_host: string | undefined;
  readonly text_domain: string | undefined;
  readonly obscured: Readonly<Partial<Record<ObscuredReason, true>>> | undefined;
  readonly nested: readonly string[] | undefined;
}

export class Found {
  readonly uri: Uri;
  readonly part: number;
  readonly names: HostNames;
  source: UriSource;
  count = 1;
  /** The last part that it was seen in. */
  lastPart: number;
  obscured: number;
  link: ShownLink | undefined;
  /** Those that stand in it, by uri_raw. */
  nested: string[] | undefined;
  /** What a policy was shown is older than this. */
  changed = false;
  #key: string | undefined;

  constructor(uri: Uri, part: number, source: UriSource, marks: number) {
    this.uri = uri;
    this.part = part;
    this.lastPart = part;
    this.source = source;
    this.names = hostNames(uri.host);
    this.obscured = marks | obscuredHost(uri, this.names);
  }

  get key(): string {
    this.#key ??= keyOf(this.uri.uri_raw);
    return this.#key;
  }

  /** It stands in another place as well. True when what is shown of it changes. */
  again(part: number, source: UriSource, marks: number, times = 1): void {
    this.count += times;
    this.lastPart = part;
    if ((rank.get(source) ?? 0) < (rank.get(this.source) ?? 0)) this.source = source;
    this.obscured |= marks;
    this.changed = true;
  }

  /** A link to it shows this: one with a host counts for more than one without, and one with another domain's for most. */
  shows(link: ShownLink): void {
    if (this.link !== undefined && this.#weight(link) <= this.#weight(this.link)) return;
    this.link = link;
    this.changed = true;
  }

  #weight({ host, domain }: ShownLink): number {
    if (host === undefined) return 0;
    const isSame = domain !== undefined && domain === this.names.domain;
    return isSame || host === (this.names.ascii ?? this.names.address) ? 1 : 2;
  }

  /** `isListed`: whether another one, by its uri_raw, is in the list. */
  shown(isListed: (raw: string) => boolean): FoundUri {
    const { uri, names, link } = this;
    const nested = this.nested?.filter(isListed).map(keyOf);
    return {
      uri_raw: uri.uri_raw,
      uri_decoded: uri.uri_decoded,
      scheme: uri.scheme,
      scheme_info: uri.scheme_info,
      user_info: uri.user_info,
      host: uri.host,
      port: uri.port,
      path: uri.path,
      query: uri.query,
      fragment: uri.fragment,
      mime_part: this.part,
      address: names.address,
      ascii: names.ascii,
      domain: names.domain,
      source: this.source,
      count: this.count,
      text: link?.text,
      text_host: link?.host,
      text_domain: link?.domain,
      obscured: reasonsOf(this.obscured),
      nested: nested === undefined || nested.length === 0 ? undefined : nested,
    };
  }
}

/** The key of a URI in uri.found: the MD5 of its uri_raw in lower-case hex. */
function keyOf(raw: string): string {
  // What is given as a string is hashed as UTF-8.
  return hash('md5', /^[\0-\x7f]*$/.test(raw) ? raw : Buffer.from(raw, 'latin1'), 'hex');
}
