// What an error reply of Redis means for the call that got it and for the connection.
//
// Must never read a word of a key or value as the name of an error: what stands first counts.

export type ErrorMeaning =
  /** Of the entry. The server is well. */
  | 'type'
  /** It may use no more memory. The server is well. */
  | 'limit'
  /** The server does not know the script any more: its text is sent. */
  | 'script'
  /** Not as it should be; the connection may stay. */
  | 'failed'
  /** This server cannot serve us at all: another connection may lead to another one, or find it changed. */
  | 'elsewhere';

/** Redis 6 puts what went wrong in a script behind where it was. */
const IN_SCRIPT = /^ERR Error running script \([^)]*\): @user_script: ?\d+: -?/;

const MEANINGS: ReadonlyMap<string, ErrorMeaning> = new Map([
  ['WRONGTYPE', 'type'],
  ['OOM', 'limit'],
  ['NOSCRIPT', 'script'],
  // A replica, one that still reads its file, one that has lost its own master or may not write.
  ['READONLY', 'elsewhere'],
  ['LOADING', 'elsewhere'],
  ['MASTERDOWN', 'elsewhere'],
  ['NOREPLICAS', 'elsewhere'],
  ['CLUSTERDOWN', 'elsewhere'],
  // A node of a cluster that does not have the key: several nodes are not what redis:// names.
  ['MOVED', 'elsewhere'],
  ['ASK', 'elsewhere'],
  ['NOAUTH', 'elsewhere'],
  ['WRONGPASS', 'elsewhere'],
  ['UNBLOCKED', 'elsewhere'],
]);

export function meaningOf(text: string): ErrorMeaning {
  const word = /^[A-Z]+/.exec(text.replace(IN_SCRIPT, ''))?.[0];
  return MEANINGS.get(word ?? '') ?? 'failed';
}

/** For the log: one line that is not too long. */
export function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
