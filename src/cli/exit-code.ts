// How smtpe ends, by sysexits(3) as the original did.
export const exitCode = {
  ok: 0,
  /** smtpe store: there is no such key; smtpe why: nothing was found; smtpe talk: Lua has failed. */
  missing: 1,
  /** Wrong options; also after +help, +info and +version. */
  usage: 64,
  /** The policy or the listening socket does not work; a bug. */
  software: 70,
  /** The system lacks something: log, spool directory. */
  system: 71,
  /** It has grown beyond worker-max-memory and is to be started again. */
  again: 75,
} as const;
