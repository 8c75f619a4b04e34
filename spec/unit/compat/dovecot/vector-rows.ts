// The rows that were recorded from Dovecot (spec/vectors/dovecot.json), by who replays them. differences.spec.ts sees that none is left out.
import { readFileSync } from 'node:fs';

/** A call of a push script: of what, in which transaction, and the event. */
export type RecordedCall = readonly [name: string, number: number, about?: Readonly<Record<string, unknown>>];

export interface VectorRow {
  readonly group: string;
  readonly id: string;
  readonly kind?: string;
  readonly script?: string;
  readonly scripts?: readonly string[];
  readonly request?: unknown;
  readonly reply?: { readonly result: string; readonly fields: Readonly<Record<string, string | true>> };
  readonly lookup?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly log?: readonly string[];
  readonly oracle_crashed?: boolean;
  readonly call?: string;
  readonly client?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly reason_varies?: boolean;
  readonly payload?: string;
  readonly error?: string;
  readonly server_saw?: readonly (readonly string[])[];
  readonly result?: string;
  readonly message?: string;
  readonly message_base64?: string;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly calls?: readonly RecordedCall[];
  readonly ok?: boolean;
  readonly values?: readonly unknown[];
}

const file = JSON.parse(readFileSync(new URL('../../../vectors/dovecot.json', import.meta.url), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly cases: readonly VectorRow[];
};

/** All rows. */
export const vectorRows = file.cases;
export const vectorScripts = file.scripts;

/** What a log-in was asked with. */
export const requestOf = ({ request }: VectorRow): Readonly<Record<string, string>> =>
  (request ?? {}) as Readonly<Record<string, string>>;

const select = (wanted: (row: VectorRow) => boolean): readonly VectorRow[] => file.cases.filter(wanted);
const group = (name: string): readonly VectorRow[] => select((row) => row.group === name);

export const replayed = {
  /** By auth-vectors.spec.ts. */
  logIns: select((row) => row.reply !== undefined && row.group !== 'httpbasic'),
  userLookUps: group('userdb'),
  brokenScripts: select(({ kind }) => kind === 'script does not start'),
  /** By http-vectors.spec.ts. */
  webCalls: select((row) => row.group === 'http' && (row.call ?? row.client) !== undefined),
  /** By vectors.spec.ts. */
  webScripts: select((row) => row.group === 'http' && (row.call ?? row.client) === undefined),
  basicLogIns: group('httpbasic'),
  /** By push-event-vectors.spec.ts; the messages of some, and all of `messages`, by message-vectors.spec.ts. */
  events: group('push'),
  messages: group('message-new'),
  /** By push-vectors.spec.ts. */
  transactions: group('push-txn'),
  /** By spec/real/push-scripts.spec.ts. */
  seedExamples: group('push-seed'),
  /** By storage-vectors.spec.ts. */
  users: group('mail-user'),
  mailboxes: group('mailbox'),
};
