// What an account does with its mail, and the words for it: what is stored, what lists say, what readers say, what is taken. Pure.

export const accountTypes = ['mbox', 'alias', 'mod', 'feed', 'relay'] as const;
export type AccountType = (typeof accountTypes)[number];

/** As a list has it. */
export const listedType: Readonly<Record<AccountType, string>> = {
  mbox: 'mailbox',
  alias: 'alias',
  mod: 'module',
  feed: 'feed',
  relay: 'relay',
};

/** As one account is read. */
export const readType: Readonly<Record<AccountType, string>> = { ...listedType, mbox: 'mbox' };

/** From any of these words; undefined: it is none. */
export function typeOf(word: string): AccountType | undefined {
  return accountTypes.find((type) => type === word || listedType[type] === word);
}
