// The rows that were recorded from Dovecot (spec/vectors/dovecot.json), by who replays them. vectors.spec.ts counts that none is left out.
import { readFileSync } from 'node:fs';

export interface VectorRow {
  readonly group: string;
  readonly id: string;
  readonly kind?: string;
  readonly script?: string;
  readonly scripts?: readonly string[];
  readonly request?: Readonly<Record<string, string>>;
  readonly reply?: { readonly result: string; readonly fields: Readonly<Record<string, string | true>> };
  readonly lookup?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly log?: readonly string[];
  readonly oracle_crashed?: boolean;
  readonly call?: string;
  readonly client?: string;
  readonly server_saw?: readonly (readonly string[])[];
}

const file = JSON.parse(readFileSync(new URL('../../../vectors/dovecot.json', import.meta.url), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly cases: readonly VectorRow[];
};

/** All rows. */
export const vectorRows = file.cases;
export const vectorScripts = file.scripts;

const select = (wanted: (row: VectorRow) => boolean): readonly VectorRow[] => file.cases.filter(wanted);

/** Replayed by auth-vectors.spec.ts. */
export const logIns = select(({ group, reply }) => reply !== undefined && group !== 'httpbasic');
export const userLookUps = select(({ group, lookup }) => group === 'userdb' && lookup !== undefined);
export const brokenScripts = select(({ kind }) => kind === 'script does not start');
/** Replayed by http-vectors.spec.ts. */
export const webCalls = select(
  ({ group, call, client }) => group === 'http' && (call ?? client) !== undefined,
);
/** Replayed by vectors.spec.ts. */
export const webScripts = select(
  ({ group, call, client }) => group === 'http' && (call ?? client) === undefined,
);
export const basicLogIns = select(({ group }) => group === 'httpbasic');

/** Groups of which rows are replayed by nobody so far, with how many and why. */
export const notReplayed: Readonly<Record<string, { readonly rows: number; readonly why: string }>> = {
  push: { rows: 22, why: 'push notification is not there yet' },
  'push-txn': { rows: 16, why: 'push notification is not there yet' },
  'push-seed': { rows: 2, why: 'push notification is not there yet' },
  'message-new': { rows: 37, why: 'push notification is not there yet' },
  mailbox: { rows: 63, why: 'objects of mailboxes are not there yet' },
  'mail-user': { rows: 38, why: 'objects of users are not there yet' },
};
