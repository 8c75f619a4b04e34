// What the rest of smtpe asks of DNS. Implemented by dns/resolver.ts.
//
// A resolver must never reject, take longer than `timeoutMs`, say that a name does not exist when nobody could be asked, or ask the network
// for an address literal.

export interface DnsQuestion {
  /** Presentation form, with or without the final dot, as the asker spelled it. */
  readonly name: string;
  /** RR type number, e.g. 1 = A. */
  readonly type: number;
  /** Class number, 1 = IN. */
  readonly class: number;
}

/** `data` by type: A/AAAA text address; NS PTR CNAME DNAME name with final dot; MX {preference, value}; TXT {value: Buffer}; SOA ... */
export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
  readonly fields: Readonly<Record<string, string | number | Buffer | readonly string[]>>;
}

export const rcode = {
  OK: 0,
  NOERROR: 0,
  FORMAT: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOT_IMPLEMENTED: 4,
  REFUSED: 5,
  ERRNO: 16,
  TIMEDOUT: 17,
  TIMEOUT: 17,
} as const;

export interface DnsResponse {
  readonly question: DnsQuestion;
  /** 0-15 from the server, or ERRNO (no server could be asked, invalid name), TIMEDOUT. */
  readonly rcode: number;
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly extra: readonly DnsRecord[];
  /** Seconds the response may be kept; 0 for errors. */
  readonly ttl: number;
  /**
   * By DNSSEC, as a name server says whom we may believe: on this machine, or with option dns-trusted (RFC 4035 section 4.9.3). Undefined as
   * false.
   */
  readonly authenticated?: boolean;
  /** Cause in words when rcode is ERRNO, TIMEDOUT or a SERVFAIL of our own. */
  readonly error: string | undefined;
}

export interface Resolver {
  /** At once from the cache, else a promise that always resolves within `timeoutMs` (default: option dns-max-timeout). */
  query(
    question: DnsQuestion,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): DnsResponse | Promise<DnsResponse>;
  /**
   * First PTR name that may be a host's, lower case, no final dot; undefined when there is none or it could not be found in time, and,
   * without asking, for loopback. Addresses (`127.0.0.1`), `localhost` and `localdomain` are none. Whoever runs the reverse zone says what
   * they like: see confirms.
   */
  reverse(
    address: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<string | undefined>;
  /** Whether the name has this address (forward-confirmed reverse DNS); false when it could not be found in time. */
  confirms(
    host: string,
    address: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<boolean>;
  /**
   * Addresses of a host name (CNAMEs followed), IPv4 first; an address literal is returned as it is; empty when none. When one family has
   * answered the other is waited for a moment only (RFC 8305 section 3): a host whose AAAA is never answered is used at once.
   */
  addresses(
    host: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<readonly string[]>;
  /** Answers that are kept. */
  readonly cacheEntries?: number;
  close(): void;
}
