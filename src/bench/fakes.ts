// All that a test has said of the outside world: for a file, and for a case, which sees what its file has said besides.
import type { LuaRef } from '../lua-api/value.ts';
import { type Fake, FakeTable } from './fake-table.ts';
import type { HopScript } from './ports/scripted-hop.ts';
import type { ClamdAnswer, HttpAnswer, RspamdAnswer, SpamdAnswer } from './ports/scripted-services.ts';
import type { ZoneAnswer } from './ports/zone-resolver.ts';

export type HttpFake = HttpAnswer | { readonly kind: 'function'; readonly ref: LuaRef };

export type HopFake =
  | { readonly kind: 'answers'; readonly script: HopScript }
  /** Nobody listens there, or nothing ever comes. */
  | { readonly kind: 'refused' | 'silent' };

/** Somebody in a user database. */
export type UserFake =
  | {
      readonly kind: 'user';
      /** undefined: he is there, and cannot log in. */
      readonly password: string | undefined;
      readonly fields: Readonly<Record<string, string>>;
      readonly isDisabled: boolean;
      readonly maildir: string | undefined;
    }
  | { readonly kind: 'unknown' | 'unavailable' };

/** Somebody's mailboxes. */
export type MailFake =
  | { readonly kind: 'there'; readonly mailboxes: readonly string[] }
  | { readonly kind: 'refuses'; readonly why: string }
  | { readonly kind: 'missing' };

export class Fakes {
  /** By `name TYPE`, the name in lower case without final dot. */
  readonly dns: FakeTable<ZoneAnswer>;
  /** By `METHOD URL`, or `URL` for any method. */
  readonly http: FakeTable<HttpFake>;
  /** By `host:port` or path, in lower case. */
  readonly hops: FakeTable<HopFake>;
  /** By the name of a file, or by a text that the message has. */
  readonly clamd: FakeTable<ClamdAnswer>;
  readonly spamd: FakeTable<SpamdAnswer>;
  readonly rspamd: FakeTable<RspamdAnswer>;
  /** By name, in lower case. */
  readonly users: FakeTable<UserFake>;
  readonly storage: FakeTable<MailFake>;

  constructor(parent?: Fakes) {
    this.dns = new FakeTable(parent?.dns);
    this.http = new FakeTable(parent?.http);
    this.hops = new FakeTable(parent?.hops);
    this.clamd = new FakeTable(parent?.clamd);
    this.spamd = new FakeTable(parent?.spamd);
    this.rspamd = new FakeTable(parent?.rspamd);
    this.users = new FakeTable(parent?.users);
    this.storage = new FakeTable(parent?.storage);
  }

  /** Those of this set that nobody has asked for, in the order in which they stand in the file. */
  get unused(): readonly Fake<unknown>[] {
    const { clamd, dns, hops, http, rspamd, spamd, storage, users } = this;
    return [dns, http, hops, clamd, spamd, rspamd, users, storage]
      .flatMap((table): readonly Fake<unknown>[] => table.unused)
      .sort((a, b) => a.place.line - b.place.line);
  }
}
